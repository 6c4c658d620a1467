//! When the next message or edit may go out, chat by chat.
//!
//! Telegram allows about one message a second in a chat with short bursts, 20 a minute in a group and about 30 a second
//! in all. Its limits for edits are unpublished; they are counted like messages here, and an edit that only shows
//! progress leaves room for those that matter.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// The limits that sending keeps to; the default is what Telegram publishes.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many messages may go to one chat within as many `per_message` in a row.
    pub burst: usize,
    /// The mean time between messages to one chat.
    pub per_message: Duration,
    /// How many messages a group gets within a minute.
    pub group_per_minute: usize,
    /// How many messages go out within a second.
    pub per_second: usize,
    /// The time between two edits of a message that only show progress.
    pub progress_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            burst: 3,
            per_message: Duration::from_secs(1),
            group_per_minute: 20,
            per_second: 30,
            progress_every: Duration::from_secs(3),
        }
    }
}

/// How much a call matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// An answer: as soon as the limits allow, in order.
    Answer,
    /// A sign of progress, after all answers.
    Progress,
}

const MINUTE: Duration = Duration::from_secs(60);

/// The calls of the last minute, oldest first.
#[derive(Debug, Default)]
struct Recent(VecDeque<Instant>);

impl Recent {
    /// When one more call keeps below `count` within `span`.
    fn room(&self, count: usize, span: Duration) -> Option<Instant> {
        let nth = self.0.len().checked_sub(count.max(1))?;
        Some(self.0[nth] + span)
    }

    fn add(&mut self, now: Instant) {
        self.0.push_back(now);
        while self.0.front().is_some_and(|at| now.saturating_duration_since(*at) > MINUTE) {
            self.0.pop_front();
        }
    }

    fn within(&self, span: Duration, now: Instant) -> usize {
        self.0.iter().filter(|at| now.saturating_duration_since(**at) < span).count()
    }
}

/// One chat.
#[derive(Debug, Default)]
struct Lane {
    recent: Recent,
    progress: Option<Instant>,
    blocked: Option<Instant>,
    /// Answers that wait, in the order of their numbers.
    waiting: VecDeque<u64>,
}

#[derive(Debug, Default)]
struct Lanes {
    chats: HashMap<i64, Lane>,
    all: Recent,
    tickets: u64,
}

/// What a call is told.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Now,
    At(Instant),
    /// When something changes: others are before it.
    Later,
}

/// Gives out turns.
#[derive(Debug)]
pub(super) struct Pace {
    limits: Limits,
    lanes: Mutex<Lanes>,
    changed: Notify,
}

/// A place in the queue of a chat, left when it is dropped.
struct Ticket<'a> {
    pace: &'a Pace,
    chat: i64,
    number: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(lane) = self.pace.lock().chats.get_mut(&self.chat) {
            lane.waiting.retain(|number| *number != self.number);
        }
        self.pace.changed.notify_waiters();
    }
}

