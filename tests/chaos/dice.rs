//! Random numbers that a seed repeats.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    /// The seed is `TIPHYS_CHAOS_SEED`, or a new one; it is printed, and shown when the test fails.
    pub(crate) fn from_env() -> Self {
        let given = std::env::var("TIPHYS_CHAOS_SEED").ok();
        let seed = match &given {
            Some(given) => given.parse().expect("TIPHYS_CHAOS_SEED is a number"),
            None => RandomState::new().hash_one(std::process::id()),
        };
        println!("TIPHYS_CHAOS_SEED={seed}");
        Self(seed)
    }

    /// Dice of their own, for a task of its own.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// A number below the bound.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.next() % u64::from(bound)).expect("below a u32")
    }

    pub(crate) fn choose<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(u32::try_from(among.len()).expect("few")) as usize]
    }

    /// No time at all in half of the cases, otherwise up to `most`.
    pub(crate) fn pause(&mut self, most: Duration) -> Duration {
        if self.below(2) == 0 {
            return Duration::ZERO;
        }
        Duration::from_micros(u64::from(self.below(u32::try_from(most.as_micros()).expect("short"))))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
