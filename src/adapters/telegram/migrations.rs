//! Groups that became supergroups while this process ran.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

/// How many moves in a row are followed; each group can move only once, so more would be a circle.
const LONGEST_CHAIN: usize = 8;

/// The new id of each group that has moved.
#[derive(Debug)]
pub(super) struct Migrations {
    moved: Mutex<BTreeMap<i64, i64>>,
    configured: BTreeSet<i64>,
}

impl Migrations {
    pub(super) fn new(configured: impl IntoIterator<Item = i64>) -> Self {
        Self { moved: Mutex::default(), configured: configured.into_iter().collect() }
    }

    /// Remembers a move; the operator is told once.
    pub(super) fn learn(&self, from: i64, to: i64) {
        if from == to {
            return;
        }
        let known = self.moved.lock().unwrap_or_else(PoisonError::into_inner).insert(from, to);
        if known != Some(to) && self.configured.contains(&from) {
            tracing::warn!(
                chat = from,
                new_chat = to,
                "a group became a supergroup: put its new id into the configuration before the next start"
            );
        }
    }

    /// Where messages for a chat go now.
    pub(super) fn current(&self, chat: i64) -> i64 {
        let moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        let steps = std::iter::successors(Some(chat), |chat| moved.get(chat).copied());
        steps.take(LONGEST_CHAIN).last().unwrap_or(chat)
    }

    /// The id under which the configuration knows a chat: its own, or the one it had before it moved.
    pub(super) fn configured(&self, chat: i64) -> i64 {
        if self.configured.contains(&chat) {
            return chat;
        }
        self.configured.iter().copied().find(|old| self.current(*old) == chat).unwrap_or(chat)
    }

    /// Whether the configuration names the chat, under this id or the one before.
    pub(super) fn is_configured(&self, chat: i64) -> bool {
        self.configured.contains(&self.configured(chat))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_chat_keeps_its_standing() {
        let migrations = Migrations::new([-1, -2]);
        migrations.learn(-1, -100);
        migrations.learn(-7, -700);
        assert_eq!((migrations.current(-1), migrations.current(-2)), (-100, -2));
        assert_eq!((migrations.configured(-100), migrations.configured(-2)), (-1, -2));
        assert!(migrations.is_configured(-100) && !migrations.is_configured(-700));

        let both = Migrations::new([-1, -100]);
        both.learn(-1, -100);
        assert_eq!(both.configured(-100), -100, "the new id's own entry counts");
        both.learn(-100, -1);
        assert!([-1, -100].contains(&both.current(-1)), "a circle ends");
    }
}
