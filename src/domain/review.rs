//! Review environments: what the configuration says of an application's, and the site that one of them is.

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    catalogue::{Environment, Manifests, ObjectName, RepositoryBranch, ResolveError, Site, Workload},
    name::{ApplicationName, EnvironmentName, ImageName, RepoPath, Tag},
};
use crate::manifest::sources;

/// What stands for an environment's name in the templates of the configuration.
pub const PLACEHOLDER: &str = "{name}";

/// What the environments' names begin with, so that no environment of the configuration is taken for one of them.
pub const PREFIX: &str = "review-";

/// The longest name of a namespace, and of all else that becomes a label's value or a host's name.
const LONGEST: usize = 63;

/// How many hexadecimal digits tell shortened names apart.
const DIGITS: usize = 8;

/// The fewest characters that templates must leave for the name: three of it, a hyphen and the digits.
const LEAST: usize = 3 + 1 + DIGITS;

/// A command about a review environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewCommand {
    /// The application, unless there is just one that has review environments.
    pub application: Option<String>,
    /// The name of the environment, such as a branch's slug.
    pub name: EnvironmentName,
    /// What is to be done.
    pub change: ReviewChange,
}

/// What can be done with a review environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewChange {
    /// Makes it, or gives it another tag.
    Create(Tag),
    /// Takes it away.
    Remove,
}

/// The review environments of an application, as the configuration describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRules {
    /// The application.
    pub application: ApplicationName,
    /// Its image.
    pub image: ImageName,
    /// The branch of the manifests repository that they are on.
    pub repository: RepositoryBranch,
    /// Where they are, and what they are called.
    pub templates: Templates,
    /// What they build on, from an environment's folder, such as `../../base`.
    pub base: String,
    /// The Deployment's name in the base.
    pub workload: String,
    /// The namespace of the Argo CD Applications.
    pub argocd_namespace: String,
    /// How many there may be at a time.
    pub max: usize,
}

/// The names of a review environment, each with [`PLACEHOLDER`] in the place of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Templates {
    /// The folder in the repository; its last part is [`PLACEHOLDER`].
    pub path: String,
    /// The namespace.
    pub namespace: String,
    /// The Argo CD Application.
    pub argocd: String,
    /// What is put behind the names of all objects, where environments share a namespace.
    pub name_suffix: Option<String>,
}

/// Which of the keys of the configuration is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the key of that name")]
pub enum Key {
    Path,
    Base,
    Namespace,
    Argocd,
    NameSuffix,
}

/// Why rules can't work: the key, and a text that stands behind its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key:?}: {text}")]
pub struct RuleFault {
    /// The key.
    pub key: Key,
    /// What is wrong with it, in English.
    pub text: String,
}

impl ReviewRules {
    /// Looks for what would not work with any name, or not with all of them.
    ///
    /// # Errors
    /// [`RuleFault`], the first one.
    pub fn check(&self) -> Result<(), RuleFault> {
        let fault = |key, text: String| Err(RuleFault { key, text });
        let Templates { path, namespace, argocd, name_suffix } = &self.templates;
        match path.strip_suffix(PLACEHOLDER) {
            Some(parent) if parent.ends_with('/') && !parent.contains(PLACEHOLDER) => {}
            _ => return fault(Key::Path, format!("must end in /{PLACEHOLDER} and have it there only")),
        }
        let Ok(folder) = RepoPath::new(filled(path, "x")) else {
            return fault(Key::Path, "must be a relative path inside the repository".to_owned());
        };
        match sources::local(&folder, &self.base) {
            None => return fault(Key::Base, format!("leads out of the repository, as seen from the folder {path:?}")),
            Some(base) if lies_in(&folder, &base) || lies_in(&base, &parent(&folder)) => {
                return fault(Key::Base, "must lead to a folder outside of that of the review environments".to_owned());
            }
            Some(_) => {}
        }
        for (key, template, optional) in [
            (Key::Namespace, Some(namespace), true),
            (Key::Argocd, Some(argocd), false),
            (Key::NameSuffix, name_suffix.as_ref(), false),
        ] {
            let Some(template) = template else { continue };
            let count = template.matches(PLACEHOLDER).count();
            if count > 1 || (count == 0 && !optional) {
                return fault(key, format!("must have {PLACEHOLDER} in it, once"));
            }
            let whole = if key == Key::NameSuffix { format!("x{template}") } else { template.clone() };
            if !is_label(&filled(&whole, "x")) {
                return fault(key, format!("must be a name (a-z, 0-9 and -) with {PLACEHOLDER} in it"));
            }
        }
        if !namespace.contains(PLACEHOLDER) && name_suffix.is_none() {
            let text = format!("must have {PLACEHOLDER} in it, unless \"name_suffix\" tells the environments apart");
            return fault(Key::Namespace, text);
        }
        for (key, taken) in self.literals() {
            if taken + LEAST > LONGEST {
                let text = format!("leaves no room for a name: with it there are more than {LONGEST} characters");
                return fault(key, text);
            }
        }
        Ok(())
    }

