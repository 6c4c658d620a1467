//! Helm's templates, told apart from YAML.

use crate::{
    domain::plan::PlanFault,
    manifest::{
        Fault,
        text::position_of,
        tree::{Kind, Tree},
    },
};

/// Reads a text as YAML.
///
/// # Errors
/// [`PlanFault::HelmTemplate`] where template code stands in the place of YAML, [`PlanFault::Malformed`] otherwise.
pub(super) fn read(text: &str) -> Result<Tree<'_>, Fault> {
    let template = |offset| Fault::at(position_of(text, offset), PlanFault::HelmTemplate);
    match Tree::read(text) {
        Ok(tree) => match action(&tree) {
            Some(offset) => Err(template(offset)),
            None => Ok(tree),
        },
        Err(fault) => Err(code(text).map_or(fault, template)),
    }
}

/// Where an action stands that YAML reads as a map with a map as its key: `replicas: {{ .Values.replicas }}`.
fn action(tree: &Tree<'_>) -> Option<usize> {
    let is_flow = |id: usize| matches!(tree.node(id).kind, Kind::Mapping { flow: true, .. });
    let nodes = tree.nodes().iter().filter(|node| match &node.kind {
        Kind::Mapping { pairs, flow: true } => pairs.first().is_some_and(|(key, _)| is_flow(*key)),
        _ => false,
    });
    nodes.map(|node| node.span.start).find(|start| tree.text[*start..].starts_with("{{"))
}

/// Where an action stands, outside of quotes as far as a line shows it.
fn code(text: &str) -> Option<usize> {
    let found = text.match_indices("{{").find(|(offset, _)| {
        let line = text[..*offset].rfind(['\n', '\r']).map_or(0, |end| end + 1);
        let before = text[line..*offset].trim_end();
        !before.trim_start().starts_with('#') && (before.is_empty() || before.ends_with([':', '-']))
    });
    found.map(|(offset, _)| offset)
}
