//! `kill -9` at every step between receiving an update and confirming it: each command is applied exactly once and
//! answered all the same.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tiphys::sandbox::telegram::{Hub, Phase, Tapped};
use tokio::{sync::Notify, task::JoinSet};

use crate::{
    dice::Dice,
    history,
    playbill::{ANNA, BORIS, Bot},
    relay::Passage,
    stage::{self, PATIENCE, Remote, Server, Stage},
};

/// How long a step is waited for; then the bot is killed where it stands.
const NO_LONGER: Duration = Duration::from_millis(1500);

/// The longest time between a step and the kill.
const LATER: Duration = Duration::from_millis(40);

/// As long as so many commands are open, no more are given. Replica counts repeat less often than that.
const OPEN: usize = 8;

/// A moment that can be seen from outside the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// A call to Telegram has arrived.
    Called(&'static str),
    /// It is applied, and the bot doesn't know.
    Applied(&'static str),
    /// Bytes on their way between the bot and another server.
    Passed(Server, Passage),
    /// The branch of the remote moves.
    Moved,
    /// None of these: some time has passed.
    Time,
}

/// Which steps there are, and how often each may be passed by before the kill.
fn steps(remote: Remote) -> Vec<(Step, u32)> {
    let mut steps = Vec::new();
    for (method, skip) in [("getUpdates", 4), ("sendMessage", 3), ("editMessageText", 3)] {
        steps.extend([(Step::Called(method), skip), (Step::Applied(method), skip)]);
    }
    let servers = match remote {
        Remote::Path | Remote::Git => {
            steps.extend([(Step::Moved, 2), (Step::Moved, 1), (Step::Time, 1)]);
            [(Server::Registry, 2), (Server::Kubernetes, 6)].to_vec()
        }
        Remote::Http => [(Server::Registry, 2), (Server::Kubernetes, 6), (Server::Git, 9)].to_vec(),
        // More goes to and fro there, before anything is pushed and after.
        Remote::Ssh => {
            let of_git = [4, 12, 20, 30].map(|skip| (Server::Git, skip));
            [&of_git[..], &[(Server::Registry, 2), (Server::Kubernetes, 6)]].concat()
        }
    };
    for (server, skip) in servers {
        for passage in [Passage::Asked, Passage::Delivered, Passage::Answered] {
            steps.push((Step::Passed(server, passage), skip));
        }
    }
    steps
}

/// The bot, and the step at which it is killed.
#[derive(Default)]
struct Gun {
    bot: Option<Bot>,
    step: Option<Step>,
    skip: u32,
    delay: Duration,
}

#[derive(Default)]
struct Range {
    gun: Mutex<Gun>,
    fired: Notify,
}

impl Range {
    /// A step is reached. Where no delay is asked for the bot is dead when this returns.
    fn reach(self: &Arc<Self>, step: Step) {
        let delay = {
            let mut gun = self.gun();
            if gun.step != Some(step) {
                return;
            }
            if gun.skip > 0 {
                gun.skip -= 1;
                return;
            }
            gun.step = None;
            gun.delay
        };
        if delay.is_zero() {
            return self.fire();
        }
        let range = Arc::clone(self);
        std::thread::spawn(move || {
            std::thread::sleep(delay);
            range.fire();
        });
    }

    fn fire(&self) {
        if let Some(mut bot) = self.gun().bot.take() {
            bot.kill();
        }
        self.fired.notify_one();
    }

    fn gun(&self) -> std::sync::MutexGuard<'_, Gun> {
        self.gun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at the branch's file all the time, as long as there is a range.
fn watch_branch(file: PathBuf, range: &Arc<Range>) {
    let range = Arc::downgrade(range);
    std::thread::spawn(move || {
        let mut head = fs::read(&file).ok();
        while let Some(range) = range.upgrade() {
            let now = fs::read(&file).ok();
            if now != head {
                head = now;
                range.reach(Step::Moved);
            }
            drop(range);
            std::thread::sleep(Duration::from_micros(300));
        }
    });
}

/// A command that was given.
struct Command {
    chat: i64,
    message: i64,
    text: String,
}

impl Command {
    fn request(&self) -> String {
        format!("telegram/{}/{}", self.chat, self.message)
    }
}

/// One sandbox with its series of kills.
struct Lane {
    name: String,
    stage: Stage,
    range: Arc<Range>,
    dice: Dice,
    remote: Remote,
    given: Vec<Command>,
    kills: BTreeMap<Step, usize>,
}

impl Lane {
    async fn build(name: String, remote: Remote, dice: Dice) -> Self {
        let range = Arc::new(Range::default());
        let told = Arc::clone(&range);
        let stage =
            Stage::build(remote, Arc::new(move |server, passage| told.reach(Step::Passed(server, passage)))).await;
        let tapped = Arc::clone(&range);
        stage.playbill.hub().tap(move |call, phase| {
            let step = |name| match phase {
                Phase::Before => Step::Called(name),
                Phase::After => Step::Applied(name),
            };
            match call.method.as_str() {
                "getUpdates" => tapped.reach(step("getUpdates")),
                "sendMessage" => tapped.reach(step("sendMessage")),
                "editMessageText" => tapped.reach(step("editMessageText")),
                _ => {}
            }
            std::future::ready(Tapped::Continue)
        });
        if matches!(remote, Remote::Path | Remote::Git) {
            watch_branch(stage.playbill.world.repository_path().join("refs/heads/main"), &range);
        }
        Self { name, stage, range, dice, remote, given: Vec::new(), kills: BTreeMap::new() }
    }

    /// Starts the bot; the scenarios' own environment has no path to a git program in it.
    fn serve(&self) -> Bot {
        let path = std::env::var_os("PATH").unwrap_or_default();
        self.stage.playbill.serve_with(|command| match self.remote {
            Remote::Git => command.env("PATH", path),
            Remote::Path | Remote::Http | Remote::Ssh => command,
        })
    }

    fn hub(&self) -> Hub {
        self.stage.playbill.hub()
    }

    /// Gives a command whose value is never the one that is there.
    fn give(&mut self) {
        let number = i64::try_from(self.given.len()).expect("few");
        let text = if number % 2 == 0 {
            let tag = format!("1.0.{number}");
            self.stage.playbill.world.registry().add_tag("team/oil-refinery-application", &tag, Timestamp::now(), 1);
            format!("/deploy {tag}")
        } else {
            format!("/set_replicas {}", 3 + number / 2 % 9)
        };
        let chat = stage::chat(number);
        let message = self.hub().say(chat, if number % 3 == 0 { BORIS } else { ANNA }, &text).expect("a chat");
        self.given.push(Command { chat, message, text });
    }

    /// One life of the bot, up to its kill.
    async fn live_and_die(&mut self) {
        let (step, skip) = {
            let steps = steps(self.remote);
            self.dice.choose(&steps)
        };
        let before = self.dice.below(2) == 0;
        let commands = if self.hub().unconfirmed() < OPEN { 1 + self.dice.below(3) } else { 0 };
        if before {
            (0..commands).for_each(|_| self.give());
        }
        {
            let skip = self.dice.below(skip);
            let delay = self.dice.pause(LATER);
            *self.range.gun() = Gun { bot: Some(self.serve()), step: Some(step), skip, delay };
        }
        if step == Step::Time {
            let lifetime = Duration::from_millis(u64::from(self.dice.below(400)));
            self.range.gun().delay = lifetime;
            self.range.reach(step);
        }
        if !before {
            (0..commands).for_each(|_| self.give());
        }
        let reached = match tokio::time::timeout(NO_LONGER, self.range.fired.notified()).await {
            Ok(()) => step,
            Err(_) => {
                // A kill may be on its way.
                let armed = self.range.gun().step.take().is_some();
                if armed {
                    self.range.fire();
                }
                self.range.fired.notified().await;
                if armed { Step::Time } else { step }
            }
        };
        *self.kills.entry(reached).or_default() += 1;
    }

    /// The last life: everything comes to its end.
    async fn settle(&mut self) {
        let bot = self.serve();
        let hub = self.hub();
        let settled = hub.until(PATIENCE, |hub| {
            (hub.unconfirmed() == 0
                && self.given.iter().all(|command| stage::is_answered(hub, command.chat, command.message)))
            .then_some(())
        });
        if let Err(error) = settled.await {
            let open: Vec<_> = self
                .given
                .iter()
                .filter(|command| !stage::is_answered(&self.hub(), command.chat, command.message))
                .collect();
            let unconfirmed = self.hub().unconfirmed();
            panic!("{}: {error}; {unconfirmed} updates unconfirmed; not answered: {}", self.name, self.tell(open));
        }
        drop(bot);
    }

    /// What the bot said and logged of some commands, and the end of its log.
    fn tell(&self, commands: Vec<&Command>) -> String {
        let of_one = |command: &&Command| {
            let answers = stage::answers(&self.hub(), command.chat, command.message);
            let answers: Vec<_> = answers.into_iter().map(|shown| shown.text).collect();
            let logged = stage::told(&self.stage.playbill, &command.request());
            format!("{} {:?}: {answers:#?}\n{}\n", command.request(), command.text, logged.join("\n"))
        };
        let log = self.stage.playbill.log_text();
        let lines: Vec<_> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(200)..].join("\n");
        format!("{}\nthe end of the log:\n{tail}", commands.iter().map(of_one).collect::<String>())
    }

    fn check(&self) {
        let remote = self.stage.playbill.world.repository_path();
        let commits = history::read(&self.stage.ground, remote);
        let requests: Vec<_> = self.given.iter().map(Command::request).collect();
        let lost: Vec<_> = self
            .given
            .iter()
            .filter(|command| commits.iter().all(|commit| commit.request != command.request()))
            .collect();
        assert!(lost.is_empty(), "{}: answered and not committed: {}", self.name, self.tell(lost));
        history::assert_once(&self.stage.ground, remote, &commits, &requests);
        assert_eq!(commits.len(), requests.len());
        for command in &self.given {
            let wanted = command.text.rsplit(' ').next().expect("two words");
            let commit = commits.iter().find(|commit| commit.request == command.request()).expect("was checked");
            assert!(commit.subject.ends_with(&format!(" → {wanted}")), "{}: {}", command.text, commit.subject);
        }
    }
}

/// What needs no server of the distribution.
const LOCAL: [Remote; 3] = [Remote::Path, Remote::Http, Remote::Git];

/// Kills the bot so many times in each of some sandboxes at once.
async fn kill(lanes: &[Remote], each: usize) {
    let begin = Instant::now();
    let mut dice = Dice::from_env();
    let mut running = JoinSet::new();
    for (number, &remote) in lanes.iter().enumerate() {
        let dice = dice.split();
        running.spawn(async move {
            let mut lane = Lane::build(format!("lane {number}, {remote:?}"), remote, dice).await;
            for _ in 0..each {
                lane.live_and_die().await;
            }
            lane.settle().await;
            lane.check();
            (lane.kills, lane.given.len())
        });
    }
    let (mut kills, mut commands) = (BTreeMap::<Step, usize>::new(), 0);
    while let Some(lane) = running.join_next().await {
        let (of_lane, given) = lane.expect("no lane fails");
        of_lane.into_iter().for_each(|(step, times)| *kills.entry(step).or_default() += times);
        commands += given;
    }
    assert_eq!(kills.values().sum::<usize>(), lanes.len() * each);
    println!("{} kills, {commands} commands in {:?}", lanes.len() * each, begin.elapsed());
    kills.iter().for_each(|(step, times)| println!("{times:4} {step:?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_step_the_bot_does_everything_once() {
    kill(&LOCAL, 12).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute or more"]
async fn killed_hundreds_of_times_the_bot_does_everything_once() {
    kill(&LOCAL.repeat(2), 60).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs sshd, and takes a minute or more"]
async fn killed_in_the_middle_of_a_session_the_bot_does_everything_once() {
    kill(&[Remote::Ssh; 3], 70).await;
}
