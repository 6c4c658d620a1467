//! The applications that tiphys knows, and how a command's target is found among them.

use std::fmt;

use serde::Serialize;

use super::{
    name::{ApplicationName, BranchName, EnvironmentName, ImageName, RepoPath, RepositoryName},
    nearest::nearest,
    review::ReviewOverlay,
};
use crate::manifest::key_path::KeyPath;

/// Every application, in the order of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Catalogue {
    /// The applications; names are unique.
    pub applications: Vec<Application>,
}

/// An application with its environments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Application {
    /// The name used in commands.
    pub name: ApplicationName,
    /// The image that `/deploy` changes.
    pub image: ImageName,
    /// The environments, at least one; names are unique within the application.
    pub environments: Vec<Environment>,
}

/// One place where an application runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// The name used in commands.
    pub name: EnvironmentName,
    /// The branch of the manifests repository that it is on.
    #[serde(skip_serializing_if = "RepositoryBranch::is_default")]
    pub repository: RepositoryBranch,
    /// The folder in the manifests repository that Argo CD brings to the cluster.
    pub path: RepoPath,
    /// What is edited there.
    #[serde(skip_serializing_if = "Manifests::is_default")]
    pub manifests: Manifests,
    /// The workload that runs the application.
    pub workload: Workload,
    /// The Argo CD Application that brings the folder to the cluster.
    pub argocd: ObjectName,
    /// The largest count that `/set_replicas` accepts.
    pub max_replicas: u32,
}

/// A branch of a manifests repository. Environments have equal ones when and only when one writer serves both, which is
/// so where remote and branch are the same, whatever names the configuration has for them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct RepositoryBranch {
    /// The repository; `None` for the one that is meant where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<RepositoryName>,
    /// The branch, where it isn't the repository's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<BranchName>,
}

impl RepositoryBranch {
    /// Whether this is the one that is meant where nothing is said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.name.is_none() && self.branch.is_none()
    }
}

/// The names of the configuration, for the log.
impl fmt::Display for RepositoryBranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_ref().map_or("repository", RepositoryName::as_str))?;
        match &self.branch {
            Some(branch) => write!(f, " ({branch})"),
            None => Ok(()),
        }
    }
}

/// What an environment's values are written in, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Manifests {
    /// The kustomization in the environment's folder.
    Kustomize {
        /// Whether files that others build from may be changed.
        shared_bases: SharedBases,
    },
    /// Helm's values.
    Helm(HelmValues),
    /// Manifests without kustomize or Helm.
    Plain(PlainManifest),
    /// What Argo CD itself sets after a kustomization.
    Override(OverridePlace),
    /// The overlay of a review environment, which comes and goes by commands.
    Review(ReviewOverlay),
}

/// Where Argo CD's own images and counts stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OverridePlace {
    /// The file.
    pub file: RepoPath,
    /// What it is.
    pub kind: OverrideKind,
}

/// The kinds of files that hold overrides of Argo CD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OverrideKind {
    /// `.argocd-source.yaml` or `.argocd-source-<app>.yaml`.
    ArgocdSource,
    /// The Argo CD Application of the environment.
    Application,
}

/// Where the values of a Helm chart stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HelmValues {
    /// The file.
    pub file: RepoPath,
    /// What it is.
    pub host: HelmHost,
    /// The image's tag.
    #[serde(serialize_with = "as_text")]
    pub tag: KeyPath,
    /// The image's digest, where the chart takes one: it would beat the tag.
    #[serde(serialize_with = "as_optional_text")]
    pub digest: Option<KeyPath>,
    /// The image's name, which must be that of the application.
    #[serde(serialize_with = "as_optional_text")]
    pub repository: Option<KeyPath>,
    /// The replica count.
    #[serde(serialize_with = "as_text")]
    pub replicas: KeyPath,
}

/// The kinds of files that hold Helm's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HelmHost {
    /// A values file.
    ValuesFile,
    /// The Argo CD Application of the environment.
    Application,
    /// A HelmRelease of Flux.
    Release,
}

