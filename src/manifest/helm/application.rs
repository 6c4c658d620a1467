//! An Application of Argo CD: values in `helm.parameters`, `helm.valuesObject` and `helm.values` of a source.
//!
//! Parameters beat `valuesObject`, and where that is set, `values` is not read at all (`ApplicationSourceHelm.ValuesYAML`
//! in Argo CD's sources); all of them beat the values files.

use super::{Kind, keys, parameter, pick, set_at, values_file};
use crate::{
    domain::{plan::ValueFault, position::Position},
    manifest::{
        Fault, Missing, Outcome,
        embedded::Embedded,
        key_path::{KeyPath, Step},
        slot::{MAX_LINES, Pair},
        tree::{NodeId, Tree},
        value::{self, Found, Holder, Wish},
    },
};

/// An Application with the source that a path is about.
pub(super) struct Application<'t> {
    pub(super) tree: &'t Tree<'t>,
    pub(super) document: usize,
    pub(super) root: NodeId,
    /// The way to the source.
    source: Vec<Step>,
}

/// A place where an Application sets a value.
enum Place {
    /// The item of this number in `helm.parameters`.
    Parameter(usize),
    /// `helm.valuesObject`.
    Object,
    /// `helm.values`.
    Text(Pair),
}

pub(super) fn get(text: &str, name: Option<&str>, path: &KeyPath) -> Result<Option<(String, Position)>, Fault> {
    let tree = value::read(text)?;
    match Application::of(&tree, name, path)? {
        Some(application) => Ok(application.values(path)?.into_iter().next()),
        None => Ok(None),
    }
}

pub(super) fn shadowed(text: &str, name: Option<&str>, path: &KeyPath) -> Result<Vec<Position>, Fault> {
    let tree = value::read(text)?;
    let Some(application) = Application::of(&tree, name, path)? else { return Ok(vec![]) };
    Ok(application.values(path)?.into_iter().skip(1).map(|(_, at)| at).collect())
}

pub(super) fn overriding(text: &str, path: &KeyPath) -> Result<Option<(String, Position)>, Fault> {
    let tree = value::read(text)?;
    let root = tree.documents().first().and_then(|document| document.root).filter(|root| !tree.is_null(*root));
    let Some(root) = root else { return Ok(None) };
    let source = Application { tree: &tree, document: 0, root, source: vec![] };
    Ok(source.values(path)?.into_iter().next())
}

pub(super) fn set(text: &str, name: Option<&str>, wish: &Wish<'_>) -> Result<Outcome, Fault> {
    let tree = value::read(text)?;
    let Some(application) = Application::of(&tree, name, wish.path)? else {
        let (_, root) = pick(&tree, Kind::Application, name)?;
        return Err(value::fault(tree.position(root), ValueFault::NoHelmSource));
    };
    application.set(wish)
}

impl<'t> Application<'t> {
    /// Chooses document and source: `None` where no source is set up for Helm.
    fn of(tree: &'t Tree<'t>, name: Option<&str>, path: &KeyPath) -> Result<Option<Self>, Fault> {
        let (document, root) = pick(tree, Kind::Application, name)?;
        let at = |source| Self { tree, document, root, source };
        let spec = |key| value::find(tree, (root, vec![]), &keys(&["spec", key]));
        let mut candidates = vec![];
        match spec("sources")? {
            // With `sources`, `source` is not read.
            Found::There { value, .. } if tree.items(value).is_some_and(|items| !items.is_empty()) => {
                for (index, item) in tree.items(value).unwrap_or_default().iter().enumerate() {
                    let source = keys(&["spec", "sources"]).into_iter().chain([Step::Index(index)]).collect();
                    candidates.push((*item, at(source)));
                }
            }
            _ => {
                if let Found::There { value, .. } = spec("source")? {
                    candidates.push((value, at(keys(&["spec", "source"]))));
                }
            }
        }
        let has = |source: NodeId, key| tree.get(source, key).is_some_and(|value| !tree.is_null(value));
        candidates.retain(|(source, _)| has(*source, "helm") || has(*source, "chart"));
        if candidates.len() > 1 {
            let mut set = vec![];
            for (source, application) in &candidates {
                if !application.values(path)?.is_empty() {
                    set.push(*source);
                }
            }
            if let [one] = set.as_slice() {
                candidates.retain(|(source, _)| source == one);
            } else {
                let all = || candidates.iter().map(|(source, _)| *source).collect();
                let lines: Vec<NodeId> = if set.is_empty() { all() } else { set };
                let at = tree.position(lines.get(1).copied().unwrap_or(root));
                let lines = lines.iter().take(MAX_LINES).map(|source| tree.line(*source)).collect();
                return Err(value::fault(at, ValueFault::SeveralSources { lines }));
            }
        }
        Ok(candidates.pop().map(|(_, application)| application))
    }

