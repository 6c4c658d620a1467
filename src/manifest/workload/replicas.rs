//! `spec.replicas` of a workload.

use super::{
    Selector,
    find::{self, Found, Spot},
    no_value,
};
use crate::{
    domain::{
        plan::{PlanFault, UnsafeEdit},
        position::Position,
    },
    manifest::{
        Fault, Missing, Outcome, habit,
        insert::{self, Edit, Value},
        proof::{Difference, Reading},
        scalar, slot,
        text::{Splice, eol_near, line_end, line_of},
        tree::{NodeId, STR_TAG, Style, Tree},
    },
};

const KEY: &str = "replicas";
/// The largest count that the Kubernetes API takes.
const MAX: u32 = i32::MAX as u32;

/// The count, and where it stands.
pub(super) fn get(tree: &Tree<'_>, found: &[Found<'_>], at: &Selector<'_>) -> Result<Option<(u32, Position)>, Fault> {
    let (_, spec) = spec(tree, found, at)?;
    let count = spec.child(tree, KEY)?.filter(|count| !tree.is_null(count.value));
    count.map(|count| Ok((number(tree, count.value)?, tree.position(count.value)))).transpose()
}

/// Sets the count.
pub(super) fn set(
    tree: &Tree<'_>,
    found: &[Found<'_>],
    at: &Selector<'_>,
    count: u32,
    missing: Missing,
) -> Result<Outcome, Fault> {
    if count > MAX {
        return Err(Fault::whole(PlanFault::TooManyReplicas { wanted: count, maximum: MAX }));
    }
    let (document, spec) = spec(tree, found, at)?;
    let there = spec.child(tree, KEY)?;
    let null = there.as_ref().is_none_or(|there| tree.is_null(there.value));
    if null && missing == Missing::Refuse {
        let value = there.as_ref().map_or(spec.value, |there| there.value);
        return Err(no_value(tree.position(value), "spec.replicas"));
    }
    let Some(there) = there else {
        return slot::finish(tree, document, put_in(tree, &spec, count)?, &count.to_string(), None);
    };
    let from = if null { None } else { Some(number(tree, there.value)?) };
    let is_plain = habit::style(tree, tree.target(there.value)) == Style::Plain;
    if from == Some(count) && is_plain {
        return Ok(Outcome::AlreadySo { value: count.to_string() });
    }
    let pair = there.editable(tree)?;
    slot::writable(tree, pair)?;
    if tree.node(pair.value).tag.as_deref() == Some(STR_TAG) {
        return Err(Fault::not_safe(tree.position(pair.value), UnsafeEdit::NotAScalar));
    }
    let value = Value::Number(count);
    let edit = Edit {
        splices: vec![slot::replace(tree, pair.key, pair.value, &value.text())?],
        differences: vec![Difference::Set { at: there.path, value: value.reading() }],
        value: 0,
    };
    slot::finish(tree, document, edit, &value.text(), from.map(|from| from.to_string()))
}

/// The document and the `spec` of the only workload with a count that matches.
fn spec(tree: &Tree<'_>, found: &[Found<'_>], at: &Selector<'_>) -> Result<(usize, Spot), Fault> {
    let scaled = found.iter().filter(|found| found.is_scaled());
    let matching = find::matching(tree, scaled, at)?;
    let workload = super::only(tree, &matching)?;
    let spec = workload.spot.child(tree, "spec")?;
    let spec = spec.ok_or_else(|| no_value(tree.position(workload.spot.value), "spec"))?;
    match tree.pairs(spec.value) {
        Some(_) => Ok((workload.document, spec)),
        None => Err(no_value(tree.position(spec.value), "spec")),
    }
}

fn number(tree: &Tree<'_>, id: NodeId) -> Result<u32, Fault> {
    let Some(text) = tree.scalar(id) else {
        return Err(Fault::not_safe(tree.position(id), UnsafeEdit::NotAScalar));
    };
    let not_a_count = || super::unreadable(tree, id, PlanFault::NotACount { found: text.to_owned() });
    scalar::whole_number(text.trim()).ok_or_else(not_a_count)
}

/// Puts the count in as the first key of `spec`, in its style.
fn put_in(tree: &Tree<'_>, spec: &Spot, count: u32) -> Result<Edit, Fault> {
    let pair = spec.editable(tree)?;
    if let Some(shared) = slot::shared(tree, spec.value) {
        return Err(shared);
    }
    let (text, span) = (tree.text, tree.node(spec.value).span.clone());
    let pairs = tree.pairs(spec.value).unwrap_or_default();
    let quotes = habit::style(tree, pairs.first().map_or(pair.key, |(key, _)| *key));
    let key = habit::string(tree, KEY, quotes);
    let splice = match pairs.first() {
        None => Splice::insert(span.start + 1, format!("{key}: {count}")),
        Some((first, value)) if habit::is_flow(tree, spec.value) => {
            let spans: Vec<_> = pairs.iter().map(|pair| habit::pair_span(tree, *pair)).collect();
            let tight = text.get(tree.node(*first).span.end..tree.node(*value).span.start) == Some(":");
            let separator = match habit::separator(text, &spans, 0) {
                separator if pairs.len() == 1 && tight && separator == ", " => ",".to_owned(),
                separator => separator,
            };
            let colon = if tight { ":" } else { ": " };
            Splice::insert(spans[0].start, format!("{key}{colon}{count}{separator}"))
        }
        Some((first, _)) => {
            let unclear = || insert::refuse(tree, spec.value, "the indentation of spec is unclear");
            let colon = habit::after_colon(tree, pair.key).ok_or_else(unclear)?;
            let indent = habit::indent(tree, spec.value).ok_or_else(unclear)?;
            if line_of(text, colon) == line_of(text, tree.node(*first).span.start) {
                return Err(unclear());
            }
            // Before comments that belong to the key that is the first one now.
            let end = line_end(text, colon);
            Splice::insert(end, format!("{}{indent}{key}: {count}", eol_near(text, end)))
        }
    };
    let difference =
        Difference::Insert { at: spec.below(0), key: Some(Reading::string(KEY)), value: Reading::number(count) };
    Ok(Edit { splices: vec![splice], differences: vec![difference], value: 0 })
}
