use rustix::process::Signal;
use serde_json::json;

use crate::program::{Place, Program};

#[tokio::test]
async fn term_and_int_end_it_in_order_and_leave_no_file() {
    for signal in [Signal::TERM, Signal::INT] {
        let place = Place::new();
        let mut program = Program::start(&place, &[], None).await;
        assert!(!place.stored().is_empty(), "a store is there while it runs");
        assert!(program.signal(signal).success(), "{}", program.log());
        assert!(place.stored().is_empty(), "{:?}", place.stored());
    }
}

#[tokio::test]
async fn after_a_kill_the_next_start_sweeps_up() {
    let place = Place::new();
    let mut killed = Program::start(&place, &[], None).await;
    killed.signal(Signal::KILL);
    let left = place.stored();
    assert!(!left.is_empty(), "a killed program cannot clean up");
    let _next = Program::start(&place, &[], None).await;
    assert!(left.iter().all(|path| !path.exists()), "{left:?}");
}

#[tokio::test]
async fn a_second_server_leaves_the_first_one_s_store_alone() {
    let place = Place::new();
    let first = Program::start(&place, &[], None).await;
    let stored = place.stored();
    let _second = Program::start(&place, &[], None).await;
    assert!(stored.iter().all(|path| path.exists()));
    assert_eq!(first.call("sessions", &json!({})).await.0, 200);
}