    /// The way to what is below the source's `helm`.
    pub(super) fn helm(&self, more: &[&str]) -> Vec<Step> {
        self.source.iter().cloned().chain(keys(&["helm"])).chain(keys(more)).collect()
    }

    fn below(&self, more: &[&str], path: &[Step]) -> Vec<Step> {
        self.helm(more).into_iter().chain(path.iter().cloned()).collect()
    }

    pub(super) fn find(&self, steps: &[Step]) -> Result<Found, Fault> {
        value::find(self.tree, (self.root, vec![]), steps)
    }

    /// The places that may set a value, the one that wins first.
    fn places(&self, path: &KeyPath) -> Result<Vec<Place>, Fault> {
        let there = |key| match self.find(&self.helm(&[key]))? {
            Found::There { holder: Holder::Pair { pair, .. }, value, .. } if !self.tree.is_null(value) => {
                Ok::<_, Fault>(Some(pair))
            }
            _ => Ok(None),
        };
        let mut places = vec![];
        places.extend(parameter::index(self, path)?.map(Place::Parameter));
        places.extend(there("valuesObject")?.map(|_| Place::Object));
        let text = there("values")?.filter(|pair| !self.tree.scalar(pair.value).is_some_and(|t| t.trim().is_empty()));
        places.extend(text.map(Place::Text));
        Ok(places)
    }

    /// The values that stand there, the one that wins first.
    fn values(&self, path: &KeyPath) -> Result<Vec<(String, Position)>, Fault> {
        let mut values = vec![];
        // Values without effect must not hide that a value isn't set.
        let mut object = false;
        for place in self.places(path)? {
            let without_effect = !values.is_empty() || object;
            let found = match place {
                Place::Parameter(index) => {
                    let steps =
                        self.helm(&["parameters"]).into_iter().chain([Step::Index(index)]).chain(keys(&["value"]));
                    value::get(self.tree, self.root, &steps.collect::<Vec<_>>())
                }
                Place::Object => {
                    object = true;
                    value::get(self.tree, self.root, &self.below(&["valuesObject"], path.steps()))
                }
                Place::Text(_) if object && values.is_empty() => Ok(None),
                Place::Text(pair) => self.get_text(pair, path),
            };
            match found {
                // What is wrong there is wrong in what nobody reads.
                Err(_) if without_effect => {}
                found => values.extend(found?),
            }
        }
        Ok(values)
    }

    fn get_text(&self, pair: Pair, path: &KeyPath) -> Result<Option<(String, Position)>, Fault> {
        match Embedded::open(self.tree, pair) {
            Ok(embedded) => match values_file::get(embedded.text(), path) {
                Ok(found) => Ok(found.map(|(value, at)| (value, embedded.position(at)))),
                Err(fault) => Err(embedded.fault(fault)),
            },
            // It can be read in every style, only not edited.
            Err(fault) => match self.tree.scalar(pair.value) {
                Some(text) => {
                    let at = self.tree.position(pair.key);
                    let found = values_file::get(text, path).map_err(|inner| Fault { at: Some(at), ..inner })?;
                    Ok(found.map(|(value, _)| (value, at)))
                }
                None => Err(fault),
            },
        }
    }

    fn set(&self, wish: &Wish<'_>) -> Result<Outcome, Fault> {
        parameter::no_file(self, wish.path)?;
        match self.places(wish.path)?.into_iter().next() {
            Some(Place::Parameter(index)) => parameter::set(self, index, wish),
            Some(Place::Text(pair)) => {
                let Found::There { at, hazard, .. } = self.find(&self.helm(&["values"]))? else {
                    return Err(wish.no_value());
                };
                let embedded = Embedded::open(self.tree, pair)?;
                let inner = values_file::set(embedded.text(), wish);
                match (inner, hazard) {
                    (Ok(Outcome::Changed { .. }), Some(hazard)) => Err(hazard),
                    (inner, _) => embedded.carry(self.document, at, inner),
                }
            }
            None if wish.missing != Missing::Refuse && parameter::are_used(self)? => {
                match parameter::add(self, wish)? {
                    Some(outcome) => Ok(outcome),
                    None => self.set_object(wish),
                }
            }
            Some(Place::Object) | None => self.set_object(wish),
        }
    }

    fn set_object(&self, wish: &Wish<'_>) -> Result<Outcome, Fault> {
        let steps = self.below(&["valuesObject"], wish.steps);
        set_at(self.tree, (self.document, self.root), &Wish { steps: &steps, ..*wish })
    }
}