    /// The site that the environment of this name is.
    ///
    /// Where the name is too long for one of the templates, it is cut and gets a digest of the whole: the folder and all
    /// else bear the shortened name, so that whoever knows the folder's name knows the others.
    #[must_use]
    pub fn site(&self, name: &EnvironmentName) -> Site {
        let room = self.literals().into_iter().map(|(_, taken)| LONGEST.saturating_sub(taken)).min();
        let short = shortened(name.as_str(), room.unwrap_or(LONGEST));
        let fill = |template: &str| filled(template, &short);
        let suffix = self.templates.name_suffix.as_deref().map(fill);
        let overlay = ReviewOverlay {
            name: name.clone(),
            label: short.clone(),
            base: self.base.clone(),
            name_suffix: suffix.clone(),
            max: self.max,
        };
        let environment = Environment {
            name: EnvironmentName::new(format!("{PREFIX}{short}")).unwrap_or_else(|_| name.clone()),
            repository: self.repository.clone(),
            path: RepoPath::new(fill(&self.templates.path)).expect("checked: only a label was put into a path"),
            manifests: Manifests::Review(overlay),
            workload: Workload {
                namespace: fill(&self.templates.namespace),
                name: format!("{}{}", self.workload, suffix.unwrap_or_default()),
            },
            argocd: ObjectName { namespace: self.argocd_namespace.clone(), name: fill(&self.templates.argocd) },
            max_replicas: 0,
        };
        Site { application: self.application.clone(), image: self.image.clone(), environment }
    }

    /// How many characters besides the name's there are in each name that has a bound.
    fn literals(&self) -> Vec<(Key, usize)> {
        let literal = |template: &str| template.replace(PLACEHOLDER, "").len();
        let Templates { namespace, argocd, name_suffix, .. } = &self.templates;
        let mut all = vec![(Key::Path, PREFIX.len()), (Key::Argocd, literal(argocd))];
        if namespace.contains(PLACEHOLDER) {
            all.push((Key::Namespace, literal(namespace)));
        }
        if let Some(suffix) = name_suffix {
            all.push((Key::NameSuffix, self.workload.len() + literal(suffix)));
        }
        all
    }
}

/// Finds the rules for a command's application.
///
/// # Errors
/// [`ResolveError`] when it has no review environments, or it isn't clear which one is meant.
pub fn rules_of<'r>(rules: &'r [ReviewRules], application: Option<&str>) -> Result<&'r ReviewRules, ResolveError> {
    match (application, rules) {
        (Some(given), _) => rules
            .iter()
            .find(|rules| rules.application.as_str() == given)
            .ok_or_else(|| ResolveError::NoReviews { application: Some(given.to_owned()) }),
        (None, []) => Err(ResolveError::NoReviews { application: None }),
        (None, [only]) => Ok(only),
        (None, several) => Err(ResolveError::ApplicationNeeded {
            available: several.iter().map(|rules| rules.application.to_string()).collect(),
        }),
    }
}