/// Where a workload's manifest is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlainManifest {
    /// The file, or a folder of manifests.
    pub file: RepoPath,
    /// The container; `None` for those that have the application's image.
    pub container: Option<String>,
    /// Whether files that others build from may be changed.
    pub shared_bases: SharedBases,
}

fn as_text<S: serde::Serializer>(path: &KeyPath, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(path)
}

fn as_optional_text<S: serde::Serializer>(path: &Option<KeyPath>, serializer: S) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => serializer.collect_str(path),
        None => serializer.serialize_none(),
    }
}

/// Whether a file that other environments build from may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedBases {
    /// No: the value is set for this environment alone, or the change is refused.
    #[default]
    Refuse,
    /// Yes: the value is changed where it stands, for all that build from there.
    Allow,
}

impl Default for Manifests {
    fn default() -> Self {
        Self::Kustomize { shared_bases: SharedBases::default() }
    }
}

impl Manifests {
    /// Whether this is what an environment has that says nothing about it.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A Deployment by namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Workload {
    /// The namespace.
    pub namespace: String,
    /// The name, also the `name` of the kustomization's `replicas` entry.
    pub name: String,
}

/// A namespaced Kubernetes object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct ObjectName {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// What a command names: nothing, an application, or an application's environment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Target {
    /// The application, when named.
    pub application: Option<String>,
    /// The environment, when named.
    pub environment: Option<String>,
}

/// An application and one of its environments, found in the catalogue or made from the rules of its review environments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Site {
    /// The application's name.
    pub application: ApplicationName,
    /// The application's image.
    pub image: ImageName,
    /// The environment.
    pub environment: Environment,
}

impl Site {
    /// Whether it is a review environment.
    #[must_use]
    pub fn is_review(&self) -> bool {
        matches!(self.environment.manifests, Manifests::Review(_))
    }

    /// `application/environment`, as people and commit subjects write it.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}/{}", self.application, self.environment.name)
    }
}

/// Why a target isn't found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResolveError {
    /// Several applications, and the command named none.
    #[error("the application must be named: {}", available.join(", "))]
    ApplicationNeeded {
        /// All there are.
        available: Vec<String>,
    },
    /// No application of that name.
    #[error("no application {given:?}; nearest: {}", nearest.join(", "))]
    UnknownApplication {
        /// What was asked for.
        given: String,
        /// At most three names, nearest first.
        nearest: Vec<String>,
    },
    /// No review environments are configured: of this application, or of any.
    #[error("no review environments are configured{}", application.iter().map(|name| format!(" for {name:?}")).collect::<String>())]
    NoReviews {
        /// The application, when it was named.
        application: Option<String>,
    },
    /// Several environments, and the command named none.
    #[error("the environment of {application} must be named: {}", available.join(", "))]
    EnvironmentNeeded {
        /// The application.
        application: String,
        /// All that it has.
        available: Vec<String>,
    },
    /// No environment of that name.
    #[error("{application} has no environment {given:?}; nearest: {}", nearest.join(", "))]
    UnknownEnvironment {
        /// The application.
        application: String,
        /// What was asked for.
        given: String,
        /// At most three names, nearest first.
        nearest: Vec<String>,
    },
}

impl Catalogue {
    /// Finds the one site that a mutation is for; what there is only one of needs no naming.
    ///
    /// # Errors
    /// [`ResolveError`] when the target is unknown or ambiguous.
    pub fn site(&self, target: &Target) -> Result<Site, ResolveError> {
        let application = self.application(target)?;
        let environment = match &target.environment {
            Some(given) => application.environments.iter().find(|e| e.name.as_str() == given).ok_or_else(|| {
                ResolveError::UnknownEnvironment {
                    application: application.name.to_string(),
                    given: given.clone(),
                    nearest: nearest(given, application.environments.iter().map(|e| e.name.as_str())),
                }
            })?,
            None => match application.environments.as_slice() {
                [only] => only,
                several => {
                    return Err(ResolveError::EnvironmentNeeded {
                        application: application.name.to_string(),
                        available: several.iter().map(|e| e.name.to_string()).collect(),
                    });
                }
            },
        };
        Ok(Site {
            application: application.name.clone(),
            image: application.image.clone(),
            environment: environment.clone(),
        })
    }