impl Pace {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, lanes: Mutex::default(), changed: Notify::new() })
    }

    /// Waits for the turn of one call. May be given up at any time.
    pub(super) async fn turn(&self, chat: i64, weight: Weight) {
        let ticket = (weight == Weight::Answer).then(|| self.queue(chat));
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let number = ticket.as_ref().map(|ticket| ticket.number);
            let turn = self.lock().take(chat, number, &self.limits, Instant::now());
            match turn {
                Turn::Now => return,
                Turn::At(at) => tokio::select! {
                    () = tokio::time::sleep_until(at) => {}
                    () = changed => {}
                },
                Turn::Later => changed.await,
            }
        }
    }

    /// Nothing more goes to this chat for a time.
    pub(super) fn block(&self, chat: i64, time: Duration) {
        let until = Instant::now() + time;
        let mut lanes = self.lock();
        let lane = lanes.chats.entry(chat).or_default();
        lane.blocked = lane.blocked.max(Some(until));
    }

    fn queue(&self, chat: i64) -> Ticket<'_> {
        let mut lanes = self.lock();
        lanes.tickets += 1;
        let number = lanes.tickets;
        lanes.chats.entry(chat).or_default().waiting.push_back(number);
        Ticket { pace: self, chat, number }
    }

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lanes {
    /// Takes a turn, or tells when to ask again. An answer has a number, progress has none.
    fn take(&mut self, chat: i64, number: Option<u64>, limits: &Limits, now: Instant) -> Turn {
        if self.chats.len() > 1000 {
            self.chats.retain(|_, lane| !lane.waiting.is_empty() || lane.recent.within(MINUTE, now) > 0);
        }
        let lane = self.chats.entry(chat).or_default();
        let first = lane.waiting.front().copied();
        if first != number {
            return Turn::Later;
        }
        let group = chat < 0;
        let (burst, per_minute, per_second) = match number {
            Some(_) => (limits.burst, limits.group_per_minute, limits.per_second),
            None => (limits.burst.div_ceil(2), limits.group_per_minute * 3 / 4, limits.per_second.div_ceil(2)),
        };
        let span = |count: usize| limits.per_message * u32::try_from(count).unwrap_or(u32::MAX);
        let mut times =
            vec![lane.blocked, lane.recent.room(burst, span(burst)), self.all.room(per_second, Duration::from_secs(1))];
        if group {
            times.push(lane.recent.room(per_minute, MINUTE));
        }
        if number.is_none() {
            // In a busy group progress is shown more rarely, so that it never comes to a standstill.
            let busy = group && lane.recent.within(MINUTE, now) * 3 >= limits.group_per_minute;
            let every = if busy { limits.progress_every * 5 / 3 } else { limits.progress_every };
            times.push(lane.progress.map(|at| at + every));
        }
        if let Some(at) = times.into_iter().flatten().max().filter(|at| *at > now) {
            return Turn::At(at);
        }
        lane.recent.add(now);
        if number.is_none() {
            lane.progress = Some(now);
        }
        self.all.add(now);
        Turn::Now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: i64 = -1;

    /// Calls as often as possible for so many seconds; the seconds at which each went out.
    fn greedy(lanes: &mut Lanes, chat: i64, number: Option<u64>, start: Instant, seconds: u64) -> Vec<f64> {
        let limits = Limits::default();
        let mut now = start;
        let mut sent = Vec::new();
        while now.duration_since(start) < Duration::from_secs(seconds) {
            if let (Some(number), Some(lane)) = (number, lanes.chats.get_mut(&chat))
                && lane.waiting.is_empty()
            {
                lane.waiting.push_back(number);
            }
            match lanes.take(chat, number, &limits, now) {
                Turn::Now => sent.push(now.duration_since(start).as_secs_f64()),
                Turn::At(at) => now = at,
                Turn::Later => panic!("nobody else is there"),
            }
        }
        sent
    }

    fn lanes(chat: i64, number: u64) -> Lanes {
        let mut lanes = Lanes::default();
        lanes.chats.entry(chat).or_default().waiting.push_back(number);
        lanes
    }

    fn most_within(sent: &[f64], span: f64) -> usize {
        sent.iter()
            .map(|start| sent.iter().filter(|at| (*start..start + span).contains(*at)).count())
            .max()
            .unwrap_or(0)
    }

    #[test]
    fn answers_come_in_bursts_and_stay_within_the_limits() {
        let start = Instant::now();
        let sent = greedy(&mut lanes(5, 1), 5, Some(1), start, 120);
        assert_eq!(&sent[..3], [0.0, 0.0, 0.0]);
        assert_eq!(most_within(&sent, 3.0), 3);
        assert!(sent.len() >= 120, "{}", sent.len());

        let sent = greedy(&mut lanes(GROUP, 1), GROUP, Some(1), start, 180);
        assert_eq!(most_within(&sent, 60.0), 20);
        assert_eq!(sent.len(), 60);
    }

    #[test]
    fn progress_never_stands_still_and_leaves_room() {
        let mut lanes = Lanes::default();
        let sent = greedy(&mut lanes, GROUP, None, Instant::now(), 600);
        assert!(most_within(&sent, 60.0) <= 15, "{}", most_within(&sent, 60.0));
        let pauses: Vec<f64> = sent.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(pauses.iter().all(|pause| (3.0..=10.0).contains(pause)), "{pauses:?}");
        let later = Instant::now() + Duration::from_secs(599);
        lanes.chats.get_mut(&GROUP).unwrap().waiting.push_back(1);
        assert_eq!(lanes.take(GROUP, Some(1), &Limits::default(), later), Turn::Now);
    }

    #[test]
    fn answers_go_in_order_and_before_progress() {
        let limits = Limits::default();
        let now = Instant::now();
        let mut lanes = lanes(GROUP, 1);
        lanes.chats.get_mut(&GROUP).unwrap().waiting.push_back(2);
        assert_eq!(lanes.take(GROUP, None, &limits, now), Turn::Later);
        assert_eq!(lanes.take(GROUP, Some(2), &limits, now), Turn::Later);
        assert_eq!(lanes.take(GROUP, Some(1), &limits, now), Turn::Now);
    }

    #[tokio::test]
    async fn one_blocked_chat_does_not_hold_up_another() {
        let pace = Pace::new(Limits::default());
        pace.block(1, Duration::from_secs(3600));
        let blocked = pace.turn(1, Weight::Answer);
        tokio::pin!(blocked);
        tokio::select! {
            biased;
            () = &mut blocked => panic!("blocked"),
            () = pace.turn(2, Weight::Answer) => {}
        }
    }

    #[tokio::test]
    async fn a_waiter_that_gives_up_lets_the_next_through() {
        let pace = Pace::new(Limits { burst: 1, per_message: Duration::from_millis(50), ..Limits::default() });
        pace.turn(1, Weight::Answer).await;
        let mut gone = Box::pin(pace.turn(1, Weight::Answer));
        assert!(futures_poll_once(gone.as_mut()).await);
        let next = pace.turn(1, Weight::Answer);
        tokio::pin!(next);
        assert!(futures_poll_once(next.as_mut()).await);
        drop(gone);
        tokio::time::timeout(Duration::from_secs(10), next).await.unwrap();
    }

    /// Polls once; `true` when it isn't ready yet.
    async fn futures_poll_once(mut future: std::pin::Pin<&mut impl Future<Output = ()>>) -> bool {
        std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_pending())).await
    }
}
