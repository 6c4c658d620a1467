//! `tiphys playground`: the production bot in a small world on this machine.

mod config;

use std::{
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{cli::PlaygroundArgs, config::Config, identity::operator_from_env, serve::serve_with, shutdown, wiring};
use crate::{
    adapters::{
        console::{Console, EditorOptions, ExitCode, Style, TerminalReplier, Vocabulary},
        telegram::Limits,
    },
    domain::{
        actor::{Place, Sender},
        answer::Answer,
        language::Language,
        name::RequestId,
    },
    reply,
    sandbox::{
        page::PageServer,
        stage::Stage,
        telegram::{Chat, Options, TelegramServer, User},
        world::{self, World},
    },
    usecase::{Handling, Input, Request, Service},
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
    let temporary = match &args.dir {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("tiphys-playground-").tempdir().context("a temporary folder")?),
    };
    let dir = match (&args.dir, &temporary) {
        (Some(dir), _) => dir.clone(),
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => PathBuf::from("."),
    };
    std::fs::create_dir_all(&dir).with_context(|| format!("the folder {}", dir.display()))?;
    let dir = dir.canonicalize().with_context(|| format!("the folder {}", dir.display()))?;
    let scene = Scene::build(&dir, args.listen, language).await?;
    let service = wiring::service(&scene.config).await?;
    let bot = {
        let (config, service, stop) = (scene.config.clone(), service.clone(), stop.clone());
        tokio::spawn(async move { serve_with(&config, service, Limits::default(), stop).await })
    };
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let welcome = reply::welcome(language, &scene.page.url(), &dir, terminal);
    let console = if terminal {
        print!("{welcome}");
        Console::interactive(EditorOptions {
            prompt: "tiphys> ".to_owned(),
            history: Some(dir.join("history")),
            vocabulary: vocabulary(&service, &scene),
        })
    } else {
        print!("{welcome}");
        Console::piped(io::stdin(), io::stdout())
    }
    .context("the terminal")?;
    drop(io::stdout().flush());

    let session = Session { service: service.clone(), language, sender: operator_from_env(|n| std::env::var(n).ok()) };
    let code = if terminal { session.talk(console, &stop).await } else { session.play(console, &stop).await };
    if !stop.is_cancelled() && !terminal {
        service.idle().await;
    }
    stop.cancel();
    match tokio::time::timeout(PATIENCE, bot).await {
        Ok(Ok(outcome)) => outcome?,
        Ok(Err(error)) => warn!(%error, "the bot ended abruptly"),
        Err(_) => warn!("the bot did not stop in time"),
    }
    Ok(code)
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
        Vocabulary { targets: targets.collect(), tags }
    })
}

/// Somebody who types commands into the playground's terminal or pipe.
struct Session {
    service: Service,
    language: Language,
    sender: Sender,
}

impl Session {
    /// Takes lines as they come; a rollout under way doesn't hold up the next one.
    async fn talk(&self, mut console: Console, stop: &CancellationToken) -> ExitCode {
        let mut tasks = JoinSet::new();
        let mut number = 0;
        loop {
            let line = tokio::select! {
                () = stop.cancelled() => break,
                line = console.lines.recv() => line,
            };
            let Some(line) = line.filter(|line| !matches!(line.trim(), "exit" | "quit")) else { break };
            number += 1;
            let replier = Arc::new(TerminalReplier::new(console.printer.clone(), Style::Lines, self.language));
            let request = self.request(&line, number, replier);
            let service = self.service.clone();
            tasks.spawn(async move { drop(answer(&service, request).await) });
        }
        ExitCode::Done
    }

    /// Carries out line after line, each to its end, and tells the worst that happened.
    async fn play(&self, mut console: Console, stop: &CancellationToken) -> ExitCode {
        let mut worst = ExitCode::Done;
        let mut number = 0;
        while let Some(line) = tokio::select! {
            () = stop.cancelled() => None,
            line = console.lines.recv() => line,
        } {
            number += 1;
            // A closed pipe ends the play with the next reply.
            drop(writeln!(console.printer, "\n> {line}").and_then(|()| console.printer.flush()));
            let replier = Arc::new(TerminalReplier::new(console.printer.clone(), Style::Lines, self.language));
            let code = match answer(&self.service, self.request(&line, number, replier)).await {
                Some(answer) => ExitCode::of(&answer),
                None => ExitCode::Failed,
            };
            if !matches!(code, ExitCode::Refused | ExitCode::Usage) && code as u8 > worst as u8 {
                worst = code;
            }
        }
        worst
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

/// The last answer to a request; `None` when it could not be settled.
async fn answer(service: &Service, request: Request) -> Option<Answer> {
    match service.handle(request).await {
        Handling::Settled(settled) => Some(settled.last_answer().await),
        Handling::NotOurs | Handling::Unsettled => None,
    }
}
