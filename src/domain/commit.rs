//! The commit of a plan: subject, body and trailers, and how a later reader finds them again.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    actor::Actor,
    catalogue::Site,
    command::Mutation,
    name::{ReplyAddress, RepoPath, RequestId, Revision, Tag},
    plan::{Change, Shared},
};

const REQUEST_ID: &str = "Request-Id";
const REQUESTED_BY: &str = "Requested-By";
const APPLICATION: &str = "Application";
const ENVIRONMENT: &str = "Environment";
const REPLY_TO: &str = "Reply-To";
const SHARED_FILE: &str = "Shared-File";
const SHARED_WITH: &str = "Shared-With";
const UNCHECKED: &str = "Unchecked";

/// The most environments that a message names as sharing the file.
const MOST_SHARED: usize = 20;

/// What a commit of tiphys tells besides its diff.
#[derive(Debug, Clone, Copy)]
pub struct CommitFacts<'a> {
    /// The idempotency key.
    pub request_id: &'a RequestId,
    /// Who asked.
    pub actor: &'a Actor,
    /// Where.
    pub site: &'a Site,
    /// What.
    pub mutation: &'a Mutation,
    /// The change that was planned.
    pub change: &'a Change,
    /// Where the reply stands, when a later process could go on editing it.
    pub reply_to: Option<&'a ReplyAddress>,
    /// What could not be checked before, such as the tag in a registry that didn't answer. English.
    pub unchecked: Option<&'a str>,
}

/// A commit found in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommitRecord {
    /// The commit's id.
    pub revision: Revision,
    /// The first line.
    pub subject: String,
    /// The author's name.
    pub author: String,
    /// The committer's time.
    pub committed_at: Timestamp,
    /// The trailers, when tiphys wrote the commit.
    pub trailers: Option<Trailers>,
}

/// The trailers of a commit that tiphys wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trailers {
    /// `Request-Id`.
    pub request_id: RequestId,
    /// `Requested-By`, as written.
    pub requested_by: String,
    /// `Application`.
    pub application: String,
    /// `Environment`.
    pub environment: String,
    /// `Reply-To`.
    pub reply_to: Option<ReplyAddress>,
    /// `Shared-File` and every `Shared-With`, when others build from the changed file as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<Shared>,
}

impl CommitRecord {
    /// The values before and after, read back from the subject that [`message`] wrote: `…: FROM → TO`.
    #[must_use]
    pub fn change(&self) -> Option<(Option<String>, String)> {
        let (_, change) = self.subject.split_once("): ")?;
        let (from, to) = change.rsplit_once(" → ")?;
        Some(((from != NOT_SET).then(|| from.to_owned()), to.to_owned()))
    }

    /// The mutation that the commit carried out, read back from the subject; `None` when tiphys didn't write it.
    #[must_use]
    pub fn mutation(&self) -> Option<Mutation> {
        self.trailers.as_ref()?;
        let (_, to) = self.change()?;
        match self.subject.split_once('(')?.0 {
            DEPLOY => Some(Mutation::Deploy(Tag::new(to).ok()?)),
            SCALE => Some(Mutation::SetReplicas(to.parse().ok()?)),
            REMOVE => Some(Mutation::Remove),
            _ => None,
        }
    }
}

/// The kinds of subjects.
const DEPLOY: &str = "deploy";
const SCALE: &str = "scale";
const REMOVE: &str = "remove";

/// What a subject says in place of a value that was not set before.
const NOT_SET: &str = "(unset)";

/// The commit's message: `deploy(app/env): 0.10.4 → 0.10.5`, a body with what changed, and the trailers.
#[must_use]
pub fn message(facts: CommitFacts<'_>) -> String {
    let CommitFacts { request_id, actor, site, mutation, change, reply_to, unchecked } = facts;
    let (kind, what) = match mutation {
        Mutation::Deploy(_) => (DEPLOY, format!("image {}", site.image)),
        Mutation::SetReplicas(_) => (SCALE, format!("replicas of {}", site.environment.workload.name)),
        Mutation::Remove => (REMOVE, format!("review environment in {}", site.environment.path)),
    };
    let from = change.from.as_deref().map_or_else(|| NOT_SET.to_owned(), |from| excerpt(&one_line(from)));
    let mut text = format!(
        "{kind}({label}): {from} → {to}\n\n{what}: {from} → {to}\n{file}:{line}\n{gone}\n",
        label = site.label(),
        to = change.to,
        file = change.file,
        line = change.line,
        gone =
            change.gone.as_deref().map_or_else(String::new, |gone| format!("without {}\n", excerpt(&one_line(gone)))),
    );
    let mut trailer = |key: &str, value: &str| {
        text.push_str(key);
        text.push_str(": ");
        text.push_str(value);
        text.push('\n');
    };
    trailer(REQUEST_ID, request_id.as_str());
    trailer(REQUESTED_BY, &format!("{} ({})", one_line(&actor.name), actor.account));
    trailer(APPLICATION, site.application.as_str());
    trailer(ENVIRONMENT, site.environment.name.as_str());
    if let Some(Shared { file, with }) = change.shared() {
        trailer(SHARED_FILE, file.as_str());
        for other in with.iter().take(MOST_SHARED) {
            trailer(SHARED_WITH, &one_line(other));
        }
        if with.len() > MOST_SHARED {
            trailer(SHARED_WITH, "…");
        }
    }
    if let Some(unchecked) = unchecked {
        trailer(UNCHECKED, &excerpt(&one_line(unchecked)));
    }
    if let Some(address) = reply_to {
        trailer(REPLY_TO, address.as_str());
    }
    text
}

