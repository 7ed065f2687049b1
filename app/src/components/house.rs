//! The state of the server: its tools, its store, how full it is.

use leptos::prelude::*;
use protocol::{Capacity, EncoderReport, SystemReport, ToolReport};

use crate::text::{bytes, encoder_words};

#[component]
pub(crate) fn House(#[prop(into)] report: Signal<Option<SystemReport>>) -> impl IntoView {
    view! {
        <section class="house" aria-labelledby="house-heading">
            <h2 id="house-heading">"The house"</h2>
            {move || match report.get() {
                None => view! { <p class="quiet">"Asking the server how it is…"</p> }.into_any(),
                Some(report) => details(report).into_any(),
            }}
        </section>
    }
}

fn details(report: SystemReport) -> impl IntoView {
    let SystemReport { version, tools, store, sessions, encodes, encoder, torrents } = report;
    let full = (sessions.used >= sessions.allowed)
        .then_some("Every place is taken. One becomes free about a minute after somebody stops watching.");
    view! {
        <dl class="figures">
            {figure("Films running", sessions, |n| n.to_string())}
            {figure("Encoders at work", encodes, |n| n.to_string())}
            {figure("Segment memory", store.bytes, bytes)}
            {torrents.map(|torrents| figure("Torrent data", torrents.bytes, bytes))}
        </dl>
        {full.map(|text| view! { <p class="advice">{text}</p> })}
        {if store.on_tmpfs {
            view! { <p class="quiet">"Segments are kept in memory (tmpfs)."</p> }.into_any()
        } else {
            let advice = store.advice.unwrap_or_else(|| "Segments are kept on a disk, which wears it and is slower.".into());
            view! { <p class="advice">{advice}</p> }.into_any()
        }}
        {encoders(encoder)}
        {torrents.is_none().then(|| view! { <p class="quiet">"Torrents are switched off on this server."</p> })}
        <ul class="tools">{tools.into_iter().map(tool).collect_view()}</ul>
        <p class="quiet">"Matinee " {version}</p>
    }
}

fn encoders(report: EncoderReport) -> impl IntoView {
    let words = encoder_words(&report);
    let failed: Vec<_> =
        report.trials.into_iter().filter_map(|trial| Some((trial.encoder.name(), trial.problem?))).collect();
    let why = (!failed.is_empty()).then(|| {
        let lines = failed.into_iter().map(|(name, problem)| view! { <li><code>{name}</code> ": " {problem}</li> });
        view! {
            <details class="quiet encoders">
                <summary>"Encoders that were tried and are not used"</summary>
                <ul>{lines.collect_view()}</ul>
            </details>
        }
    });
    view! {
        <p class="quiet encoder">{words}</p>
        {why}
    }
}

fn figure(name: &'static str, capacity: Capacity, written: fn(u64) -> String) -> impl IntoView {
    let Capacity { used, allowed } = capacity;
    let share = if allowed == 0 { 0.0 } else { (used as f64 / allowed as f64 * 100.0).min(100.0) };
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{written(used)} " of " {written(allowed)}</dd>
            <div class="gauge" aria-hidden="true" class:full={used >= allowed}>
                <span style=format!("inline-size: {share:.0}%")></span>
            </div>
        </div>
    }
}

fn tool(tool: ToolReport) -> impl IntoView {
    let ToolReport { name, version, problem } = tool;
    let state = match (&version, &problem) {
        (Some(version), _) => version.clone(),
        (None, _) => "missing".to_owned(),
    };
    let bad = version.is_none() || problem.is_some();
    view! {
        <li class:bad=bad>
            <span class="tool-name">{name}</span>
            <span class="tool-state">{state}</span>
            {problem.map(|problem| view! { <span class="tool-problem">{problem}</span> })}
        </li>
    }
}
