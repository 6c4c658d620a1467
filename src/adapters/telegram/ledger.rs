//! Which updates are in work, and the offset that confirms just those that are settled.

use std::collections::BTreeSet;

/// The updates from the lowest unsettled one on.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    open: BTreeSet<i32>,
    /// Those of them that nobody works on: they are to be taken up again.
    idle: BTreeSet<i32>,
    /// Settled ones above the lowest open one: the server goes on sending them.
    done: BTreeSet<i32>,
    /// One above the highest that was ever seen.
    next: Option<i32>,
}

impl Ledger {
    /// The offset for the next `getUpdates`: everything below it is settled. `None` before the first update.
    pub(super) fn offset(&self) -> Option<i32> {
        self.open.first().copied().or(self.next)
    }

    /// Whether anything is in work.
    pub(super) fn is_busy(&self) -> bool {
        !self.open.is_empty()
    }

    /// Whether this one isn't settled yet.
    pub(super) fn is_open(&self, id: i32) -> bool {
        self.open.contains(&id)
    }

    /// How many are in work.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// Takes the answer to `getUpdates` with the offset `asked`; the updates that are new, which are in work from now on.
    ///
    /// After a week without updates Telegram begins to count anew at random; then all ids may be below the offset.
    pub(super) fn admit(&mut self, asked: Option<i32>, ids: &[i32]) -> Vec<i32> {
        if let (Some(asked), Some(highest)) = (asked, ids.iter().max())
            && *highest < asked
        {
            *self = Self::default();
        }
        let known = |id: &i32| self.open.contains(id) && !self.idle.contains(id) || self.done.contains(id);
        let new: Vec<i32> = ids.iter().copied().filter(|id| !known(id)).collect();
        for id in &new {
            self.idle.remove(id);
            self.open.insert(*id);
            self.next = self.next.max(id.checked_add(1));
        }
        new
    }

    /// Takes one back that could not be settled: it is new again when the server sends it the next time.
    pub(super) fn give_back(&mut self, id: i32) {
        if self.open.contains(&id) {
            self.idle.insert(id);
        }
    }

    /// Marks one as settled.
    pub(super) fn settle(&mut self, id: i32) {
        self.idle.remove(&id);
        if self.open.remove(&id) {
            self.done.insert(id);
            self.done = match self.open.first() {
                Some(lowest) => self.done.split_off(lowest),
                None => BTreeSet::new(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_unsettled_update_holds_the_offset() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.offset(), None);
        assert_eq!(ledger.admit(None, &[10, 11, 12]), [10, 11, 12]);
        ledger.settle(11);
        ledger.settle(12);
        assert_eq!((ledger.offset(), ledger.open()), (Some(10), 1));
        assert_eq!(ledger.admit(Some(10), &[10, 11, 12, 13]), [13], "settled ones are not taken up again");
        ledger.settle(10);
        assert_eq!(ledger.offset(), Some(13));
        ledger.settle(13);
        assert_eq!((ledger.offset(), ledger.is_busy()), (Some(14), false));
        assert!(ledger.done.is_empty());
    }

    #[test]
    fn what_could_not_be_settled_is_taken_up_again() {
        let mut ledger = Ledger::default();
        ledger.admit(None, &[10, 11]);
        ledger.settle(11);
        ledger.give_back(10);
        assert_eq!(ledger.offset(), Some(10), "it is not confirmed");
        assert_eq!(ledger.admit(Some(10), &[10, 11]), [10]);
        assert_eq!(ledger.admit(Some(10), &[10, 11]), [0; 0], "in work again");
        ledger.settle(10);
        assert_eq!((ledger.offset(), ledger.is_busy()), (Some(12), false));
    }

    #[test]
    fn a_new_count_below_the_old_one_is_followed() {
        let mut ledger = Ledger::default();
        ledger.admit(None, &[500]);
        ledger.settle(500);
        assert_eq!(ledger.admit(Some(501), &[20, 21]), [20, 21]);
        ledger.settle(20);
        assert_eq!(ledger.offset(), Some(21));
        ledger.settle(21);
        assert_eq!(ledger.offset(), Some(22));
    }

    #[test]
    fn gaps_and_the_highest_number_are_no_trouble() {
        let mut ledger = Ledger::default();
        ledger.admit(None, &[5, 9]);
        ledger.settle(5);
        assert_eq!(ledger.offset(), Some(9));
        ledger.admit(Some(9), &[9, i32::MAX]);
        ledger.settle(i32::MAX);
        ledger.settle(9);
        ledger.settle(9);
        assert_eq!(ledger.offset(), Some(10));
    }
}
