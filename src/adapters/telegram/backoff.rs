//! Growing pauses with jitter.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Pauses that double up to a limit, each shortened at random by up to a half, so that many bots don't come at once.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(30);

    pub(super) fn new() -> Self {
        Self { next: Self::FIRST }
    }

    /// The pause after one more failure.
    pub(super) fn pause(&mut self) -> Duration {
        let full = self.next;
        self.next = (full * 2).min(Self::LONGEST);
        full - full.mul_f64(random() / 2.0)
    }

    /// Starts anew after a success.
    pub(super) fn reset(&mut self) {
        self.next = Self::FIRST;
    }
}

/// A number in 0.0..1.0 from the keys that the standard library draws for each hasher.
fn random() -> f64 {
    f64::from(u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_limit_and_start_anew() {
        let mut backoff = Backoff::new();
        let mut full = Backoff::FIRST;
        for _ in 0..12 {
            let pause = backoff.pause();
            assert!(pause <= full && pause >= full / 2, "{pause:?} of {full:?}");
            full = (full * 2).min(Backoff::LONGEST);
        }
        backoff.reset();
        assert!(backoff.pause() <= Backoff::FIRST);
    }
}
