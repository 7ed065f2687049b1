//! How many wrong passwords an address may try. A pure state machine; the time is an argument.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::{Duration, Instant},
};

/// So many wrong passwords in [`WINDOW`]; then the oldest must have passed out of it before another is looked at.
const MOST: usize = 5;
const WINDOW: Duration = Duration::from_secs(60);

/// Addresses that are remembered at the same time.
const TABLE: usize = 4096;

/// Wrong passwords of the last minute by address.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// The last wrong ones of each, oldest first, at most [`MOST`].
    wrong: HashMap<IpAddr, Vec<Instant>>,
}

impl Attempts {
    /// How long this address has to wait until it may try again; none: it may try now.
    pub(super) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let wrong = self.wrong.get(&network(address))?;
        let oldest = wrong.first().filter(|_| wrong.len() >= MOST)?;
        WINDOW.checked_sub(now.saturating_duration_since(*oldest)).filter(|wait| !wait.is_zero())
    }

    /// It tried a wrong one.
    pub(super) fn failed(&mut self, address: IpAddr, now: Instant) {
        let address = network(address);
        if self.wrong.len() >= TABLE && !self.wrong.contains_key(&address) {
            self.make_room(now);
        }
        let wrong = self.wrong.entry(address).or_default();
        if wrong.len() >= MOST {
            wrong.remove(0);
        }
        wrong.push(now);
    }

    /// Forgets those whose minute is over, or else who was silent for the longest time.
    fn make_room(&mut self, now: Instant) {
        self.wrong.retain(|_, wrong| wrong.last().is_some_and(|last| now.saturating_duration_since(*last) < WINDOW));
        if self.wrong.len() >= TABLE {
            let silent = self.wrong.iter().min_by_key(|(_, wrong)| wrong.last().copied()).map(|(address, _)| *address);
            silent.and_then(|address| self.wrong.remove(&address));
        }
    }
}

/// Who has one IPv6 address has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

/// For a request of which it is not known whom it comes from.
pub(super) const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn five_wrong_ones_in_a_minute_are_enough() {
        let (mut attempts, start) = (Attempts::default(), Instant::now());
        let ada = ip("192.0.2.1");
        for n in 0..5 {
            assert_eq!(attempts.wait(ada, start + s(n)), None, "{n}");
            attempts.failed(ada, start + s(n));
        }
        assert_eq!(attempts.wait(ada, start + s(10)), Some(s(50)));
        assert_eq!(attempts.wait(ip("192.0.2.2"), start + s(10)), None, "another address");
        assert_eq!(attempts.wait(ada, start + s(60)), None, "the first is a minute ago");
        attempts.failed(ada, start + s(60));
        assert_eq!(attempts.wait(ada, start + s(60)), Some(s(1)), "the second is not");
    }

    #[test]
    fn slow_tries_are_not_held_up() {
        let (mut attempts, start) = (Attempts::default(), Instant::now());
        for n in 0..100 {
            let now = start + s(15 * n);
            assert_eq!(attempts.wait(ip("::1"), now), None, "{n}");
            attempts.failed(ip("::1"), now);
        }
    }

    #[test]
    fn a_whole_network_of_ipv6_counts_as_one() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for n in 0..5 {
            attempts.failed(ip(&format!("2001:db8:0:1::{n}")), now);
            attempts.failed(ip("::ffff:192.0.2.1"), now);
        }
        assert!(attempts.wait(ip("2001:db8:0:1:ffff::"), now).is_some());
        assert_eq!(attempts.wait(ip("2001:db8:0:2::"), now), None);
        assert!(attempts.wait(ip("192.0.2.1"), now).is_some());
    }

    #[test]
    fn the_table_is_bounded_and_forgets_who_was_silent_longest() {
        let (mut attempts, start) = (Attempts::default(), Instant::now());
        let address = |n: u32| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + n));
        for _ in 0..5 {
            attempts.failed(address(0), start);
        }
        for n in 1..u32::try_from(TABLE).unwrap() {
            attempts.failed(address(n), start + Duration::from_millis(n.into()));
        }
        let later = start + s(10);
        assert!(attempts.wait(address(0), later).is_some());
        attempts.failed(address(1_000_000), later);
        assert_eq!(attempts.wrong.len(), TABLE);
        assert_eq!(attempts.wait(address(0), later), None, "the longest silent one made room");
        attempts.failed(address(1_000_001), start + s(600));
        assert_eq!(attempts.wrong.len(), 1, "all others are out of date");
    }
}
