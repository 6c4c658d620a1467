//! What clients have asked of the API server, in the words in which rights are given.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// A right that a request needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Used {
    /// The namespace; `None` is the whole cluster, or a kind without namespaces.
    pub namespace: Option<String>,
    /// The API group, empty for the core.
    pub group: &'static str,
    /// The resource, with the subresource behind a slash.
    pub resource: String,
    /// The verb.
    pub verb: &'static str,
}

/// All rights that were needed so far.
#[derive(Debug, Default)]
pub(super) struct Usage(Mutex<BTreeSet<Used>>);

impl Usage {
    pub(super) fn note(&self, used: Used) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(used);
    }

    pub(super) fn all(&self) -> BTreeSet<Used> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
