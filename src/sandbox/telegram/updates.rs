//! The queue of updates and the rules of `getUpdates`.

use std::{
    collections::{BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use serde_json::Value;

/// The longest time that a poll may wait, as on the real server.
const LONGEST_POLL: i64 = 50;

/// Updates that the bot hasn't confirmed.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: VecDeque<(i64, Value)>,
    next_id: i64,
    allowed: Option<BTreeSet<String>>,
    previous: Option<(i64, Instant)>,
    next_conflict: Option<Instant>,
    /// The number of the poll that may wait; an older one that still waits is told of a conflict.
    poller: u64,
}

/// A poll after the real server's adjustments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Poll {
    offset: i64,
    limit: usize,
    pub(super) until: Instant,
    pub(super) number: u64,
    waited: bool,
}

/// What a poll comes to for now.
#[derive(Debug)]
pub(super) enum Polled {
    /// The answer.
    Updates(Vec<Value>),
    /// Nothing yet.
    Wait,
    /// A newer poll waits; the answer is held back for this time.
    Conflict(Duration),
}

impl Queue {
    pub(super) fn new(first_id: i64) -> Self {
        Self {
            waiting: VecDeque::new(),
            next_id: first_id,
            allowed: None,
            previous: None,
            next_conflict: None,
            poller: 0,
        }
    }

    /// Puts an update in, when its kind was asked for; by default everything but three rare kinds is.
    pub(super) fn push(&mut self, mut update: Value) {
        let kind = update.as_object().and_then(|object| object.keys().next().cloned()).unwrap_or_default();
        let wanted = match &self.allowed {
            Some(kinds) => kinds.contains(&kind),
            None => !matches!(kind.as_str(), "chat_member" | "message_reaction" | "message_reaction_count"),
        };
        if wanted {
            update["update_id"] = Value::from(self.next_id);
            self.waiting.push_back((self.next_id, update));
            self.next_id += 1;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// The number of the poll that may wait.
    pub(super) fn poller(&self) -> u64 {
        self.poller
    }

    /// Starts a poll. As the real server does it: asking for the same offset again within half a second gives one
    /// update at most, and within three seconds an empty queue is waited on for three seconds.
    pub(super) fn start(
        &mut self,
        offset: i64,
        limit: i64,
        timeout: i64,
        allowed: Option<BTreeSet<String>>,
        now: Instant,
    ) -> Poll {
        if let Some(allowed) = allowed {
            self.allowed = Some(allowed).filter(|kinds| !kinds.is_empty());
        }
        let mut timeout = timeout.clamp(0, LONGEST_POLL);
        let mut limit = usize::try_from(limit.clamp(1, 100)).unwrap_or(100);
        if let Some((_, at)) = self.previous.filter(|(previous, _)| *previous == offset) {
            let since = now.saturating_duration_since(at);
            if since < Duration::from_secs(3) && timeout < 3 {
                timeout = 3;
            }
            if since < Duration::from_millis(500) {
                limit = 1;
            }
        }
        self.previous = Some((offset, now));
        let until = now + Duration::from_secs(timeout.unsigned_abs());
        Poll { offset, limit, until, number: 0, waited: false }
    }

    /// Looks for the answer of a poll; confirms what is below its offset.
    pub(super) fn poll(&mut self, poll: &mut Poll, now: Instant) -> Polled {
        if poll.waited && self.poller != poll.number {
            let held = self.next_conflict.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
            self.next_conflict = Some(now + Duration::from_secs(3));
            return Polled::Conflict(if held.is_zero() { held } else { Duration::from_secs(3) });
        }
        if poll.offset < 0 {
            let keep = usize::try_from(-poll.offset).unwrap_or(usize::MAX);
            while self.waiting.len() > keep {
                self.waiting.pop_front();
            }
            poll.offset = 0;
        }
        // An offset far beyond the last update is taken for the queue's head, so nothing is confirmed by it.
        if poll.offset > 0 && poll.offset <= self.next_id + 10 {
            while self.waiting.front().is_some_and(|(id, _)| *id < poll.offset) {
                self.waiting.pop_front();
            }
        }
        let found: Vec<Value> = self.waiting.iter().take(poll.limit).map(|(_, update)| update.clone()).collect();
        if !found.is_empty() || now >= poll.until {
            return Polled::Updates(found);
        }
        if !poll.waited {
            self.poller += 1;
            poll.number = self.poller;
            poll.waited = true;
        }
        Polled::Wait
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ask(queue: &mut Queue, offset: i64, limit: i64, now: Instant) -> Vec<i64> {
        let mut poll = queue.start(offset, limit, 0, None, now);
        match queue.poll(&mut poll, now) {
            Polled::Updates(found) => found.iter().filter_map(|u| u["update_id"].as_i64()).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn queue(count: i64) -> Queue {
        let mut queue = Queue::new(10);
        (0..count).for_each(|n| queue.push(json!({"message": {"message_id": n}})));
        queue
    }

    #[test]
    fn only_a_higher_offset_confirms() {
        let mut queue = queue(4);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(ask(&mut queue, 0, 100, at(0)), [10, 11, 12, 13]);
        assert_eq!(ask(&mut queue, 10, 2, at(1)), [10, 11]);
        assert_eq!(ask(&mut queue, 12, 100, at(2)), [12, 13]);
        assert_eq!(ask(&mut queue, 5, 100, at(3)), [12, 13]);
        assert_eq!(ask(&mut queue, -1, 100, at(4)), [13]);
        assert_eq!(queue.len(), 1);
        assert_eq!(ask(&mut queue, 900, 100, at(5)), [13], "an offset in the future confirms nothing");
        assert_eq!(ask(&mut queue, 14, 100, at(6)), [0; 0]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn asking_the_same_again_too_soon_gives_one() {
        let mut queue = queue(3);
        let start = Instant::now();
        assert_eq!(ask(&mut queue, 10, 100, start), [10, 11, 12]);
        assert_eq!(ask(&mut queue, 10, 100, start + Duration::from_millis(499)), [10]);
        assert_eq!(ask(&mut queue, 10, 100, start + Duration::from_millis(1000)), [10, 11, 12]);
    }

    #[test]
    fn kinds_that_were_not_asked_for_are_not_queued() {
        let mut queue = queue(0);
        let now = Instant::now();
        queue.push(json!({"chat_member": {}}));
        assert_eq!(queue.len(), 0);
        queue.start(0, 100, 0, Some(["message".to_owned()].into()), now);
        queue.push(json!({"edited_message": {}}));
        queue.start(0, 100, 0, None, now);
        queue.push(json!({"callback_query": {}}));
        assert_eq!(queue.len(), 0);
        queue.push(json!({"message": {}}));
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn the_older_waiting_poll_loses() {
        let mut queue = queue(0);
        let now = Instant::now();
        let mut old = queue.start(0, 100, 10, None, now);
        assert!(matches!(queue.poll(&mut old, now), Polled::Wait));
        let mut new = queue.start(1, 100, 10, None, now);
        assert!(matches!(queue.poll(&mut new, now), Polled::Wait));
        assert!(matches!(queue.poll(&mut old, now), Polled::Conflict(_)));
        assert!(matches!(queue.poll(&mut new, now), Polled::Wait));
    }
}