/// What is particular about the overlay of a review environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewOverlay {
    /// The whole name that it was asked for by.
    pub name: EnvironmentName,
    /// The name, shortened where it has to be: the folder's, and the label's value.
    pub label: String,
    /// What it builds on, from its folder.
    pub base: String,
    /// What is put behind the names of all objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_suffix: Option<String>,
    /// How many review environments there may be beside one another.
    pub max: usize,
}

/// The label that tells the objects of a review environment from those of others.
pub const LABEL: &str = "tiphys/review";

/// The first line of every overlay that tiphys makes: without it the file is somebody else's.
#[derive(Debug, Clone, Copy)]
pub struct Marker<'a> {
    /// The environment.
    pub name: &'a str,
    /// The application.
    pub application: &'a str,
}

impl fmt::Display for Marker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "# Review environment {} of {}, made by tiphys.", self.name, self.application)
    }
}

impl<'a> Marker<'a> {
    /// Reads it from an overlay; `None` where it isn't there.
    #[must_use]
    pub fn read(text: &'a [u8]) -> Option<Self> {
        let line = std::str::from_utf8(text.split(|byte| *byte == b'\n').next()?).ok()?;
        let rest = line.trim_end().strip_prefix("# Review environment ")?.strip_suffix(", made by tiphys.")?;
        let (name, application) = rest.split_once(" of ")?;
        Some(Self { name, application })
    }
}

/// The text of a new overlay, without its `images`: they come in as into any kustomization.
#[must_use]
pub fn overlay(site: &Site, review: &ReviewOverlay) -> String {
    let marker = Marker { name: review.name.as_str(), application: site.application.as_str() };
    let ReviewOverlay { name, label, base, name_suffix, .. } = review;
    let (application, namespace) = (&site.application, &site.environment.workload.namespace);
    let suffix = name_suffix.as_ref().map(|suffix| format!("nameSuffix: {}\n", quoted(suffix))).unwrap_or_default();
    // In a namespace that others share no selector may find their pods.
    let to = if name_suffix.is_some() { "includeSelectors" } else { "includeTemplates" };
    format!(
        "{marker}\n# It goes by: tiphys review remove {name} --application {application}\n\
         apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: {}\n{suffix}\n\
         resources:\n  - {}\n\nlabels:\n  - pairs:\n      {LABEL}: {}\n    {to}: true\n\n",
        quoted(namespace),
        quoted(base),
        quoted(label),
    )
}

/// A text as a YAML scalar: bare where every reader takes it for a text, which numbers, dates and words such as `on` are not.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    // What has a slash in it, or letters and a hyphen, is nothing else in YAML 1.1 and 1.2.
    let told_apart = text.contains('/') || (text.contains('-') && text.contains(|c: char| c.is_ascii_alphabetic()));
    let safe = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '.') && text.chars().all(plain) && told_apart;
    if safe { text.to_owned() } else { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")) }
}

fn filled(template: &str, name: &str) -> String {
    template.replace(PLACEHOLDER, name)
}

/// A name that has no more than so many characters: a longer one is cut, and ends in a digest of the whole.
fn shortened(name: &str, room: usize) -> String {
    if name.len() <= room {
        return name.to_owned();
    }
    let digest = Sha256::digest(name.as_bytes());
    let digits: String = digest.iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    // A name is ASCII, so that every byte is a character.
    let kept = name.get(..room.saturating_sub(DIGITS + 1)).unwrap_or_default().trim_end_matches('-');
    format!("{kept}-{digits}")
}

fn is_label(text: &str) -> bool {
    EnvironmentName::new(text).is_ok()
}

fn lies_in(path: &RepoPath, folder: &RepoPath) -> bool {
    path == folder
        || folder.as_str().is_empty()
        || path.as_str().strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
}

fn parent(path: &RepoPath) -> RepoPath {
    sources::folder_of(path)
}

#[cfg(test)]
mod tests;
