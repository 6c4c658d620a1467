//! `tiphys playground`: the production bot in a small world on this machine.

mod config;

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub(super) use self::config::FolderTaken;
use super::{cli::PlaygroundArgs, config::Config, identity::operator_from_env, serve::serve_with, shutdown, wiring};
use crate::{
    adapters::{
        console::{Console, EditorOptions, ExitCode, Style, TerminalReplier, Vocabulary},
        telegram::Limits,
    },
    domain::{
        actor::{Place, Sender},
        language::Language,
        name::RequestId,
    },
    reply,
    sandbox::{
        kubernetes::kind::Kind,
        page::PageServer,
        stage::Stage,
        telegram::{Chat, Options, TelegramServer, User},
        world::{self, World},
    },
    usecase::{Handling, Input, Request, Service},
};

/// The pace at which the bot speaks: Telegram's own limits don't bind here, and rollouts of a few seconds want to be seen.
const LIMITS: Limits = Limits {
    burst: 10,
    per_message: Duration::from_millis(100),
    group_per_minute: 600,
    per_second: 30,
    progress_every: Duration::from_millis(600),
};

/// How long the bot may take to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the playground until its input ends or it is told to stop.
///
/// Its exit code is that of the worst answer; a refusal is an answer like any other and doesn't count.
///
/// # Errors
/// When the world can't be started in the folder, or the bot can't be started in the world.
pub(super) async fn run(args: &PlaygroundArgs, language: Language) -> Result<ExitCode> {
    let stop = shutdown::on_signal().context("signals")?;
    // Removed when it is dropped, at the very end.
    let (dir, _temporary) = match &args.dir {
        Some(dir) => (dir.clone(), None),
        None => {
            let made = tempfile::Builder::new().prefix("tiphys-playground-").tempdir().context("a temporary folder")?;
            (made.path().to_owned(), Some(made))
        }
    };
    let (dir, _claim) = folder(&dir)?;
    let scene = Scene::build(&dir, args.listen, language).await?;
    let service = wiring::service(&scene.config).await?;
    let bot = {
        let (config, service, stop) = (scene.config.clone(), service.clone(), stop.clone());
        tokio::spawn(async move {
            let outcome = serve_with(&config, service, LIMITS, stop.clone()).await;
            // Without its bot the playground is over.
            stop.cancel();
            outcome
        })
    };
    let outcome = converse(&scene, &service, language, &dir, &stop).await;
    // However it ended: the bot works in the folder, which may be about to be removed.
    stop.cancel();
    match tokio::time::timeout(PATIENCE, bot).await {
        Ok(Ok(served)) => served?,
        Ok(Err(error)) => warn!(%error, "the bot ended abruptly"),
        Err(_) => warn!("the bot did not stop in time"),
    }
    outcome
}

/// Greets, and carries out what is typed or piped in.
async fn converse(
    scene: &Scene,
    service: &Service,
    language: Language,
    dir: &Path,
    stop: &CancellationToken,
) -> Result<ExitCode> {
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let welcome = reply::welcome(language, &scene.page.url(), dir, terminal);
    io::stdout().write_all(welcome.as_bytes()).and_then(|()| io::stdout().flush()).context("standard output")?;
    let session = Session { service: service.clone(), language, sender: operator_from_env(|n| std::env::var(n).ok()) };
    let lines = || Console::piped(io::stdin(), io::stdout());
    if terminal {
        shutdown::on_hangup(stop.clone()).context("signals")?;
        let options = EditorOptions {
            prompt: "tiphys> ".to_owned(),
            history: Some(dir.join("history")),
            vocabulary: vocabulary(service, scene),
        };
        // A terminal that can't move its cursor still has lines.
        let console = Console::interactive(options).or_else(|_| lines()).context("the terminal")?;
        if !session.talk(console, stop).await {
            // On a line of its own, also where the prompt stands.
            drop(writeln!(io::stdout(), "\r\x1b[K{}", reply::unfinished(language)));
        }
        return Ok(ExitCode::Done);
    }
    let worst = session.play(lines().context("standard input")?, stop).await?;
    tokio::select! {
        // What was asked for on the page.
        () = service.idle() => {}
        () = stop.cancelled() => {}
    }
    Ok(worst)
}

/// Makes the folder, sees that it may be used, and gives its absolute path, and the file that claims it.
fn folder(dir: &Path) -> Result<(PathBuf, File)> {
    let named = || format!("the folder {}", dir.display());
    std::fs::create_dir_all(dir).with_context(named)?;
    let dir = dir.canonicalize().with_context(named)?;
    let writable = dir.to_str().is_some_and(|name| !name.chars().any(char::is_control));
    ensure!(writable, "{:?}: a configuration can't name this folder", dir);
    let claim = config::claim(&dir)?;
    Ok((dir, claim))
}

/// The world with the page in front of it, and the bot's configuration for it.
struct Scene {
    world: Arc<World>,
    page: PageServer,
    config: Arc<Config>,
    _telegram: TelegramServer,
}