    /// Finds the application that a target names, or the only one there is.
    ///
    /// # Errors
    /// [`ResolveError`] when it is unknown or ambiguous.
    pub fn application(&self, target: &Target) -> Result<&Application, ResolveError> {
        match &target.application {
            Some(given) => self.applications.iter().find(|a| a.name.as_str() == given).ok_or_else(|| {
                ResolveError::UnknownApplication { given: given.clone(), nearest: self.meant_by(given, target) }
            }),
            None => match self.applications.as_slice() {
                [only] => Ok(only),
                several => Err(ResolveError::ApplicationNeeded {
                    available: several.iter().map(|a| a.name.to_string()).collect(),
                }),
            },
        }
    }

    /// The names that may be meant by one that no application has: those of environments of that name come first.
    fn meant_by(&self, given: &str, target: &Target) -> Vec<String> {
        let environments = |application: &Application| {
            let named = application.environments.iter().any(|environment| environment.name.as_str() == given);
            named.then(|| format!("{}/{given}", application.name))
        };
        let labels: Vec<String> = self.applications.iter().filter_map(environments).take(3).collect();
        match labels.is_empty() || target.environment.is_some() {
            true => nearest(given, self.applications.iter().map(|application| application.name.as_str())),
            false => labels,
        }
    }

    /// The sites that a reading command is for: all of them, those of one application, or one.
    ///
    /// # Errors
    /// [`ResolveError`] when a named application or environment is unknown.
    pub fn sites(&self, target: &Target) -> Result<Vec<Site>, ResolveError> {
        if target.environment.is_some() {
            return Ok(vec![self.site(target)?]);
        }
        let applications = match target.application {
            Some(_) => vec![self.application(target)?],
            None => self.applications.iter().collect(),
        };
        Ok(applications
            .into_iter()
            .flat_map(|application| {
                application.environments.iter().map(|environment| Site {
                    application: application.name.clone(),
                    image: application.image.clone(),
                    environment: environment.clone(),
                })
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(name: &str, environments: &[&str]) -> Application {
        let environment = |environment: &&str| Environment {
            name: EnvironmentName::new(*environment).expect("valid"),
            repository: RepositoryBranch::default(),
            path: RepoPath::new("apps").expect("valid"),
            workload: Workload { namespace: "x".into(), name: "x".into() },
            argocd: ObjectName { namespace: "argocd".into(), name: "x".into() },
            manifests: Manifests::default(),
            max_replicas: 20,
        };
        Application {
            name: ApplicationName::new(name).expect("valid"),
            image: ImageName::new("registry.example.org/x").expect("valid"),
            environments: environments.iter().map(environment).collect(),
        }
    }

    #[test]
    fn an_environment_s_name_alone_is_answered_with_where_it_is() {
        let applications = vec![application("shop", &["prod", "stage"]), application("yard", &["stage"])];
        let catalogue = Catalogue { applications };
        let nearest = |application: &str, environment: Option<&str>| {
            let target =
                Target { application: Some(application.to_owned()), environment: environment.map(str::to_owned) };
            match catalogue.application(&target) {
                Err(ResolveError::UnknownApplication { nearest, .. }) => nearest,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(nearest("prod", None), ["shop/prod"]);
        assert_eq!(nearest("stage", None), ["shop/stage", "yard/stage"]);
        assert_eq!(nearest("shpo", None)[0], "shop");
        assert_eq!(nearest("prod", Some("prod")), ["yard", "shop"]);
    }
}
