//! How often those who are not let in get an answer: seldom enough that they hold up nobody who is.
//!
//! Answers to a chat go out one by one and slowly, and an update stays open until its answer is out. Without a bound, a
//! stranger who repeats a command fills the group's minute, or all that the front can have open at once.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use crate::domain::actor::Place;

/// How many answers in a row one place gets.
const BURST: u32 = 10;
/// The time after which one more is given.
const EVERY: Duration = Duration::from_secs(15);
/// The same for all places together.
const BURST_OF_ALL: u32 = 50;
const EVERY_OF_ALL: Duration = Duration::from_secs(1);
/// How many places are remembered.
const PLACES: usize = 1_000;

/// The answers that strangers got.
#[derive(Debug, Default)]
pub(super) struct Courtesy {
    places: HashMap<Place, Spent>,
    all: Spent,
}

/// When all that was given out is earned back (the generic cell rate algorithm's only number).
#[derive(Debug, Clone, Copy, Default)]
struct Spent(Option<Instant>);

impl Spent {
    fn after_one_more(self, burst: u32, every: Duration, now: Instant) -> Option<Self> {
        let until = self.0.map_or(now, |until| until.max(now));
        (until + every <= now + every * burst).then_some(Self(Some(until + every)))
    }

    fn is_earned_back(self, now: Instant) -> bool {
        self.0.is_none_or(|until| until <= now)
    }
}

impl Courtesy {
    /// Whether a stranger at this place gets one more answer.
    pub(super) fn allows(&mut self, place: Place, now: Instant) -> bool {
        if self.places.len() >= PLACES {
            self.places.retain(|_, spent| !spent.is_earned_back(now));
        }
        if self.places.len() >= PLACES && !self.places.contains_key(&place) {
            return false;
        }
        let here = self.places.get(&place).copied().unwrap_or_default();
        let here = here.after_one_more(BURST, EVERY, now);
        let (Some(here), Some(all)) = (here, self.all.after_one_more(BURST_OF_ALL, EVERY_OF_ALL, now)) else {
            return false;
        };
        self.places.insert(place, here);
        self.all = all;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::ChatId;

    #[test]
    fn a_place_gets_a_few_answers_and_then_one_now_and_then() {
        let (mut courtesy, start) = (Courtesy::default(), Instant::now());
        let mut answers = |place: i64, seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            (0..100).filter(|_| courtesy.allows(Place::Private(ChatId(place)), now)).count()
        };
        assert_eq!((answers(1, 0), answers(1, 14), answers(1, 15), answers(2, 15)), (10, 0, 1, 10));
        assert_eq!(answers(1, 3600), 10, "no more are saved up");
    }

    #[test]
    fn all_places_together_get_no_more_than_the_front_can_bear() {
        let (mut courtesy, start) = (Courtesy::default(), Instant::now());
        let mut answers = |from: i64, seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            (from..from + 10_000).filter(|place| courtesy.allows(Place::Private(ChatId(*place)), now)).count()
        };
        assert_eq!((answers(0, 0), answers(20_000, 7), answers(40_000, 3600)), (50, 7, 50));
        assert!(courtesy.places.len() <= PLACES);
    }
}
