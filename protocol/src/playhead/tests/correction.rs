use proptest::prelude::*;

use super::super::*;

const LOOK_MS: f64 = 250.0;

/// A player that does what it is told, looked at each `look_ms`: its errors, the rates and how often they changed.
fn converge(error_ms: f64, look_ms: f64, looks: usize) -> (Vec<f64>, Vec<f64>) {
    let mut corrector = Corrector::default();
    let (mut now_ms, mut error_ms) = (1_000.0, error_ms);
    let (mut errors, mut rates) = (vec![error_ms], vec![1.0]);
    for _ in 0..looks {
        match corrector.decide(now_ms, error_ms) {
            Verdict::Rate(rate) => rates.push(rate),
            Verdict::Seek => panic!("a seek for {error_ms} ms"),
        }
        now_ms += look_ms;
        error_ms += (rates.last().unwrap() - 1.0) * look_ms;
        errors.push(error_ms);
    }
    (errors, rates)
}

fn changes(rates: &[f64]) -> usize {
    rates.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

#[test]
fn a_small_error_is_left_alone() {
    for error_ms in [-17.0, 0.0, 17.0] {
        assert_eq!(changes(&converge(error_ms, LOOK_MS, 100).1), 0, "{error_ms}");
    }
}

#[test]
fn one_stale_reading_moves_nothing() {
    let mut corrector = Corrector::default();
    for (now_ms, error_ms) in [(0.0, 3.0), (250.0, 2_500.0), (500.0, 3.0), (750.0, -400.0), (1_000.0, 3.0)] {
        assert_eq!(corrector.decide(now_ms, error_ms), Verdict::Rate(1.0));
    }
}

#[test]
fn a_correction_takes_four_seconds_where_five_per_cent_are_enough() {
    let (errors, rates) = converge(-160.0, LOOK_MS, 60);
    assert_eq!(changes(&rates), 2);
    assert!(rates.iter().all(|rate| (1.0..=1.04 + 1e-9).contains(rate)), "{rates:?}");
    let done = errors.iter().position(|error_ms| error_ms.abs() <= 7.0).unwrap();
    assert!(done <= 18, "{done} looks");
}

#[test]
fn a_second_seek_waits_and_the_third_waits_longer() {
    let mut corrector = Corrector::default();
    let mut sought_ms = Vec::new();
    let mut now_ms = 0.0;
    while now_ms < 120_000.0 {
        if corrector.decide(now_ms, -5_000.0) == Verdict::Seek {
            corrector.sought(now_ms, 500.0);
            sought_ms.push(now_ms);
        }
        now_ms += LOOK_MS;
    }
    let pauses: Vec<f64> = sought_ms.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses, [3_500.0, 6_500.0, 12_500.0, 24_500.0, 30_500.0, 30_500.0]);
    assert_eq!(corrector.decide(now_ms, 5.0), Verdict::Rate(1.0));
    corrector.sought(now_ms, 500.0);
    assert!(corrector.may_seek(now_ms + 3_500.0), "it has been where it should: all is forgotten");
}

#[test]
fn after_an_interruption_a_seek_is_made_sooner() {
    let mut corrector = Corrector::default();
    corrector.interrupted(0.0);
    assert!(matches!(corrector.decide(250.0, -500.0), Verdict::Rate(_)));
    assert_eq!(corrector.decide(500.0, -500.0), Verdict::Seek);
    assert!(matches!(corrector.decide(6_000.0, -500.0), Verdict::Rate(_)));
    assert!(matches!(corrector.decide(6_250.0, -500.0), Verdict::Rate(_)));
}

#[test]
fn what_others_change_by_a_third_is_not_heard_here() {
    // Jellyfin plays at 1.35 for 350 ms; Syncplay leaves all of these alone.
    for error_ms in [50.0, 100.0, 200.0, 350.0] {
        let (errors, rates) = converge(error_ms, LOOK_MS, 80);
        assert!(errors.last().unwrap().abs() <= 7.0, "{error_ms}: {errors:?}");
        assert!(rates.iter().all(|rate| (rate - 1.0).abs() <= MOST_RATE_SHARE + 1e-12), "{error_ms}: {rates:?}");
        assert_eq!(changes(&rates), 2);
    }
}

proptest! {
    #[test]
    fn without_noise_it_converges_steadily(
        error_ms in prop_oneof![-999.0..-19.0_f64, 19.0..999.0_f64],
        // Up to as long as 5 % take from one side of the dead band to the other; the follower looks more often.
        look_ms in prop_oneof![50.0..700.0_f64, Just(60_000.0)],
    ) {
        let looks = (90_000.0 / look_ms) as usize + 20;
        let (errors, rates) = converge(error_ms, look_ms, looks);
        for pair in errors.windows(2) {
            prop_assert!(pair[1].abs() <= pair[0].abs() + 1e-6, "further off: {:?}", pair);
        }
        prop_assert!(errors.last().unwrap().abs() <= 18.0, "{:?}", errors.last());
        for rate in &rates {
            prop_assert!((rate - 1.0).abs() <= MOST_RATE_SHARE + 1e-12);
        }
        // A look a minute cannot hit the end of a correction in one; nobody hears the steps, and they get smaller.
        prop_assert!(changes(&rates) <= if look_ms > 1_000.0 { 12 } else { 2 }, "{:?}", rates);
    }

    #[test]
    fn whatever_it_reads_rates_stay_small_and_seeks_apart(
        readings in prop::collection::vec((20.0..2_000.0_f64, -5_000.0..5_000.0_f64, 0.0..4_000.0_f64, 0..10_u8), 1..200),
    ) {
        let mut corrector = Corrector::default();
        let (mut now_ms, mut free_ms) = (-1e7, f64::NEG_INFINITY);
        for (passes_ms, error_ms, takes_ms, also) in readings {
            now_ms += passes_ms;
            match corrector.decide(now_ms, error_ms) {
                Verdict::Seek => {
                    prop_assert!(now_ms >= free_ms, "a seek within the cool-down");
                    prop_assert!(error_ms.abs() > 350.0);
                    corrector.sought(now_ms, takes_ms);
                    free_ms = now_ms + takes_ms + 3_000.0;
                }
                Verdict::Rate(rate) => prop_assert!((rate - 1.0).abs() <= MOST_RATE_SHARE + 1e-12),
            }
            match also {
                0 => corrector.interrupted(now_ms),
                1 => {
                    corrector.steered();
                    free_ms = f64::NEG_INFINITY;
                }
                _ => {}
            }
        }
    }
}