impl Scene {
    async fn build(dir: &Path, listen: Option<SocketAddr>, language: Language) -> Result<Self> {
        let world = Arc::new(World::start(world::Options::new(dir)).await.context("the sandbox")?);
        let cast = config::cast(language);
        let mut options = Options::new(config::TOKEN).chat(Chat::supergroup(config::CHAT, config::title(language)));
        options.users = cast.iter().map(|person| User::person(person.id, person.name.clone())).collect();
        let telegram = TelegramServer::start(options).await.context("the sandbox's Bot API")?;
        let code = match language {
            Language::Ru => "ru",
            Language::En => "en",
        };
        let stage = Stage::new(Arc::clone(&world), telegram.hub(), config::CHAT, code, cast);
        let listen = listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let page =
            PageServer::start(listen, Arc::new(stage)).await.with_context(|| format!("listening on {listen}"))?;
        if !page.addr().ip().is_loopback() {
            warn!(address = %page.addr(), "the page has no login: whoever can connect to it can speak as anybody");
        }
        let file = config::write(dir, &world, &telegram.url(), &page.url(), language).context("the configuration")?;
        let config = Arc::new(Config::load(&file)?);
        Ok(Self { world, page, config, _telegram: telegram })
    }
}

fn vocabulary(service: &Service, scene: &Scene) -> Arc<dyn Fn() -> Vocabulary + Send + Sync> {
    let catalogue = service.catalogue().clone();
    let world = Arc::clone(&scene.world);
    Arc::new(move || {
        let targets = catalogue.applications.iter().flat_map(|application| {
            let name = application.name.to_string();
            let environments = application.environments.iter().map(move |e| format!("{}/{}", application.name, e.name));
            std::iter::once(name).chain(environments)
        });
        let mut tags: Vec<String> =
            catalogue.applications.iter().flat_map(|a| world.registry().tags(a.image.repository())).collect();
        tags.reverse();
        let objects = world.kubernetes().store().names();
        let named = |kind: Kind, namespaces: &BTreeSet<&str>| {
            let found = objects.iter().filter(|(its, of, _)| *its == kind && namespaces.contains(of.as_str()));
            found.map(|(_, _, name)| name.clone()).collect()
        };
        let namespaces = catalogue.applications.iter().flat_map(|application| &application.environments);
        let namespaces = namespaces.map(|environment| environment.workload.namespace.as_str()).collect();
        let (nodes, pods) = (named(Kind::Node, &BTreeSet::from([""])), named(Kind::Pod, &namespaces));
        Vocabulary { targets: targets.collect(), tags, nodes, pods }
    })
}

/// Somebody who types commands into the playground's terminal or pipe.
struct Session {
    service: Service,
    language: Language,
    sender: Sender,
}

impl Session {
    /// Takes lines as they come; a rollout under way doesn't hold up the next one. Returns whether all had their last
    /// answer when the input ended.
    async fn talk(&self, mut console: Console, stop: &CancellationToken) -> bool {
        let mut tasks = JoinSet::new();
        for number in 1.. {
            let line = tokio::select! {
                () = stop.cancelled() => {
                    // Off the prompt's line; the terminal may be gone.
                    drop(writeln!(io::stdout()));
                    break;
                }
                line = console.lines.recv() => line,
            };
            let Some(line) = line.filter(|line| !matches!(line.trim(), "exit" | "quit")) else { break };
            let replier = TerminalReplier::new(console.printer.clone(), Style::Lines, self.language);
            let replier = Arc::new(replier.with_commands());
            let request = self.request(&line, number, replier);
            let service = self.service.clone();
            let (mut printer, language) = (console.printer.clone(), self.language);
            tasks.spawn(async move {
                match service.handle(request).await {
                    Handling::NotOurs => {
                        // A closed terminal leaves nobody to tell.
                        drop(writeln!(printer, "{}", reply::not_ours(language)).and_then(|()| printer.flush()));
                    }
                    Handling::Settled(settled) => drop(settled.last_answer().await),
                    Handling::Unsettled => {}
                }
            });
        }
        while tasks.try_join_next().is_some() {}
        tasks.is_empty()
    }

    /// Carries out line after line, each to its end, and tells the worst that happened.
    ///
    /// # Errors
    /// When nobody reads the replies any more: what was still to come isn't carried out.
    async fn play(&self, mut console: Console, stop: &CancellationToken) -> Result<ExitCode> {
        let mut worst = ExitCode::Done;
        for number in 1.. {
            let line = tokio::select! {
                () = stop.cancelled() => break,
                line = console.lines.recv() => line,
            };
            let Some(line) = line else { break };
            let shown: String = line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
            let echoed = writeln!(console.printer, "\n> {shown}").and_then(|()| console.printer.flush());
            echoed.context("standard output")?;
            let replier = TerminalReplier::new(console.printer.clone(), Style::Lines, self.language);
            let replier = Arc::new(replier.with_commands());
            let code = match self.service.handle(self.request(&line, number, replier)).await {
                Handling::NotOurs => {
                    let told = writeln!(console.printer, "{}", reply::not_ours(self.language));
                    told.and_then(|()| console.printer.flush()).context("standard output")?;
                    ExitCode::Done
                }
                Handling::Unsettled => ExitCode::Failed,
                Handling::Settled(settled) => {
                    let answer = settled.last_answer().await;
                    // Cut off by a signal.
                    if answer.is_final() { ExitCode::of(&answer) } else { ExitCode::NotLive }
                }
            };
            if !matches!(code, ExitCode::Refused | ExitCode::Usage) {
                worst = worst.max(code);
            }
        }
        Ok(worst)
    }

    fn request<W: Write + Send + 'static>(&self, line: &str, number: u32, replier: Arc<TerminalReplier<W>>) -> Request {
        let line = line.trim();
        let text = if line.starts_with('/') { line.to_owned() } else { format!("/{line}") };
        let moment = Timestamp::now().as_millisecond();
        let id = format!("console/{}-{moment}/{number}", std::process::id());
        Request {
            id: RequestId::new(id).expect("digits and slashes are a request id"),
            sender: self.sender.clone(),
            place: Place::Terminal,
            input: Input::Text { text, bot: None },
            replier,
            force: false,
        }
    }
}
