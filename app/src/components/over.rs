//! What is said, over the picture for a moment. It is read out in the list of messages and not here.

use leptos::prelude::*;
use protocol::{Message, Said};

use crate::{
    text::{lane, sender},
    watch::Watching,
};

#[component]
pub(crate) fn MessagesOver(watching: Watching) -> impl IntoView {
    let over = watching.company.over;
    let texts = move || over.with(|over| over.iter().filter_map(text).collect::<Vec<_>>());
    let reactions = move || over.with(|over| over.iter().filter_map(reaction).collect::<Vec<_>>());
    view! {
        <div class="said" aria-hidden="true">
            <ul class="said-texts">
                <For
                    each=texts
                    key=|(number, ..)| *number
                    children=|(_, colour, from, text)| {
                        view! {
                            <li data-colour=colour>
                                <bdi class="from">{from}</bdi>
                                " "
                                <span dir="auto">{text}</span>
                            </li>
                        }
                    }
                />
            </ul>
            <ul class="said-reactions">
                <For
                    each=reactions
                    key=|(number, ..)| *number
                    children=|(number, colour, from, emoji)| {
                        view! {
                            <li data-colour=colour data-lane=lane(number).to_string()>
                                <span class="emoji">{emoji}</span>
                                <bdi class="from">{from}</bdi>
                            </li>
                        }
                    }
                />
            </ul>
        </div>
    }
}

fn text(message: &Message) -> Option<(u64, String, String, String)> {
    let Said::Text(text) = &message.said else { return None };
    Some((message.number, message.colour.to_string(), sender(message), text.clone()))
}

fn reaction(message: &Message) -> Option<(u64, String, String, &'static str)> {
    let Said::Reaction(reaction) = message.said else { return None };
    Some((message.number, message.colour.to_string(), sender(message), reaction.as_str()))
}
