//! How a remote is pushed to: at once, or in two steps where it doesn't take that. Found out by trying, and kept.

use std::{
    fmt::Display,
    sync::atomic::{AtomicU8, Ordering},
};

use crate::{
    adapters::git::wire::{pack::Bases, push::Arrival},
    ports::RepositoryError,
};

const AT_ONCE: u8 = 1;
const TWO_STEPS: u8 = 2;
/// And the packs must not build on what only the remote has.
const TWO_STEPS_WHOLE: u8 = 3;

/// What is known of one remote; each choice is logged once.
#[derive(Debug, Default)]
pub(super) struct Way(AtomicU8);

impl Way {
    /// Whether the next push is to go out at once.
    pub(super) fn is_at_once(&self) -> bool {
        self.0.load(Ordering::Relaxed) <= AT_ONCE
    }

    /// What the next pack may build on.
    pub(super) fn bases(&self) -> Bases {
        if self.0.load(Ordering::Relaxed) == TWO_STEPS_WHOLE { Bases::Pack } else { Bases::Remote }
    }

    /// A push at once has arrived.
    pub(super) fn at_once(&self, remote: &impl Display) {
        if self.0.swap(AT_ONCE, Ordering::Relaxed) != AT_ONCE {
            tracing::info!(%remote, "the remote takes a push at once");
        }
    }

    /// A push at once was not taken, and this is what two steps came to: where they got through, they are kept to. Where
    /// they found that it had been taken, only its report was lost.
    pub(super) fn in_two_steps(
        &self,
        remote: &impl Display,
        why: &str,
        bases: Bases,
        verdict: &Result<Arrival, RepositoryError>,
    ) {
        let way = if bases == Bases::Pack { TWO_STEPS_WHOLE } else { TWO_STEPS };
        match verdict {
            Ok(Arrival::Now) if self.0.swap(way, Ordering::Relaxed) != way => {
                tracing::info!(%remote, why, "the remote doesn't take a push at once: it is asked for its state first");
            }
            Ok(_) => {}
            Err(error) => {
                tracing::info!(%remote, why, %error, "neither a push at once nor one in two steps went through");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_push_that_arrived_decides() {
        let way = Way::default();
        assert!(way.is_at_once());
        way.in_two_steps(&"x", "404", Bases::Remote, &Err(RepositoryError::Authentication("404".to_owned())));
        assert!(way.is_at_once(), "it may be back with the next one");
        way.in_two_steps(&"x", "no report", Bases::Remote, &Ok(Arrival::Earlier));
        assert!(way.is_at_once(), "it was taken, after all");
        way.in_two_steps(&"x", "404", Bases::Remote, &Ok(Arrival::Now));
        assert!(!way.is_at_once() && way.bases() == Bases::Remote);
        way.in_two_steps(&"x", "unpack failed", Bases::Pack, &Ok(Arrival::Now));
        assert!(!way.is_at_once() && way.bases() == Bases::Pack);
        way.at_once(&"x");
        assert!(way.is_at_once());
    }
}
