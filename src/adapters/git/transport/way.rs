//! How a remote is pushed to: at once, or in two steps where it doesn't take that. Found out by trying, and kept.

use std::{
    fmt::Display,
    sync::atomic::{AtomicU8, Ordering},
};

use crate::ports::RepositoryError;

const AT_ONCE: u8 = 1;
const TWO_STEPS: u8 = 2;

/// What is known of one remote; each choice is logged once.
#[derive(Debug, Default)]
pub(super) struct Way(AtomicU8);

impl Way {
    /// Whether the next push is to go out at once.
    pub(super) fn is_at_once(&self) -> bool {
        self.0.load(Ordering::Relaxed) != TWO_STEPS
    }

    /// A push at once has arrived.
    pub(super) fn at_once(&self, remote: &impl Display) {
        if self.0.swap(AT_ONCE, Ordering::Relaxed) != AT_ONCE {
            tracing::info!(%remote, "the remote takes a push at once");
        }
    }

    /// A push at once was not taken, and this is what two steps came to: where they got further, they are kept to.
    pub(super) fn in_two_steps(&self, remote: &impl Display, why: &str, verdict: &Result<(), RepositoryError>) {
        let settled = matches!(verdict, Ok(()));
        if settled && self.0.swap(TWO_STEPS, Ordering::Relaxed) != TWO_STEPS {
            tracing::info!(%remote, why, "the remote doesn't take a push at once: it is asked for its state first");
        } else if let Err(error) = verdict {
            tracing::debug!(%remote, why, %error, "neither a push at once nor one in two steps went through");
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
        way.in_two_steps(&"x", "404", &Err(RepositoryError::Authentication("404".to_owned())));
        assert!(way.is_at_once(), "it may be back with the next one");
        way.in_two_steps(&"x", "404", &Ok(()));
        assert!(!way.is_at_once());
        way.at_once(&"x");
        assert!(way.is_at_once());
    }
}
