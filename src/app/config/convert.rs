//! From the text of a file to a [`Config`]: read, check everything, then give the values their types.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    ChatConfig, ClusterAccess, Committer, Config, Credentials, Depth, FollowConfig, KubernetesConfig, LogsConfig,
    PublishConfig, RegistryConfig, RepositoryConfig, Signing, TelegramConfig,
    branches::{Branches, named_mirror},
    explain,
    fault::{Fault, Faults},
    file::{
        ApplicationSection, CommitterSection, EnvironmentSection, File, HelmSection, KubernetesSection, PublishSection,
        RegistrySection, RepositorySection, SharedBasesKey, SigningSection, TelegramSection,
    },
    format::{Remote, duration, http_url, short_wait, web_url},
    manifests,
    outside::{self, Env},
    relations, repositories, review,
    secret::SecretSource,
    tree::{self, Kind, Node},
};
use crate::{
    domain::{
        actor::{ChatId, Person, PersonId, Right},
        catalogue::{
            Application, Catalogue, Environment, HelmHost, HelmValues, Manifests, ObjectName, OverrideKind,
            OverridePlace, PlainManifest, SharedBases, Workload,
        },
        language::Language,
        mask::Mask,
        name::{NameError, RepoPath, RepositoryName},
    },
    manifest::{key_path::KeyPath, sources},
};

/// No configuration is larger than this.
const LARGEST: u64 = 1024 * 1024;

