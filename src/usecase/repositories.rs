//! The manifests repositories: each branch has a writer, a first fetch and a memory of its own, so that one that is slow
//! or away holds up nobody else.

use std::{
    collections::{BTreeMap, btree_map},
    sync::Arc,
};

use tokio_util::sync::CancellationToken;
use tracing::{info_span, warn};

use super::{
    ancestry::Ancestry,
    fetches::Fetches,
    publish::{PublishError, PublishSettings, Publisher},
};
use crate::{
    domain::{
        answer::{FailureKind, Refusal},
        catalogue::{Catalogue, Environment, RepositoryBranch},
        name::Revision,
        review::ReviewRules,
        unread::Unread,
    },
    ports::{Clock, ManifestRepository, RepositoryError},
};

/// A branch of a manifests repository, as the service needs it. Cheap to clone.
#[derive(Clone)]
pub struct RepositoryPort {
    /// The way to it.
    pub repository: Arc<dyn ManifestRepository>,
    /// What people call it; messages name it where there are several.
    pub label: String,
    /// The forge's page of the repository, for links to commits.
    pub web_url: Option<String>,
}

/// Every branch that an environment is on.
pub(super) struct Repositories(BTreeMap<RepositoryBranch, Branch>);

/// One branch, with what belongs to it alone.
pub(super) struct Branch {
    pub(super) repository: Arc<dyn ManifestRepository>,
    pub(super) publisher: Publisher,
    pub(super) ancestry: Ancestry,
    /// The name for messages, where there are several branches.
    pub(super) label: Option<String>,
    /// What people know it by.
    name: String,
    web_url: Option<String>,
    fetches: Fetches,
}

impl Repositories {
    /// Starts a writer for each branch.
    ///
    /// # Panics
    /// When an environment is on a branch that isn't among the ports: they are made from the same configuration.
    pub(super) fn start(
        ports: BTreeMap<RepositoryBranch, RepositoryPort>,
        clock: &Arc<dyn Clock>,
        catalogue: &Catalogue,
        reviews: &[ReviewRules],
        settings: PublishSettings,
        stop: &CancellationToken,
    ) -> Self {
        let environments = catalogue.applications.iter().flat_map(|application| &application.environments);
        let needed = environments.map(|environment| &environment.repository);
        for repository in needed.chain(reviews.iter().map(|rules| &rules.repository)) {
            assert!(ports.contains_key(repository), "there is no way to {repository}");
        }
        let several = ports.len() > 1;
        let catalogue = Arc::new(catalogue.clone());
        let branches = ports.into_iter().map(|(key, RepositoryPort { repository, label, web_url })| {
            let name = label.clone();
            let label = several.then_some(label);
            // What a writer logs tells whose it is.
            let span = label.as_ref().map(|label| info_span!("writer", repository = label));
            let start = || {
                Publisher::start(
                    Arc::clone(&repository),
                    Arc::clone(clock),
                    Arc::clone(&catalogue),
                    settings,
                    stop.clone(),
                )
            };
            let publisher = match span {
                Some(span) => span.in_scope(start),
                None => start(),
            };
            let (ancestry, fetches) = (Ancestry::default(), Fetches::default());
            (key, Branch { repository, publisher, ancestry, label, name, web_url, fetches })
        });
        Self(branches.collect())
    }

    /// The branch that an environment is on.
    pub(super) fn of(&self, environment: &Environment) -> &Branch {
        self.at(&environment.repository)
    }

    /// The branch of that name, which an environment of the catalogue has.
    pub(super) fn at(&self, key: &RepositoryBranch) -> &Branch {
        self.0.get(key).expect("every environment's branch was found among the ports at the start")
    }

    /// The names of all branches.
    pub(super) fn keys(&self) -> btree_map::Keys<'_, RepositoryBranch, Branch> {
        self.0.keys()
    }
}

impl Branch {
    /// Fetches once in the life of the process: after that the requests of an earlier process can be found.
    pub(super) async fn first_fetch(&self) -> Result<(), RepositoryError> {
        self.fetches.first(self.repository.as_ref()).await.inspect_err(|error| self.complain(error))
    }

    /// Fetches now, or waits for a fetch that begins after this call.
    pub(super) async fn fresh_fetch(&self) -> Result<(), RepositoryError> {
        self.fetches.fresh(self.repository.as_ref()).await.inspect_err(|error| self.complain(error))
    }

    fn complain(&self, error: &RepositoryError) {
        warn!(repository = self.name, %error, "the manifests repository could not be fetched");
    }

    /// A text about this branch, which says so where there are several.
    pub(super) fn named(&self, text: &str) -> String {
        match &self.label {
            Some(label) => format!("{label}: {text}"),
            None => text.to_owned(),
        }
    }

    /// Why this branch could not be read, which says so where there are several.
    pub(super) fn unread(&self, reason: Unread) -> Unread {
        match &self.label {
            Some(label) => Unread::In { repository: label.clone(), reason: Box::new(reason) },
            None => reason,
        }
    }

    /// The same of an error of this branch's.
    pub(super) fn named_error(&self, error: PublishError) -> PublishError {
        match error {
            // Without its name, nobody knows what can't be found or reached.
            PublishError::Failed(mut failure)
                if matches!(
                    failure.kind,
                    FailureKind::RepositoryUnreachable | FailureKind::RepositoryAuthentication
                ) =>
            {
                failure.detail = format!("{}: {}", self.name, failure.detail);
                PublishError::Failed(failure)
            }
            PublishError::Failed(mut failure) if failure.kind != FailureKind::Internal => {
                failure.detail = self.named(&failure.detail);
                PublishError::Failed(failure)
            }
            PublishError::Refused(refusal) => PublishError::Refused(Box::new(match *refusal {
                Refusal::PushRefused { message } => Refusal::PushRefused { message: self.named(&message) },
                Refusal::NoBranch { branch, .. } => Refusal::NoBranch { branch, repository: self.label.clone() },
                Refusal::Busy { waiting, .. } => Refusal::Busy { waiting, repository: self.label.clone() },
                other => other,
            })),
            other => other,
        }
    }

    /// The commit's page, when the forge's web address is configured.
    pub(super) fn commit_url(&self, revision: &Revision) -> Option<String> {
        let base = self.web_url.as_deref()?;
        Some(format!("{}/-/commit/{revision}", base.trim_end_matches('/')))
    }
}
