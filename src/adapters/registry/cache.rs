//! Answers that may be a little old: bounded in number and age, and read once however many people ask.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::time::{Instant, timeout};

use crate::{domain::registry_fault::RegistrySilence, ports::RegistryError};

/// How old answers may be, and how many are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Up to this age an answer is given without asking anew.
    pub(super) fresh: Duration,
    /// Up to this age an answer is given when a newer one takes longer than `patience`.
    pub(super) usable: Duration,
    /// How long a newer answer is waited for while there is a usable one.
    pub(super) patience: Duration,
    /// The most that is kept, in the units of [`Kept::weight`].
    pub(super) capacity: usize,
}

/// An answer that can be kept.
pub(super) trait Kept: Clone + Send + Sync + 'static {
    /// How much room it takes; 0 for one that isn't worth keeping.
    fn weight(&self) -> usize;
}

/// Answers by what was asked. Errors aren't kept. Clones share what they keep.
pub(super) struct Cache<K, V> {
    limits: Limits,
    shelf: Arc<Mutex<Shelf<K, V>>>,
}

struct Shelf<K, V> {
    entries: HashMap<K, Entry<V>>,
    readings: HashMap<K, Reading<V>>,
    weight: usize,
    /// Counts the uses, so that the longest unused answers go first.
    uses: u64,
}

struct Entry<V> {
    value: V,
    read: Instant,
    used: u64,
}

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Self { limits: self.limits, shelf: Arc::clone(&self.shelf) }
    }
}

/// An answer that is under way, to be waited for by many.
type Reading<V> = Shared<BoxFuture<'static, Result<V, RegistryError>>>;

