//! The pod that a command names: only in the namespaces of the configured applications, by its whole name or a part.

use std::sync::Arc;

use futures_util::future::join_all;

use super::service::Service;
use crate::{
    domain::{
        pod::{Found, Pod, PodAsked, PodName, PodUnclear, find},
        unanswered::Unanswered,
    },
    ports::Pods,
};

/// How many of several pods are listed.
const LISTED: usize = 10;

impl Service {
    /// The namespaces of the configured applications, each once.
    pub(super) fn namespaces(&self) -> Vec<String> {
        let applications = &self.0.settings.catalogue.applications;
        let environments = applications.iter().flat_map(|application| &application.environments);
        let mut names: Vec<String> = environments.map(|environment| environment.workload.namespace.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The cluster's pods, when there is a cluster.
    pub(super) fn port_of_pods(&self) -> Result<&Arc<dyn Pods>, Unanswered> {
        self.0.pods.as_ref().ok_or(Unanswered::NotConfigured)
    }

    /// Finds the pod and looks at it.
    pub(super) async fn find_pod(&self, asked: &PodAsked) -> Result<Pod, PodUnclear> {
        let all = self.namespaces();
        let namespaces = match &asked.namespace {
            None => all,
            Some(one) if all.contains(one) => vec![one.clone()],
            Some(_) => return Err(PodUnclear::ForeignNamespace { namespaces: all }),
        };
        let pods = self.port_of_pods().map_err(PodUnclear::Unanswered)?.as_ref();
        // A whole name is the common case, and needs no list of all pods.
        let looks = join_all(namespaces.iter().map(|namespace| pods.pod(namespace, &asked.name))).await;
        let silence = looks.iter().find_map(|look| look.as_ref().err()).cloned();
        let mut whole: Vec<Pod> = looks.into_iter().filter_map(|look| look.ok().flatten()).collect();
        match (whole.len(), silence) {
            (1, _) => return Ok(whole.remove(0)),
            (0, Some(silence)) => return Err(PodUnclear::Unanswered(silence)),
            (0, None) => {}
            _ => {
                let names = whole.into_iter().map(|pod| PodName { namespace: pod.namespace, name: pod.name });
                return Err(several(names.collect()));
            }
        }
        let lists = join_all(namespaces.iter().map(|namespace| pods.pod_names(namespace))).await;
        let mut known = Vec::new();
        for list in lists {
            known.extend(list.map_err(PodUnclear::Unanswered)?);
        }
        match find(&asked.name, &known) {
            Found::One(name) => match pods.pod(&name.namespace, &name.name).await {
                Ok(Some(pod)) => Ok(pod),
                // It went between the two looks.
                Ok(None) => Err(PodUnclear::Unknown { nearest: Vec::new(), namespaces }),
                Err(silence) => Err(PodUnclear::Unanswered(silence)),
            },
            Found::Several(names) => Err(several(names)),
            Found::None(nearest) => Err(PodUnclear::Unknown { nearest, namespaces }),
        }
    }
}

fn several(mut pods: Vec<PodName>) -> PodUnclear {
    let total = pods.len();
    pods.truncate(LISTED);
    PodUnclear::Several { pods, total }
}
