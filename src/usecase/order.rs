//! Commands for one site reach the publisher in the order in which they came in, however long each one's checks take.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

/// How long a command waits for those before it; one that hangs doesn't hold up the others for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// The commands that are on their way to the publisher, by site.
#[derive(Default)]
pub(super) struct Order {
    under_way: Mutex<UnderWay>,
    changed: Notify,
}

#[derive(Default)]
struct UnderWay {
    next: u64,
    sites: HashMap<String, BTreeSet<u64>>,
}

/// A command's place among those for its site; dropping it lets the next one go ahead.
pub(super) struct Turn {
    order: Arc<Order>,
    site: String,
    number: u64,
}

impl Order {
    /// Gives out the next place of a site.
    pub(super) fn take(self: &Arc<Self>, site: String) -> Turn {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.next += 1;
        let number = under_way.next;
        under_way.sites.entry(site.clone()).or_default().insert(number);
        Turn { order: Arc::clone(self), site, number }
    }
}

impl Turn {
    /// Waits until every earlier command for the site has been queued or has ended.
    pub(super) async fn come(&self) {
        let waiting = async {
            loop {
                // Made before looking, so that no change is missed in between.
                let changed = self.order.changed.notified();
                if self.is_first() {
                    return;
                }
                changed.await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            tracing::warn!(site = self.site, "an earlier command hangs and is overtaken");
        }
    }

    fn is_first(&self) -> bool {
        let under_way = self.order.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.sites.get(&self.site).and_then(BTreeSet::first).is_none_or(|first| *first >= self.number)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut under_way = self.order.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(numbers) = under_way.sites.get_mut(&self.site) {
            numbers.remove(&self.number);
            if numbers.is_empty() {
                under_way.sites.remove(&self.site);
            }
        }
        drop(under_way);
        self.order.changed.notify_waiters();
    }
}