impl<K: Clone + Eq + Hash + Send + Sync + 'static, V: Kept> Cache<K, V> {
    pub(super) fn new(limits: Limits) -> Self {
        let shelf = Shelf { entries: HashMap::new(), readings: HashMap::new(), weight: 0, uses: 0 };
        Self { limits, shelf: Arc::new(Mutex::new(shelf)) }
    }

    /// The answer, kept or read. `read` gets the last answer, however old; it goes on when nobody waits for it any more,
    /// so it must end by itself.
    pub(super) async fn get<F>(&self, key: &K, read: impl FnOnce(Option<V>) -> F) -> Result<V, RegistryError>
    where
        F: Future<Output = Result<V, RegistryError>> + Send + 'static,
    {
        let (last, reading) = {
            let mut shelf = self.shelf();
            let last = shelf.look(key);
            if let Some((value, age)) = &last
                && *age < self.limits.fresh
            {
                return Ok(value.clone());
            }
            // One that ended and is still there broke off.
            let under_way = shelf.readings.get(key).filter(|reading| reading.peek().is_none()).cloned();
            let reading = under_way.unwrap_or_else(|| {
                let reading = self.start(key, read(last.as_ref().map(|(value, _)| value.clone())));
                shelf.readings.insert(key.clone(), reading.clone());
                reading
            });
            (last, reading)
        };
        match last {
            Some((value, age)) if age < self.limits.usable => {
                timeout(self.limits.patience, reading).await.unwrap_or(Ok(value))
            }
            _ => reading.await,
        }
    }

    /// The last answer, however old.
    pub(super) fn last(&self, key: &K) -> Option<V> {
        self.shelf().look(key).map(|(value, _)| value)
    }

    /// Keeps an answer that was got by other means.
    pub(super) fn put(&self, key: K, value: V) {
        self.shelf().put(key, value, self.limits.capacity);
    }

    /// Reads in a task of its own: whoever asked first may stop waiting, the others shall get their answer.
    fn start<F>(&self, key: &K, read: F) -> Reading<V>
    where
        F: Future<Output = Result<V, RegistryError>> + Send + 'static,
    {
        let (shelf, key, capacity) = (Arc::clone(&self.shelf), key.clone(), self.limits.capacity);
        let task = tokio::spawn(async move {
            let answer = read.await;
            let mut shelf = lock(&shelf);
            shelf.readings.remove(&key);
            match &answer {
                Ok(value) => shelf.put(key, value.clone(), capacity),
                Err(RegistryError::Silent(RegistrySilence::Forbidden { .. }) | RegistryError::UnknownImage(_)) => {
                    shelf.remove(&key);
                }
                Err(RegistryError::Silent(_)) => {}
            }
            answer
        });
        let broken = |_| Err(RegistryError::unavailable("the reading broke off"));
        async move { task.await.unwrap_or_else(broken) }.boxed().shared()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf<K, V>> {
        lock(&self.shelf)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Clone + Eq + Hash, V: Kept> Shelf<K, V> {
    fn look(&mut self, key: &K) -> Option<(V, Duration)> {
        self.uses += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.uses;
        Some((entry.value.clone(), entry.read.elapsed()))
    }

    fn put(&mut self, key: K, value: V, capacity: usize) {
        self.remove(&key);
        let weight = value.weight();
        if weight == 0 || weight > capacity {
            return;
        }
        self.weight += weight;
        self.uses += 1;
        self.entries.insert(key, Entry { value, read: Instant::now(), used: self.uses });
        if self.weight > capacity {
            self.make_room(capacity);
        }
    }

    fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.weight -= entry.value.weight();
        }
    }

    /// Drops the longest unused entries, and some more than need be, so that the next ones fit in as well.
    fn make_room(&mut self, capacity: usize) {
        let mut order: Vec<(u64, K)> = self.entries.iter().map(|(key, entry)| (entry.used, key.clone())).collect();
        order.sort_unstable_by_key(|(used, _)| *used);
        // The newest is what is about to be used.
        order.pop();
        for (_, key) in order {
            if self.weight <= capacity - capacity / 8 {
                break;
            }
            self.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    impl Kept for String {
        fn weight(&self) -> usize {
            self.len()
        }
    }

    const LIMITS: Limits = Limits {
        fresh: Duration::from_secs(30),
        usable: Duration::from_secs(300),
        patience: Duration::from_millis(700),
        capacity: 16,
    };

    fn cache() -> Cache<&'static str, String> {
        Cache::new(LIMITS)
    }

    async fn answer(text: &str) -> Result<String, RegistryError> {
        Ok(text.to_owned())
    }

    async fn later(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_kept_while_it_is_fresh() {
        let cache = cache();
        assert_eq!(
            cache.get(&"a", |last| answer(if last.is_some() { "some" } else { "none" })).await.expect("read"),
            "none"
        );
        later(29).await;
        assert_eq!(cache.get(&"a", |_| answer("new")).await.expect("kept"), "none");
        later(1).await;
        assert_eq!(
            cache.get(&"a", |last| async move { Ok(format!("after {last:?}")) }).await.expect("read"),
            "after Some(\"none\")"
        );
        assert_eq!(cache.get(&"b", |_| answer("other")).await.expect("read"), "other");
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_answer_stands_in_for_a_slow_one() {
        let cache = cache();
        cache.get(&"a", |_| answer("old")).await.expect("read");
        later(60).await;
        let slow = |_| async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok("new".to_owned())
        };
        let asked = Instant::now();
        assert_eq!(cache.get(&"a", slow).await.expect("kept"), "old");
        assert_eq!(asked.elapsed(), LIMITS.patience);
        // It goes on, though nobody waits for it.
        later(5).await;
        tokio::task::yield_now().await;
        assert_eq!(cache.get(&"a", |_| answer("newest")).await.expect("kept"), "new");
        // One that is too old is no answer.
        later(300).await;
        assert_eq!(cache.get(&"a", slow).await.expect("read"), "new");
        assert!(asked.elapsed() > Duration::from_secs(309));
    }

    #[tokio::test]
    async fn ten_who_ask_cause_one_reading_also_when_the_first_leaves() {
        let cache = Arc::new(cache());
        let (count, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let ask = || {
            let (cache, count, gate) = (Arc::clone(&cache), Arc::clone(&count), Arc::clone(&gate));
            tokio::spawn(async move {
                let read = |_| async move {
                    count.fetch_add(1, Ordering::SeqCst);
                    gate.notified().await;
                    Ok("read".to_owned())
                };
                cache.get(&"a", read).await
            })
        };
        let first = ask();
        while count.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (0..9).map(|_| ask()).collect();
        first.abort();
        assert!(first.await.expect_err("gone").is_cancelled());
        gate.notify_one();
        for other in others {
            assert_eq!(other.await.expect("joined").expect("an answer"), "read");
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn errors_are_not_kept() {
        let cache = cache();
        let fail = |error: RegistryError| move |_: Option<String>| async move { Err(error) };
        let down = RegistryError::unavailable("down");
        assert!(cache.get(&"a", fail(down.clone())).await.is_err());
        assert_eq!(cache.get(&"a", |_| answer("good")).await.expect("read"), "good");
        later(60).await;
        assert!(cache.get(&"a", fail(down)).await.is_err(), "a failure is told, not hidden behind an old answer");
        assert_eq!(cache.last(&"a").as_deref(), Some("good"));
        assert!(cache.get(&"a", fail(RegistryError::forbidden("no"))).await.is_err());
        assert_eq!(cache.last(&"a"), None, "what is forbidden now isn't shown later");
    }

    #[tokio::test]
    async fn a_reading_that_breaks_off_can_be_repeated() {
        let cache = cache();
        let broken = |_: Option<String>| async { panic!("on purpose") };
        assert!(cache.get(&"a", broken).await.is_err());
        assert_eq!(cache.get(&"a", |_| answer("good")).await.expect("read"), "good");
    }

    #[tokio::test]
    async fn the_longest_unused_make_room() {
        let cache = cache();
        for key in ["a", "b", "c", "d"] {
            cache.put(key, "1234".to_owned());
        }
        assert!(cache.last(&"a").is_some());
        cache.put("e", "1234".to_owned());
        let kept: Vec<_> = ["a", "b", "c", "d", "e"].into_iter().filter(|key| cache.last(key).is_some()).collect();
        assert_eq!(kept, ["a", "d", "e"]);
        cache.put("f", "12345678901234567".to_owned());
        cache.put("e", String::new());
        assert_eq!((cache.last(&"f"), cache.last(&"e")), (None, None), "too large, and not worth keeping");
        assert_eq!(cache.shelf().weight, 8);
    }
}
