//! One command from a shell or a CI job: the same road as a chat's, then an exit code.

use std::{io, sync::Arc, time::Duration};

use anyhow::{Result, bail};

use super::{
    cli::{Command, DeployArgs},
    config::{Config, Fault, Faults},
    identity::{operator_from_env, request_id_from_env},
    wiring,
};
use crate::{
    adapters::console::{ExitCode, Style, TerminalReplier},
    domain::{actor::Place, answer::Answer},
    ports::Replier,
    usecase::{Handling, Input, Request, Service, Settled},
};

/// How long a rollout that nobody waits for may take to let go.
const GRACE: Duration = Duration::from_millis(200);

/// Runs the command and tells how it ended.
///
/// # Errors
/// When the configuration can't be put to work, or nobody can be told the answer.
pub(super) async fn run(config: &Config, command: &Command) -> Result<ExitCode> {
    let (input, words) = match (command, command.words()) {
        (Command::Review(args), _) => args.input(),
        (_, Some(words)) => {
            let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            (Input::Words(words.clone()), words)
        }
        (_, None) => bail!("this command has no one-shot form"),
    };
    let mutation = command.mutation();
    let wait = mutation.is_some_and(|args| args.wait);
    if wait && config.kubernetes.is_none() {
        let fault = Fault::whole("missing key \"kubernetes\", which --wait needs");
        return Err(Faults::new(&config.file, vec![fault]).into());
    }
    let mut config = config.clone();
    // Nothing else can come to share its push.
    config.publish.settle = Duration::ZERO;
    if let Some(timeout) = mutation.and_then(|args| args.timeout) {
        config.follow.deadline = timeout;
    }
    let service = wiring::service(&config).await?;
    let env = |name: &str| std::env::var(name).ok();
    let replier = Arc::new(TerminalReplier::new(io::stdout(), Style::of_stdout(command.json()), config.language));
    let request = Request {
        id: mutation.and_then(|args| args.request_id.clone()).unwrap_or_else(|| request_id_from_env(env, &words)),
        sender: operator_from_env(env),
        place: Place::Terminal,
        input,
        replier: Arc::clone(&replier) as Arc<dyn Replier>,
        force: match command {
            Command::Deploy(DeployArgs { force, .. }) => *force,
            Command::Review(args) => args.force(),
            _ => false,
        },
    };
    let answer: Option<Answer> = match service.handle(request).await {
        Handling::Settled(settled) if wait => Some(waited_for(&service, *settled, &replier).await),
        Handling::Settled(settled) => Some(settled.answer),
        Handling::NotOurs | Handling::Unsettled => None,
    };
    service.shut_down(GRACE).await;
    let shown = match replier.finish() {
        // What was changed is changed, whether or not it could be printed: the exit code must not call it a failure.
        Err(error) if mutation.is_some() && answer.is_some() => {
            tracing::error!(%error, "the answer could not be printed");
            None
        }
        shown => shown?,
    };
    Ok(answer.or(shown).as_ref().map_or(ExitCode::Failed, ExitCode::of))
}

/// The last answer. What the manifests say already may not be live: then that is waited for.
async fn waited_for(service: &Service, settled: Settled, replier: &Arc<TerminalReplier<io::Stdout>>) -> Answer {
    let answer = settled.last_answer().await;
    let Answer::AlreadySo { site, mutation } = &answer else { return answer };
    let replier = Arc::clone(replier) as Arc<dyn Replier>;
    service.follow_standing(site.clone(), mutation.clone(), replier).await.unwrap_or(answer)
}