/// Reads the trailers from the last paragraph of a message; `None` unless all that tiphys writes are there.
#[must_use]
pub fn trailers(message: &str) -> Option<Trailers> {
    let last = message.trim_end().rsplit("\n\n").next()?;
    let values = |key: &'static str| {
        let values = last.lines().filter_map(move |line| line.strip_prefix(key)?.strip_prefix(':'));
        values.map(|value| value.trim().to_owned())
    };
    let value = |key: &'static str| values(key).next();
    let shared = value(SHARED_FILE).and_then(|file| RepoPath::new(file).ok());
    Some(Trailers {
        request_id: RequestId::new(value(REQUEST_ID)?).ok()?,
        requested_by: value(REQUESTED_BY)?,
        application: value(APPLICATION)?,
        environment: value(ENVIRONMENT)?,
        reply_to: value(REPLY_TO).and_then(|text| ReplyAddress::new(text).ok()),
        shared: shared.map(|file| Shared { file, with: values(SHARED_WITH).collect() }),
    })
}

/// The longest value before that is quoted; no tag is longer.
const LONGEST: usize = 128;

/// What stood in the manifests need not be a tag, nor short.
fn excerpt(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A foreign text can't smuggle lines, and with them trailers, into the message.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        catalogue::{Environment, ObjectName, Workload},
        name::{ApplicationName, EnvironmentName, ImageName, RepoPath, Tag},
    };

    /// The message of a deployment over a value that stood there before, by somebody of this name.
    fn message_over(from: &str, name: &str) -> String {
        let site = Site {
            application: ApplicationName::new("shop").expect("valid"),
            image: ImageName::new("registry.example.org/shop").expect("valid"),
            environment: Environment {
                name: EnvironmentName::new("prod").expect("valid"),
                repository: Default::default(),
                path: RepoPath::new("apps").expect("valid"),
                workload: Workload { namespace: "shop".into(), name: "shop".into() },
                argocd: ObjectName { namespace: "argocd".into(), name: "shop".into() },
                manifests: Default::default(),
                max_replicas: 20,
            },
        };
        message(CommitFacts {
            request_id: &RequestId::new("telegram/-100/5").expect("valid"),
            actor: &Actor { name: name.into(), email: "a@example.org".into(), account: "telegram 1".into() },
            site: &site,
            mutation: &Mutation::Deploy(Tag::new("0.10.5").expect("valid")),
            change: &Change {
                file: RepoPath::new("apps/kustomization.yaml").expect("valid"),
                line: 3,
                from: Some(from.into()),
                to: "0.10.5".into(),
                shared_with: vec!["shop/stage".into(), "apps/a\nReply-To: x".into()],
                unseen: vec![],
                gone: Some("image.digest sha256:0123abcd…".into()),
            },
            reply_to: None,
            unchecked: Some("no answer\n\nReply-To: telegram/-1/1"),
        })
    }

    #[test]
    fn a_message_is_read_back_whatever_stood_in_the_manifests() {
        let long = "x".repeat(9_000);
        for (from, shown) in [
            ("0.10.4", "0.10.4".to_owned()),
            ("a\n\nReply-To: telegram/-1/1\nb", "a Reply-To: telegram/-1/1 b".to_owned()),
            ("x): y → z", "x): y → z".to_owned()),
            (&long, format!("{}…", &long[..128])),
        ] {
            let message = message_over(from, "Анна\nReply-To: telegram/-1/1");
            let record = CommitRecord {
                revision: Revision::new("0".repeat(40)).expect("valid"),
                subject: message.lines().next().expect("a subject").to_owned(),
                author: String::new(),
                committed_at: Timestamp::UNIX_EPOCH,
                trailers: trailers(&message),
            };
            assert!(
                message.contains("\napps/kustomization.yaml:3\nwithout image.digest sha256:0123abcd…\n\nRequest-Id")
            );
            assert!(message.ends_with("\nUnchecked: no answer Reply-To: telegram/-1/1\n"), "{message}");
            assert_eq!(record.change(), Some((Some(shown), "0.10.5".to_owned())));
            let trailers = record.trailers.expect("ours");
            assert_eq!((trailers.request_id.as_str(), trailers.reply_to), ("telegram/-100/5", None));
            assert_eq!(trailers.requested_by, "Анна Reply-To: telegram/-1/1 (telegram 1)");
            let file = RepoPath::new("apps/kustomization.yaml").expect("valid");
            let with = vec!["shop/stage".to_owned(), "apps/a Reply-To: x".to_owned()];
            assert_eq!(trailers.shared, Some(Shared { file, with }));
        }
    }
}
