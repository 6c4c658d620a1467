//! `tiphys serve`: the Telegram front on the use cases, until it is told to stop.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{config::Config, wiring};
use crate::{
    adapters::telegram::{Handler, Incoming, Limits, Options, Settled, Telegram},
    domain::language::Language,
    reply,
    usecase::{Handling, Input, Request, Service},
};

/// How long a push may go on after the front has stopped waiting for it.
const GRACE: Duration = Duration::from_secs(2);

/// Runs the bot until `stop`; what is being pushed then is finished and confirmed first.
///
/// # Errors
/// When the configuration lacks what the bot needs, or Telegram doesn't accept the token.
pub async fn serve(config: Arc<Config>, stop: CancellationToken) -> Result<()> {
    let service = wiring::service(&config).await?;
    serve_with(&config, service, Limits::default(), stop).await
}

/// Runs the Telegram front on use cases that others may share.
pub(super) async fn serve_with(
    config: &Config,
    service: Service,
    limits: Limits,
    stop: CancellationToken,
) -> Result<()> {
    let (telegram, _) = config.for_serve()?;
    let token = telegram.token.read().context("telegram")?;
    let menu = |language| {
        let entries = reply::menu(language).into_iter().map(|(word, text)| (word.to_owned(), text));
        (language, entries.collect())
    };
    let options = Options {
        api_url: telegram.api_url.clone(),
        ca_file: telegram.ca_file.clone(),
        language: config.language,
        chats: telegram.chats.iter().map(|chat| (chat.id, chat.language)).collect(),
        private_chats: config.people.iter().filter(|_| telegram.private_chats).map(|person| person.id).collect(),
        menu: Language::ALL.into_iter().map(menu).collect(),
        limits,
        ..Options::new(token)
    };
    let front = Telegram::new(options).context("telegram")?;
    info!(version = env!("CARGO_PKG_VERSION"), applications = config.catalogue().applications.len(), "starting");
    // Looking for unfinished rollouts needs a fetch; commands that come meanwhile wait for the same one.
    drop(service.resume(front.replier_at()));
    // The front takes no more and lets the commands in work come to their end; only then the use cases stop.
    let outcome = front.run(Arc::new(Front(service.clone())), stop).await;
    service.shut_down(GRACE).await;
    info!("stopped");
    outcome.context("telegram")
}

/// The use cases as the Telegram front sees them.
struct Front(Service);

#[async_trait]
impl Handler for Front {
    async fn handle(&self, incoming: Incoming) -> Settled {
        let request = Request {
            id: incoming.request_id,
            sender: incoming.sender,
            place: incoming.place,
            input: Input::Text { text: incoming.text, bot: Some(incoming.bot.to_string()) },
            replier: incoming.replier,
            force: false,
        };
        match self.0.handle(request).await {
            // Dropping a settled command lets its rollout go on.
            Handling::NotOurs | Handling::Settled(_) => Settled::Done,
            Handling::Unsettled => Settled::NotYet,
        }
    }
}
