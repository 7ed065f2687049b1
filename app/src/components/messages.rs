//! What the viewers say to each other.

use leptos::{ev::SubmitEvent, html, prelude::*, task::spawn_local};
use protocol::{LONGEST_TEXT, Message, Reaction, Said};

use crate::{
    api::ApiError,
    text::{clock, reaction_name, sender},
    watch::{self, Watching},
};

/// How near its end the list is scrolled along, in pixels: who reads further up is left there.
const AT_END: i32 = 60;

#[component]
pub(crate) fn Messages(watching: Watching) -> impl IntoView {
    let company = watching.company;
    let list = NodeRef::<html::Div>::new();
    let field = NodeRef::<html::Input>::new();
    let problem = RwSignal::new(None::<String>);
    let at_end = StoredValue::new(true);
    let sending = StoredValue::new(false);
    Effect::new(move |_| {
        company.messages.track();
        let Some(list) = list.get() else { return };
        // After the new line has its place.
        request_animation_frame(move || {
            if at_end.try_get_value() == Some(true) {
                list.set_scroll_top(list.scroll_height());
            }
        });
    });
    let scrolled = move |_| {
        if let Some(list) = list.get_untracked() {
            at_end.set_value(list.scroll_height() - list.scroll_top() - list.client_height() <= AT_END);
        }
    };
    // How many were sent, and the last of them that was refused: one that was sent before takes its words away no more.
    let (sent, refused) = (StoredValue::new(0_u64), StoredValue::new(0_u64));
    let next = move || sent.try_update_value(|sent| std::mem::replace(sent, *sent + 1)).unwrap_or_default();
    let answered = move |number: u64, answer: Result<(), ApiError>| {
        if problem.is_disposed() {
            return;
        }
        match answer {
            Ok(()) if number < refused.get_value() => {}
            Ok(()) => problem.set(None),
            Err(error) => {
                refused.update_value(|last| *last = number.max(*last));
                problem.set(Some(error.0.message));
            }
        }
    };
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(field) = field.get_untracked() else { return };
        let text = field.value().trim().to_owned();
        // A second press before the answer would say it twice.
        if text.is_empty() || sending.get_value() {
            return;
        }
        sending.set_value(true);
        at_end.set_value(true);
        let number = next();
        spawn_local(async move {
            let answer = watch::say(watching, text.clone()).await;
            if sending.try_set_value(false).is_some() {
                return;
            }
            // What was refused can be sent again; what was typed meanwhile stays.
            if answer.is_ok() && field.value().trim() == text {
                field.set_value("");
            }
            answered(number, answer);
        });
    };
    let react = move |reaction: Reaction| {
        let number = next();
        spawn_local(async move { answered(number, watch::react(watching, reaction).await) });
    };
    view! {
        <section class="card messages" aria-labelledby="messages-heading">
            <h2 id="messages-heading">"Messages"</h2>
            <div
                class="log"
                role="log"
                aria-label="What was said"
                tabindex="0"
                class:some=move || !company.messages.with(Vec::is_empty)
                node_ref=list
                on:scroll=scrolled
            >
                <ul>
                    <For
                        each=move || company.messages.get()
                        key=|message| message.number
                        children=|message| line(&message)
                    />
                </ul>
            </div>
            <div class="reactions" role="group" aria-label="Reactions">
                {Reaction::ALL
                    .into_iter()
                    .map(|reaction| {
                        let name = reaction_name(reaction);
                        view! {
                            <button type="button" aria-label=name title=name on:click=move |_| react(reaction)>
                                {reaction.as_str()}
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
            <form on:submit=send>
                <label class="visually-hidden" for="message">"Message to all who watch"</label>
                <div class="share-row">
                    <input
                        id="message"
                        type="text"
                        maxlength=LONGEST_TEXT.to_string()
                        autocomplete="off"
                        enterkeyhint="send"
                        placeholder="Say something"
                        node_ref=field
                        on:input=move |_| problem.set(None)
                    />
                    <button type="submit">"Send"</button>
                </div>
            </form>
            <p class="detail" role="alert">{move || problem.get()}</p>
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || company.shows_over.get()
                    on:change=move |event| watch::show_messages_over(watching, event_target_checked(&event))
                />
                "Show over the picture"
            </label>
        </section>
    }
}

fn line(message: &Message) -> impl IntoView + use<> {
    let what = match &message.said {
        Said::Text(text) => view! { <span dir="auto">{text.clone()}</span> }.into_any(),
        Said::Reaction(reaction) => {
            view! { <span role="img" aria-label=reaction_name(*reaction)>{reaction.as_str()}</span> }.into_any()
        }
    };
    view! {
        <li data-colour=message.colour.to_string()>
            <bdi class="from">{sender(message)}</bdi>
            " "
            {what}
            " "
            <span class="quiet">{clock(message.position_s)}</span>
        </li>
    }
}