/// Reads and checks a file.
pub(super) fn load(path: &Path, depth: Depth, env: Env<'_>) -> Result<Config, Faults> {
    let whole = |text: String| Faults::new(path, vec![Fault::whole(text)]);
    let size = std::fs::metadata(path).map_err(|error| whole(unreadable(&error)))?.len();
    if size > LARGEST {
        return Err(whole("is larger than 1 MiB, so it cannot be a configuration".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(|error| whole(format!("cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| whole("is not a text in UTF-8".to_owned()))?;
    parse(path, &text, depth, env)
}

fn unreadable(error: &std::io::Error) -> String {
    let way_out = match error.kind() {
        std::io::ErrorKind::NotFound if cfg!(feature = "sandbox") => {
            "; name one with --config or TIPHYS_CONFIG, or try tiphys playground"
        }
        std::io::ErrorKind::NotFound => "; name one with --config or TIPHYS_CONFIG",
        _ => "",
    };
    format!("cannot be read: {error}{way_out}")
}

/// Checks the text of a file, which need not exist.
pub(super) fn parse(path: &Path, text: &str, depth: Depth, env: Env<'_>) -> Result<Config, Faults> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let (tree, mut faults) = tree::read(text);
    let tree = match tree {
        Some(Node { kind: Kind::Null, .. }) | None if faults.is_empty() => {
            return Err(Faults::new(path, vec![Fault::whole("is empty")]));
        }
        None => return Err(Faults::new(path, faults)),
        Some(tree) => tree,
    };
    faults.extend(explain::faults(&tree));
    faults.extend(relations::faults(&tree));
    faults.extend(repositories::faults(&tree, folder));
    faults.extend(manifests::faults(&tree, folder));
    faults.extend(review::faults(&tree, folder));
    let bot_warnings = Faults::new(path, relations::warnings(&tree));
    let mut warnings = manifests::warnings(&tree);
    warnings.extend(repositories::warnings(&tree, folder));
    if depth == Depth::Everything {
        let (more_faults, more_warnings) = outside::look(&tree, folder, env);
        faults.extend(more_faults);
        warnings.extend(more_warnings);
    }
    if !faults.is_empty() {
        return Err(Faults::new(path, faults));
    }
    // From here on nothing can be wrong unless a check above is; then it is told as a fault of the whole file.
    let converted = serde_json::from_value::<File>(tree.to_json())
        .map_err(|error| Fault::whole(error.to_string()))
        .and_then(|file| Converter { folder }.config(file));
    match converted {
        Ok(config) => {
            Ok(Config { file: path.to_owned(), warnings: Faults::new(path, warnings), bot_warnings, ..config })
        }
        Err(fault) => Err(Faults::new(path, vec![fault])),
    }
}

struct Converter<'a> {
    folder: &'a Path,
}

impl Converter<'_> {
    fn config(&self, file: File) -> Result<Config, Fault> {
        let person = |p: super::file::PersonSection| {
            let rights = p.can.iter().map(|word| match word {
                super::file::RightWord::Nodes => Right::Nodes,
            });
            Person {
                id: PersonId(p.id),
                rights: rights.collect(),
                name: p.name,
                email: p.email,
                gitlab: p.gitlab.and_then(|user| u64::try_from(user).ok()),
            }
        };
        let mut branches = Branches::new(self.repositories(file.repository, file.repositories)?);
        let with_reviews = file.applications.iter().filter_map(|section| Some((section, section.review.as_ref()?)));
        let reviews = with_reviews
            .map(|(section, reviews)| review::convert(section, reviews, &mut branches))
            .collect::<Result<_, _>>()?;
        let applications = file
            .applications
            .into_iter()
            .map(|section| application(section, &mut branches))
            .collect::<Result<_, _>>()?;
        Ok(Config {
            file: PathBuf::new(),
            language: file.language,
            telegram: file.telegram.map(|section| self.telegram(section, file.language)).transpose()?,
            people: file.people.into_iter().map(person).collect(),
            repositories: branches.into_map(),
            registry: self.registry(file.registry)?,
            kubernetes: file.kubernetes.map(|section| self.kubernetes(section)).transpose()?,
            follow: FollowConfig { deadline: time(&file.follow.deadline)? },
            publish: publish(&file.publish)?,
            logs: LogsConfig {
                mask: Mask::new(file.logs.mask.iter().map(|pattern| &pattern.0), file.logs.mask_usual)
                    .map_err(|error| Fault::whole(error.to_string()))?,
            },
            warnings: Faults::new("", Vec::new()),
            bot_warnings: Faults::new("", Vec::new()),
            catalogue: Catalogue { applications },
            reviews,
        })
    }

    fn telegram(&self, section: TelegramSection, language: Language) -> Result<TelegramConfig, Fault> {
        let chat =
            |c: super::file::ChatSection| ChatConfig { id: ChatId(c.id), language: c.language.unwrap_or(language) };
        Ok(TelegramConfig {
            token: self.secret(section.token_file, section.token_env).ok_or_else(|| Fault::whole("no token"))?,
            api_url: http_url(&section.api_url).map_err(Fault::whole)?,
            ca_file: self.path(section.ca_file),
            chats: section.chats.into_iter().map(chat).collect(),
            private_chats: section.private_chats,
        })
    }

    /// The repository without a name, then the others by their names.
    fn repositories(
        &self,
        default: RepositorySection,
        others: BTreeMap<String, RepositorySection>,
    ) -> Result<Vec<(Option<RepositoryName>, RepositoryConfig)>, Fault> {
        let missing = |key: &str| Fault::whole(format!("missing key {key:?} in \"repository\""));
        let mirror = PathBuf::from(default.mirror.clone().ok_or_else(|| missing("mirror"))?);
        let committer = default.committer.clone().ok_or_else(|| missing("committer"))?;
        let signing = default.signing.clone();
        let mut all = vec![(None, self.repository(default, mirror.clone(), committer.clone(), signing.clone())?)];
        for (name, section) in others {
            let mirror = section.mirror.as_ref().map_or_else(|| named_mirror(&mirror, &name), PathBuf::from);
            let committer = section.committer.clone().unwrap_or_else(|| committer.clone());
            let signing = section.signing.clone().or_else(|| signing.clone());
            let config = self.repository(section, mirror, committer, signing)?;
            all.push((Some(named(name.parse())?), config));
        }
        Ok(all)
    }

    fn repository(
        &self,
        section: RepositorySection,
        mirror: PathBuf,
        committer: CommitterSection,
        signing: Option<SigningSection>,
    ) -> Result<RepositoryConfig, Fault> {
        let remote = match Remote::parse(&section.url).map_err(Fault::whole)? {
            Remote::Path(path) => Remote::Path(self.folder.join(path)),
            other => other,
        };
        let token = self.secret(section.token_file, section.token_env);
        let credentials = match (token, section.ssh_key_file, section.known_hosts_file) {
            (Some(token), ..) => {
                Credentials::Token { username: section.username.unwrap_or_else(|| "oauth2".to_owned()), token }
            }
            (None, Some(key), Some(known_hosts)) => Credentials::Ssh {
                key_file: self.folder.join(key),
                passphrase: self.secret(section.ssh_key_passphrase_file, None),
                known_hosts_file: self.folder.join(known_hosts),
            },
            _ => Credentials::None,
        };
        let trimmed = |url: url::Url| url.as_str().trim_end_matches('/').to_owned();
        Ok(RepositoryConfig {
            label: remote.address(),
            remote,
            branch: section.branch,
            credentials,
            ca_file: self.path(section.ca_file),
            proxy: section.proxy.map(|url| web_url(&url)).transpose().map_err(Fault::whole)?,
            deadline: time(&section.deadline)?,
            mirror: self.folder.join(mirror),
            committer: Committer { name: committer.name, email: committer.email },
            signing: signing.map(|signing| Signing {
                key_file: self.folder.join(signing.key_file),
                passphrase_file: self.path(signing.passphrase_file),
            }),
            web_url: section.web_url.map(|url| web_url(&url).map(trimmed)).transpose().map_err(Fault::whole)?,
        })
    }

    fn registry(&self, section: RegistrySection) -> Result<RegistryConfig, Fault> {
        Ok(RegistryConfig {
            kind: section.kind,
            url: http_url(&section.url).map_err(Fault::whole)?,
            project: section.project,
            username: section.username,
            token: self.secret(section.token_file, section.token_env),
            ca_file: self.path(section.ca_file),
            deadline: time(&section.deadline)?,
        })
    }

    fn kubernetes(&self, section: KubernetesSection) -> Result<KubernetesConfig, Fault> {
        let access = match (section.in_cluster, section.kubeconfig, section.context) {
            (true, ..) => ClusterAccess::InCluster,
            (false, Some(file), Some(context)) => ClusterAccess::Kubeconfig { file: self.folder.join(file), context },
            _ => return Err(Fault::whole("no way to the cluster")),
        };
        Ok(KubernetesConfig { access, deadline: time(&section.deadline)? })
    }

    fn secret(&self, file: Option<String>, env: Option<String>) -> Option<SecretSource> {
        file.map(|file| SecretSource::File(self.folder.join(file))).or(env.map(SecretSource::Env))
    }

    fn path(&self, path: Option<String>) -> Option<PathBuf> {
        path.map(|path| self.folder.join(path))
    }
}

fn publish(section: &PublishSection) -> Result<PublishConfig, Fault> {
    let settle = short_wait(&section.settle).ok_or_else(|| Fault::whole("\"publish.settle\" is not a short wait"))?;
    let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    Ok(PublishConfig { settle, batch: count(section.batch), queue: count(section.queue) })
}

fn application(section: ApplicationSection, branches: &mut Branches) -> Result<Application, Fault> {
    let (repository, branch) = (section.repository, section.branch);
    let environment = |e: EnvironmentSection| {
        let path = named(e.path.parse())?;
        let manifests = match (e.kustomize, e.helm, e.manifest, e.overridden) {
            (Some(kustomize), ..) => Manifests::Kustomize { shared_bases: shared_bases(kustomize.shared_bases) },
            (_, Some(section), ..) => Manifests::Helm(helm(section, &path)?),
            (.., Some(section), _) => Manifests::Plain(PlainManifest {
                file: below(&path, &section.file)?,
                container: section.container,
                shared_bases: shared_bases(section.shared_bases),
            }),
            (.., Some(section)) => Manifests::Override(match (section.argocd_source, section.application) {
                (Some(file), _) => OverridePlace { file: below(&path, &file)?, kind: OverrideKind::ArgocdSource },
                (_, Some(file)) => OverridePlace { file: below(&path, &file)?, kind: OverrideKind::Application },
                (None, None) => return Err(Fault::whole("no file of \"override\"")),
            }),
            _ => Manifests::default(),
        };
        Ok(Environment {
            name: named(e.name.parse())?,
            repository: branches
                .of(e.repository.as_deref().or(repository.as_deref()), e.branch.as_deref().or(branch.as_deref()))?,
            path,
            manifests,
            workload: Workload { namespace: e.workload.namespace, name: e.workload.name },
            argocd: ObjectName { namespace: e.argocd.namespace, name: e.argocd.name },
            max_replicas: e.max_replicas,
        })
    };
    Ok(Application {
        name: named(section.name.parse())?,
        image: named(section.image.parse())?,
        environments: section.environments.into_iter().map(environment).collect::<Result<_, Fault>>()?,
    })
}

fn helm(section: HelmSection, path: &RepoPath) -> Result<HelmValues, Fault> {
    let (host, file) = match (section.values_file, section.application, section.release) {
        (Some(file), ..) => (HelmHost::ValuesFile, file),
        (_, Some(file), _) => (HelmHost::Application, file),
        (.., Some(file)) => (HelmHost::Release, file),
        _ => return Err(Fault::whole("no file of \"helm\"")),
    };
    let key = |text: String| KeyPath::parse(&text).map_err(|error| Fault::whole(error.to_string()));
    Ok(HelmValues {
        file: below(path, &file)?,
        host,
        tag: key(section.tag)?,
        digest: section.digest.map(key).transpose()?,
        repository: section.repository.map(key).transpose()?,
        replicas: key(section.replicas)?,
    })
}

fn shared_bases(key: SharedBasesKey) -> SharedBases {
    match key {
        SharedBasesKey::Refuse => SharedBases::Refuse,
        SharedBasesKey::Allow => SharedBases::Allow,
    }
}

/// A path from an environment's folder.
fn below(path: &RepoPath, text: &str) -> Result<RepoPath, Fault> {
    sources::local(path, text).ok_or_else(|| Fault::whole(format!("{text:?} leaves the repository")))
}

fn named<T>(result: Result<T, NameError>) -> Result<T, Fault> {
    result.map_err(|error| Fault::whole(error.to_string()))
}

fn time(text: &str) -> Result<std::time::Duration, Fault> {
    duration(text).ok_or_else(|| Fault::whole(format!("{text:?} is not a duration")))
}
