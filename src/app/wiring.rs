//! From the configuration to the use cases: the only place that chooses concrete adapters.

use std::sync::Arc;

use anyhow::{Context, Result};
use jiff::Timestamp;

use super::config::{
    ClusterAccess, Config, Credentials, PublishConfig, RegistryConfig, RegistryKind, RepositoryConfig, SecretSource,
    Signing,
};
use crate::{
    adapters::{
        argocd::{self, ArgoCd, Origin},
        git::{self, GitRepository, TokenSource},
        kubernetes::Kubernetes,
        registry::{Credential, GitLabRegistry, GitLabSettings, OciRegistry, OciSettings},
    },
    domain::catalogue::RepositoryBranch,
    ports::{Clock, Cluster, ManifestRepository, Registry},
    usecase::{FollowSettings, Ports, PublishSettings, RepositoryPort, Service, ServiceSettings},
};

/// The machine's clock.
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Makes the use cases from the configuration. Nothing is asked of any server yet.
///
/// # Errors
/// When an adapter can't work with what the configuration says, such as a certificate that can't be read.
pub(super) async fn service(config: &Config) -> Result<Service> {
    let argocd = match &config.kubernetes {
        None => None,
        Some(kubernetes) => {
            let settings = argocd::Settings {
                access: match &kubernetes.access {
                    ClusterAccess::InCluster => argocd::Access::InCluster,
                    ClusterAccess::Kubeconfig { file, context } => {
                        argocd::Access::Kubeconfig { file: file.clone(), context: context.clone() }
                    }
                },
                repositories: config.repositories.iter().map(|(key, config)| (key.clone(), origin(config))).collect(),
                deadline: kubernetes.deadline,
            };
            Some((ArgoCd::connect(settings).await.context("kubernetes")?, kubernetes.deadline))
        }
    };
    let kubernetes = argocd.as_ref().map(|(argocd, deadline)| Arc::new(Kubernetes::new(argocd.client(), *deadline)));
    let alone = config.repositories.len() == 1;
    let ports = Ports {
        repositories: config.repositories.iter().map(|port| repository_port(port, alone)).collect::<Result<_>>()?,
        registry: Some(registry(&config.registry)?),
        cluster: argocd.map(|(argocd, _)| Arc::new(argocd) as Arc<dyn Cluster>),
        pods: kubernetes.clone().map(|kubernetes| kubernetes as _),
        nodes: kubernetes.map(|kubernetes| kubernetes as _),
        clock: Arc::new(SystemClock),
    };
    let settings = ServiceSettings {
        policy: config.policy(),
        catalogue: config.catalogue(),
        reviews: config.reviews.clone(),
        follow: FollowSettings { deadline: config.follow.deadline, ..FollowSettings::default() },
        publish: publish(config.publish),
        mask: config.logs.mask.clone(),
    };
    Ok(Service::start(ports, settings))
}

/// What Argo CD's sources are compared with.
fn origin(config: &RepositoryConfig) -> Origin {
    Origin { url: config.remote.address(), branch: config.branch.clone() }
}

fn repository_port(
    (key, config): (&RepositoryBranch, &RepositoryConfig),
    alone: bool,
) -> Result<(RepositoryBranch, RepositoryPort)> {
    let port = RepositoryPort {
        repository: repository(config).with_context(|| key.to_string())?,
        // Where there is just one, the address says where it is.
        label: if alone { config.remote.address() } else { config.label.clone() },
        web_url: config.web_url.clone(),
    };
    Ok((key.clone(), port))
}

fn publish(config: PublishConfig) -> PublishSettings {
    let PublishConfig { settle, batch, queue } = config;
    PublishSettings { settle, batch, queue, ..PublishSettings::default() }
}

fn repository(config: &RepositoryConfig) -> Result<Arc<dyn ManifestRepository>> {
    let mut settings = git::Settings {
        url: config.remote.address(),
        branch: config.branch.clone(),
        username: None,
        token: None,
        ssh_key_file: None,
        ssh_key_passphrase_file: None,
        known_hosts_file: None,
        ca_file: config.ca_file.clone(),
        proxy: config.proxy.clone(),
        git_program: git::find_program(),
        mirror: config.mirror.clone(),
        committer_name: config.committer.name.clone(),
        committer_email: config.committer.email.clone(),
        signing: config
            .signing
            .clone()
            .map(|Signing { key_file, passphrase_file }| git::SigningSettings { key_file, passphrase_file }),
        deadline: config.deadline,
    };
    match &config.credentials {
        Credentials::None => {}
        Credentials::Token { username, token } => {
            settings.username = Some(username.clone());
            settings.token = Some(match token {
                SecretSource::File(path) => TokenSource::File(path.clone()),
                SecretSource::Env(_) => TokenSource::Value(token.read()?),
            });
        }
        Credentials::Ssh { key_file, passphrase, known_hosts_file } => {
            settings.ssh_key_file = Some(key_file.clone());
            settings.ssh_key_passphrase_file = match passphrase {
                Some(SecretSource::File(path)) => Some(path.clone()),
                Some(SecretSource::Env(_)) | None => None,
            };
            settings.known_hosts_file = Some(known_hosts_file.clone());
        }
    }
    Ok(Arc::new(GitRepository::new(settings)?))
}

fn registry(config: &RegistryConfig) -> Result<Arc<dyn Registry>> {
    let credential = match &config.token {
        None => None,
        Some(SecretSource::File(path)) => Some(Credential::File(path.clone())),
        Some(source @ SecretSource::Env(_)) => Some(Credential::Value(source.read().context("registry")?)),
    };
    let (url, ca_file, deadline) = (config.url.clone(), config.ca_file.clone(), config.deadline);
    Ok(match config.kind {
        RegistryKind::Gitlab => {
            let settings =
                GitLabSettings { url, project: config.project.clone(), token: credential, ca_file, deadline };
            Arc::new(GitLabRegistry::new(settings).context("registry")?)
        }
        RegistryKind::Oci => {
            let username = config.username.clone();
            Arc::new(
                OciRegistry::new(OciSettings { url, username, password: credential, ca_file, deadline })
                    .context("registry")?,
            )
        }
    })
}
