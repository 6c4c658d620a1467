//! Where Argo CD's overrides stand: in a file of their own, or in the source of an Application.

use crate::{
    domain::plan::{PlanFault, UnsafeEdit, ValueFault},
    manifest::{
        Fault, slot,
        tree::{NodeId, Tree},
    },
};

/// A place of overrides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file `.argocd-source.yaml` or `.argocd-source-<app>.yaml`, which is a source by itself.
    SourceFile,
    /// The manifest of an Application, with its `spec.source` or `spec.sources`.
    Application {
        /// Its name, where the file holds several.
        name: Option<String>,
    },
}

/// The sources of a place.
#[derive(Debug)]
pub(super) struct Found {
    /// The document, counted from 0.
    pub(super) document: usize,
    /// The maps with the way to them from the document's root; Argo CD takes `sources` and leaves `source` where both are.
    pub(super) sources: Vec<(NodeId, Vec<usize>)>,
    /// Why nothing there may be changed.
    pub(super) hazard: Option<Fault>,
}

impl Place {
    /// Finds the sources. An empty source file has none.
    ///
    /// # Errors
    /// [`ValueFault`] where there is no such Application or where it isn't clear which one is meant, a key that stands
    /// twice, SOPS.
    pub(super) fn find(&self, tree: &Tree<'_>) -> Result<Found, Fault> {
        let (document, root) = match self {
            Self::SourceFile => {
                let root = tree.documents().first().and_then(|document| document.root);
                match root.filter(|root| !tree.is_null(*root)) {
                    Some(root) => (0, root),
                    None => return Ok(Found { document: 0, sources: vec![], hazard: None }),
                }
            }
            Self::Application { name } => application(tree, name.as_deref())?,
        };
        if let Some(at) = slot::sops(tree, root) {
            return Err(Fault::not_safe(at, UnsafeEdit::Sops));
        }
        if tree.pairs(root).is_none() {
            return Err(Fault::at(tree.position(root), PlanFault::Malformed("not a map".to_owned())));
        }
        let mut found = Found { document, sources: vec![], hazard: slot::shared(tree, root) };
        if *self == Self::SourceFile {
            found.sources.push((root, vec![]));
            return Ok(found);
        }
        let Some(spec) = slot::one_of(tree, root, &["spec"])? else { return Ok(found) };
        found.see(tree, spec.value);
        if let Some(sources) = slot::one_of(tree, spec.value, &["sources"])? {
            for (index, item) in tree.items(sources.value).unwrap_or_default().iter().enumerate() {
                found.see(tree, sources.value);
                found.sources.push((*item, vec![spec.index, sources.index, index]));
            }
        }
        if let (true, Some(source)) = (found.sources.is_empty(), slot::one_of(tree, spec.value, &["source"])?) {
            found.sources.push((source.value, vec![spec.index, source.index]));
        }
        found.sources.retain(|(source, _)| tree.pairs(*source).is_some_and(|pairs| !pairs.is_empty()));
        Ok(found)
    }
}

impl Found {
    /// Takes note of a collection on the way that others share.
    fn see(&mut self, tree: &Tree<'_>, id: NodeId) {
        if self.hazard.is_none() {
            self.hazard = slot::shared(tree, id);
        }
    }
}

/// The document of an Application, with its root.
fn application(tree: &Tree<'_>, name: Option<&str>) -> Result<(usize, NodeId), Fault> {
    let text = |id: NodeId, key: &str| tree.get(id, key).and_then(|value| tree.scalar(value));
    let mut found = vec![];
    let mut sets = None;
    for (index, root) in tree.documents().iter().enumerate().filter_map(|(i, document)| Some((i, document.root?))) {
        if !text(root, "apiVersion").is_some_and(|version| version.starts_with("argoproj.io/")) {
            continue;
        }
        let own = tree.get(root, "metadata").and_then(|metadata| text(metadata, "name"));
        match text(root, "kind") {
            Some("Application") if name.is_none_or(|name| own == Some(name)) => found.push((index, root)),
            Some("ApplicationSet") => sets = sets.or(Some(root)),
            _ => {}
        }
    }
    let kind = || "Application".to_owned();
    match (found.as_slice(), sets) {
        ([one], _) => Ok(*one),
        ([], Some(set)) => Err(Fault::at(tree.position(set), PlanFault::Value(ValueFault::ApplicationSet))),
        ([], None) => {
            let name = name.map(str::to_owned);
            Err(Fault::whole(PlanFault::Value(ValueFault::NoManifest { kind: kind(), name })))
        }
        ([_, (_, second), ..], _) => {
            let lines = found.iter().take(slot::MAX_LINES).map(|(_, root)| tree.line(*root)).collect();
            let fault = ValueFault::SeveralManifests { kind: kind(), lines };
            Err(Fault::at(tree.position(*second), PlanFault::Value(fault)))
        }
    }
}
