//! Which parts of the film are there, as a drawing.

/// The drawing is so many units wide, and [`HEIGHT`] high.
pub(crate) const WIDTH: f64 = 1000.0;
pub(crate) const HEIGHT: u32 = 4;
/// Runs that are closer are drawn as one, which also bounds their number.
const GAP: f64 = 2.5;
/// A run is at least so wide, since a narrower one could not be seen.
const NARROWEST: f64 = 1.5;

/// Parts of a film of `duration_s` seconds as the outline of an SVG: one rectangle a run. `parts_s` are starts and ends in
/// seconds, in order.
pub(crate) fn parts_path(parts_s: &[(f64, f64)], duration_s: f64) -> String {
    runs(parts_s, duration_s)
        .into_iter()
        .map(|(start, end)| format!("M{start:.1} 0H{end:.1}V{HEIGHT}H{start:.1}Z"))
        .collect()
}

/// A moment's place in parts of a hundred of the film.
pub(crate) fn place_percent(at_s: f64, duration_s: f64) -> f64 {
    if duration_s > 0.0 && at_s.is_finite() { (at_s / duration_s * 100.0).clamp(0.0, 100.0) } else { 0.0 }
}

fn runs(parts_s: &[(f64, f64)], duration_s: f64) -> Vec<(f64, f64)> {
    let mut runs: Vec<(f64, f64)> = Vec::new();
    if !duration_s.is_finite() || duration_s <= 0.0 {
        return runs;
    }
    for &(start_s, end_s) in parts_s {
        // Not a number is not before anything either.
        if !(start_s < end_s && end_s > 0.0 && start_s < duration_s) {
            continue;
        }
        let start = (start_s / duration_s * WIDTH).clamp(0.0, WIDTH - NARROWEST);
        let end = (end_s / duration_s * WIDTH).clamp(start + NARROWEST, WIDTH);
        match runs.last_mut() {
            Some(last) if start - last.1 < GAP => last.1 = last.1.max(end),
            _ => runs.push((start, end)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_is_a_rectangle() {
        assert_eq!(parts_path(&[(0.0, 50.0), (75.0, 100.0)], 100.0), "M0.0 0H500.0V4H0.0ZM750.0 0H1000.0V4H750.0Z");
        assert_eq!(parts_path(&[], 100.0), "");
    }

    #[test]
    fn runs_stay_inside_and_can_be_seen() {
        assert_eq!(runs(&[(-5.0, 500.0)], 100.0), [(0.0, WIDTH)]);
        assert_eq!(runs(&[(10.0, 10.001)], 100.0), [(100.0, 101.5)]);
        assert_eq!(runs(&[(99.99, 100.0)], 100.0), [(998.5, WIDTH)]);
    }

    #[test]
    fn nonsense_is_not_drawn() {
        assert!(runs(&[(5.0, 5.0), (7.0, 6.0), (f64::NAN, 9.0), (1.0, f64::NAN), (120.0, 130.0)], 100.0).is_empty());
        assert!(runs(&[(0.0, 5.0)], 0.0).is_empty());
        assert!(runs(&[(0.0, 5.0)], f64::NAN).is_empty());
        assert!(runs(&[(0.0, 5.0)], f64::INFINITY).is_empty());
    }

    #[test]
    fn many_small_runs_become_few() {
        let parts: Vec<_> = (0..20_000).map(|n| (f64::from(n), f64::from(n) + 0.5)).collect();
        assert_eq!(runs(&parts, 20_000.0), [(0.0, WIDTH)]);
        // Every other one of 4000: as near to each other as may still be told apart.
        let parts: Vec<_> = (0..1_000).map(|n| (f64::from(n) * 4.0, f64::from(n) * 4.0 + 0.1)).collect();
        let drawn = runs(&parts, 4_000.0);
        assert!(drawn.len() <= 250, "{}", drawn.len());
        assert!(drawn.windows(2).all(|pair| pair[1].0 - pair[0].1 >= GAP));
    }

    #[test]
    fn places_are_parts_of_the_film() {
        assert_eq!(place_percent(30.0, 120.0), 25.0);
        assert_eq!(place_percent(130.0, 120.0), 100.0);
        assert_eq!(place_percent(30.0, 0.0), 0.0);
        assert_eq!(place_percent(f64::NAN, 120.0), 0.0);
    }
}
