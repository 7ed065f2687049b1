use proptest::prelude::*;

use super::super::*;

/// Sent at a local time, so long on its way each direction, with the server's clock ahead by `offset_ms`.
fn exchange(sent_ms: f64, up_ms: f64, down_ms: f64, offset_ms: f64) -> Exchange {
    let received_ms = sent_ms + up_ms + offset_ms;
    let server = ServerTimes { received_ms, answered_ms: received_ms + 2.0 };
    Exchange { sent_ms, server, arrived_ms: sent_ms + up_ms + 2.0 + down_ms }
}

#[test]
fn a_quick_way_there_and_a_quick_way_back_make_one_good_exchange() {
    let mut clock = Clock::default();
    clock.exchange(&exchange(0.0, 20.0, 300.0, 5_000.0));
    assert!(
        (clock.estimate(400.0).unwrap().offset_ms - 5_000.0).abs() > 130.0,
        "half of what the way back took longer"
    );
    clock.exchange(&exchange(1_000.0, 300.0, 20.0, 5_000.0));
    let estimate = clock.estimate(1_400.0).unwrap();
    assert!((estimate.offset_ms - 5_000.0).abs() < 1.0, "{estimate:?}");
    assert!(estimate.uncertainty_ms < 22.0, "{estimate:?}");
    assert!((estimate.round_trip_ms - 320.0).abs() < 1e-6, "{estimate:?}");
}

#[test]
fn a_laptop_that_slept_begins_anew() {
    for slept_ms in [60_000.0, -60_000.0] {
        let mut clock = Clock::default();
        for beat in 0..8 {
            clock.exchange(&exchange(f64::from(beat) * 5_000.0, 30.0, 30.0, 1e12));
        }
        clock.exchange(&exchange(45_000.0, 80.0, 80.0, 1e12 + slept_ms));
        let estimate = clock.estimate(46_000.0).unwrap();
        assert_eq!(estimate.exchanges, 1);
        assert!((estimate.offset_ms - 1e12 - slept_ms).abs() <= estimate.uncertainty_ms);
    }
}

#[test]
fn a_message_tells_that_the_local_clock_stood() {
    let mut clock = Clock::default();
    clock.exchange(&exchange(0.0, 30.0, 30.0, 1e12));
    clock.heard(1e12 + 1_000.0, 1_700.0);
    assert!(clock.estimate(1_700.0).is_some(), "it was late");
    clock.heard(1e12 + 61_000.0, 2_000.0);
    assert_eq!(clock.estimate(2_000.0), None, "nothing comes from the future");
}

#[test]
fn an_exchange_with_a_jump_in_its_midst_tells_nothing() {
    let mut clock = Clock::default();
    clock.exchange(&exchange(0.0, 30.0, 30.0, 1e12));
    let mut slept = exchange(5_000.0, 30.0, 30.0, 1e12);
    slept.arrived_ms -= 60_000.0;
    clock.exchange(&slept);
    assert_eq!(clock.estimate(5_100.0), None);
}

proptest! {
    /// Whatever the delays, the truth is within what the clock says of itself, and it is never less sure than the
    /// exchange with the least round trip alone.
    #[test]
    fn the_truth_is_within_the_bounds(
        offset_ms in -1e8..1e8_f64,
        skew in -200e-6..200e-6_f64,
        delays in prop::collection::vec((0.0..800.0_f64, 0.0..800.0_f64, 100.0..10_000.0_f64), 1..60),
    ) {
        let mut clock = Clock::default();
        let mut now_ms = 0.0;
        for (count, (up_ms, down_ms, pause_ms)) in (1..).zip(delays) {
            now_ms += pause_ms;
            let sent = exchange(now_ms, up_ms, down_ms, offset_ms + now_ms * skew);
            clock.exchange(&sent);
            now_ms = sent.arrived_ms;
            let estimate = clock.estimate(now_ms).unwrap();
            let truth_ms = offset_ms + now_ms * skew;
            prop_assert_eq!(estimate.exchanges, count, "a clock that drifts is not one that jumped");
            prop_assert!((estimate.offset_ms - truth_ms).abs() <= estimate.uncertainty_ms + 1e-3);
            prop_assert!(estimate.uncertainty_ms <= f64::midpoint(up_ms, down_ms) + 1.0 + 1e-6);
        }
    }
}
