//! A small film of every kind that people have, each opened as a page opens it and played to its end, on the plan that
//! Chromium's capabilities give; and what cannot be played, which has to say why.
//!
//! `MATINEE_EVERY` may name those that are wanted, with commas between them.

mod check;
mod colours;
mod list;
mod play;

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use protocol::ErrorKind;

use self::{
    list::{Input, Refused},
    play::{House, Outcome},
};
use crate::support::films::folder;

/// Films at a time. Each is a short run of a tool and much waiting.
const AT_ONCE: usize = 4;

/// What cannot be played has said so by then.
const REFUSED_WITHIN: Duration = Duration::from_secs(25);

#[tokio::test]
async fn every_film_plays_to_its_end_or_says_why_not() {
    let inputs = list::inputs().await;
    assert!(!inputs.is_empty(), "no input has the name that MATINEE_EVERY tells");
    let house = House::open().await;
    let results: Vec<(&Input, Result<(), String>)> = stream::iter(&inputs)
        .map(|input| {
            let house = &house;
            async move { (input, examine(house, input).await) }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    house.close().await;
    let mut wrong = Vec::new();
    for (input, result) in results {
        match (result, &input.todo) {
            (Ok(()), None) => {}
            (Ok(()), Some(_)) => wrong.push(format!("{}: is as it should be now: take the mark off", input.name)),
            (Err(why), Some(todo)) => eprintln!("{} is known to be wrong ({todo}): {why}", input.name),
            (Err(why), None) => wrong.push(format!("{} ({}): {why}", input.name, input.what)),
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), inputs.len(), wrong.join("\n"));
}

async fn examine(house: &House, input: &Input) -> Result<(), String> {
    let begun = Instant::now();
    match (house.play(input).await, &input.plays, &input.refused) {
        (Outcome::Played(shown), Some(plays), None) => check::played(plays, &folder().join(&input.file), *shown).await,
        (Outcome::Refused(error), None, Some(Refused { kind, words })) => {
            let took = begun.elapsed();
            if name(error.kind) != *kind || !error.message.contains(words.as_str()) {
                return Err(format!("refused as {error}, not as {kind} with {words:?}"));
            }
            if took > REFUSED_WITHIN { Err(format!("it took {took:?} to say so")) } else { Ok(()) }
        }
        (Outcome::Played(_), ..) => Err("it plays".into()),
        (Outcome::Refused(error), ..) => Err(format!("refused: {error}")),
        (Outcome::Broken(why), ..) => Err(why),
    }
}

/// As it stands in the API: `not_a_video`.
fn name(kind: ErrorKind) -> String {
    serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned()
}
