//! What viewers say reaches the others, in bounds.

use protocol::{MESSAGES_KEPT, Message, Reaction, Said, Say};

use super::*;

fn text(n: u128, name: &str, text: &str) -> Say {
    Say { session: id(n), viewer: token(name), text: Some(text.into()), reaction: None }
}

fn reaction(n: u128, name: &str) -> Say {
    Say { text: None, reaction: Some(Reaction::Fire), ..text(n, name, "") }
}

impl World {
    fn say(&mut self, say: &Say) -> Result<(), Error> {
        self.registry.say(self.now, say)
    }

    /// The messages after a number, as a heartbeat is told them.
    fn heard(&mut self, n: u128, name: &str, heard: u64) -> Vec<Message> {
        let beat = Heartbeat { heard: Some(heard), ..heartbeat(n, name, 0.0) };
        self.registry.beat(self.now, &beat).unwrap().reply.messages
    }
}

#[test]
fn a_message_says_who_when_and_where() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let ada = world.beat(1, "ada", 83.5).unwrap().reply.you;
    world.beat(1, "bob", 0.0).unwrap();
    let before = world.registry.marks(id(1));
    world.say(&text(1, "ada", " Look!\n ")).unwrap();
    assert_ne!(world.registry.marks(id(1)), before, "who listens is rung for");
    world.say(&reaction(1, "bob")).unwrap();
    let heard = world.heard(1, "bob", 0);
    assert_eq!(heard.len(), 2);
    let number = heard[0].number;
    let expected = Message {
        number,
        from: ada,
        name: Some("ada".into()),
        colour: 0,
        sent_ms: 1_700_000_000_000.0,
        position_s: 83.5,
        said: Said::Text("Look!".into()),
    };
    assert_eq!(heard[0], expected);
    assert_eq!((&heard[1].said, heard[1].colour), (&Said::Reaction(Reaction::Fire), 1));
    assert!(heard[1].number > number && number >= 1_700_000_000_000, "numbers go on after a restart");
    assert_eq!(world.heard(1, "ada", number), heard[1..]);
    assert_eq!(world.beat(1, "ada", 0.0).unwrap().reply.messages, [], "who does not ask is not told");
}

#[test]
fn what_is_no_message_is_refused() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    world.player(1, "vlc").unwrap();
    assert_eq!(world.say(&text(1, "ada", "Hi")).unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(world.say(&text(9, "ada", "Hi")).unwrap_err().kind, ErrorKind::UnknownSession);
    world.beat(1, "ada", 0.0).unwrap();
    let good = text(1, "ada", "Hi");
    for bad in [
        text(1, "ada", " "),
        text(1, "ada", &"x".repeat(301)),
        Say { reaction: Some(Reaction::Heart), ..good.clone() },
        Say { text: None, ..good.clone() },
    ] {
        assert_eq!(world.say(&bad).unwrap_err().kind, ErrorKind::InvalidRequest, "{bad:?}");
    }
    let ada = world.beat(1, "ada", 0.0).unwrap().reply.you;
    world.registry.remove(world.now, id(1), &key(1), &ada).unwrap();
    assert!(world.say(&good).unwrap_err().message.contains("removed"));
}

#[test]
fn five_at_once_and_then_one_every_two_seconds() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    world.beat(1, "ada", 0.0).unwrap();
    world.beat(1, "bob", 0.0).unwrap();
    let said = |world: &mut World| (0..20).take_while(|_| world.say(&reaction(1, "ada")).is_ok()).count();
    assert_eq!(said(&mut world), 5);
    let error = world.say(&text(1, "ada", "Hi")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert!(error.message.contains("two seconds"));
    world.say(&text(1, "bob", "Hi")).unwrap();
    world.now += Duration::from_secs(2);
    assert_eq!(said(&mut world), 1);
    world.now += Duration::from_secs(5);
    assert_eq!(said(&mut world), 2);
    // To leave and come back gains nothing.
    world.registry.leave(world.now, id(1), &token("ada")).unwrap();
    world.beat(1, "ada", 0.0).unwrap();
    assert_eq!(said(&mut world), 0);
    world.now += Duration::from_secs(40);
    world.beat(1, "ada", 0.0).unwrap();
    assert_eq!(said(&mut world), 5);
}

#[test]
fn the_last_fifty_are_kept_whatever_the_reactions() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    let say = |world: &mut World, say: fn(usize) -> Say| {
        for n in 0..60 {
            world.now += Duration::from_secs(2);
            world.beat(1, "ada", 0.0).unwrap();
            world.say(&say(n)).unwrap();
        }
    };
    say(&mut world, |n| text(1, "ada", &n.to_string()));
    say(&mut world, |_| reaction(1, "ada"));
    let newest = world.heard(1, "ada", 0);
    assert_eq!(newest.len(), MESSAGES_KEPT);
    assert!(newest.is_sorted_by(|a, b| a.number < b.number));
    // A channel that is opened now begins with the texts.
    let began = world.registry.last_message(id(1));
    let mut told = 0;
    let mut texts = Vec::new();
    while let Some(message) = world.registry.next_message(id(1), told, began) {
        told = message.number;
        let Said::Text(text) = message.said else { panic!("a reaction of before") };
        texts.push(text);
    }
    assert_eq!(texts, (10..60).map(|n| n.to_string()).collect::<Vec<_>>());
    world.now += Duration::from_secs(2);
    world.say(&reaction(1, "ada")).unwrap();
    let next = world.registry.next_message(id(1), told, began).unwrap();
    assert_eq!(next.said, Said::Reaction(Reaction::Fire));
    assert_eq!(world.registry.next_message(id(1), next.number, began), None);
}

#[test]
fn a_sleep_ends_the_conversation_but_not_the_numbers() {
    let mut world = world(Limits::default());
    world.open(1).unwrap();
    world.beat(1, "ada", 0.0).unwrap();
    world.say(&text(1, "ada", "Hi")).unwrap();
    let last = world.registry.last_message(id(1));
    world.registry.leave(world.now, id(1), &token("ada")).unwrap();
    assert_eq!(ends(&world.pass(45)), [End::FellAsleep]);
    assert_eq!(world.heard(1, "ada", 0), []);
    world.say(&text(1, "ada", "Again")).unwrap();
    assert_eq!(world.heard(1, "ada", last).len(), 1);
}
