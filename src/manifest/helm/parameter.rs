//! `helm.parameters` of an Application: what `helm template --set NAME=VALUE` gets.

use super::{application::Application, keys, set_at};
use crate::{
    domain::plan::{PlanFault, Shape, UnsafeEdit, ValueFault},
    manifest::{
        Fault, Outcome,
        insert::{self, New, Value},
        key_path::{KeyPath, Step},
        slot::{self, MAX_LINES},
        tree::NodeId,
        value::{self, Found, NewValue, Wish},
    },
};

/// The number of the parameter that sets a path.
///
/// # Errors
/// [`PlanFault::AmbiguousEntry`] where two do, and a fault where one sets something above or below it.
pub(super) fn index(application: &Application<'_>, path: &KeyPath) -> Result<Option<usize>, Fault> {
    let tree = application.tree;
    let mut found: Vec<(usize, NodeId)> = vec![];
    for (index, (item, steps)) in named(application, "parameters")?.into_iter().enumerate() {
        let Some(steps) = steps else { continue };
        if steps == path.steps() {
            found.push((index, item));
        } else if path.steps().starts_with(&steps) {
            let in_the_way = ValueFault::NotAMap { path: KeyPath::shown(&steps), shape: Shape::Single };
            return Err(value::fault(tree.position(item), in_the_way));
        } else if steps.starts_with(path.steps()) {
            return Err(Fault::not_safe(tree.position(item), UnsafeEdit::NotAScalar));
        }
    }
    match found.as_slice() {
        [] => Ok(None),
        [(index, _)] => Ok(Some(*index)),
        [_, (_, second), ..] => {
            let lines = found.iter().take(MAX_LINES).map(|(_, item)| tree.line(*item)).collect();
            let fault = PlanFault::AmbiguousEntry { section: "parameters".to_owned(), name: path.to_string(), lines };
            Err(Fault::at(tree.position(*second), fault))
        }
    }
}

/// Refuses a path that `helm.fileParameters` reads from a file: that beats everything else.
pub(super) fn no_file(application: &Application<'_>, path: &KeyPath) -> Result<(), Fault> {
    for (item, steps) in named(application, "fileParameters")? {
        if steps.is_some_and(|steps| path.steps().starts_with(&steps)) {
            let at = application.tree.position(item);
            return Err(value::fault(at, ValueFault::FileParameter { path: path.to_string() }));
        }
    }
    Ok(())
}

/// Whether the Application sets values by parameters.
pub(super) fn are_used(application: &Application<'_>) -> Result<bool, Fault> {
    Ok(!named(application, "parameters")?.is_empty())
}

/// An item of a list, with the path that its name is.
type Named = (NodeId, Option<Vec<Step>>);

/// The items of a list with the paths that their names are.
fn named(application: &Application<'_>, list: &str) -> Result<Vec<Named>, Fault> {
    let tree = application.tree;
    let Found::There { value: list, .. } = application.find(&application.helm(&[list]))? else { return Ok(vec![]) };
    let mut named = vec![];
    for item in tree.items(list).unwrap_or_default() {
        let name = slot::exactly(tree, *item, "name")?.and_then(|pair| tree.scalar(pair.value));
        let path = name.and_then(|name| KeyPath::parse(name).ok());
        named.push((*item, path.map(|path| path.steps().to_vec())));
    }
    Ok(named)
}

/// Sets the value of a parameter, always as a string: Argo CD takes no other.
pub(super) fn set(application: &Application<'_>, index: usize, wish: &Wish<'_>) -> Result<Outcome, Fault> {
    let item = || application.helm(&["parameters"]).into_iter().chain([Step::Index(index)]);
    let text = text(wish.value);
    if is_typed(wish.value) {
        let force = item().chain(keys(&["forceString"])).collect::<Vec<_>>();
        let forced = match application.find(&force)? {
            Found::There { value, .. } => application.tree.scalar(value) == Some("true"),
            Found::Missing { .. } => false,
        };
        if !forced {
            let at = match application.find(&item().collect::<Vec<_>>())? {
                Found::There { value, .. } => application.tree.position(value),
                Found::Missing { .. } => return Err(wish.no_value()),
            };
            return Err(value::fault(at, ValueFault::ForceString { value: text }));
        }
    }
    let steps = item().chain(keys(&["value"])).collect::<Vec<_>>();
    let wish = Wish { steps: &steps, value: NewValue::String(&text), ..*wish };
    set_at(application.tree, (application.document, application.root), &wish)
}

/// Adds a parameter; `None` where only another place can hold the value as it is meant.
pub(super) fn add(application: &Application<'_>, wish: &Wish<'_>) -> Result<Option<Outcome>, Fault> {
    let typed = match wish.value {
        NewValue::Auto(text) => is_typed(NewValue::String(text)),
        value => is_typed(value),
    };
    if typed || wish.steps.iter().any(|step| !matches!(step, Step::Key(_))) {
        return Ok(None);
    }
    let tree = application.tree;
    let Found::There { value: list, at, hazard, .. } = application.find(&application.helm(&["parameters"]))? else {
        return Ok(None);
    };
    if let Some(hazard) = hazard.or_else(|| slot::shared(tree, list)) {
        return Err(hazard);
    }
    let (name, text) = (KeyPath::shown(wish.steps), text(wish.value));
    let string = |text| New::Scalar(Value::String(text));
    let new = New::Map(vec![("name", string(&name)), ("value", string(&text))]);
    let edit = insert::item(tree, (list, &at), &new)?;
    slot::finish(tree, application.document, edit, &text, None).map(Some)
}

fn text(value: NewValue<'_>) -> String {
    match value {
        NewValue::String(text) | NewValue::Auto(text) => text.to_owned(),
        NewValue::Integer(number) => number.to_string(),
        NewValue::Bool(value) => value.to_string(),
        NewValue::Number(number) => number.as_str().to_owned(),
        NewValue::Null => "null".to_owned(),
    }
}

/// Whether Helm reads a text as something else than a string, as its `strvals` package does without `forceString`.
fn is_typed(value: NewValue<'_>) -> bool {
    let NewValue::String(text) = value else { return false };
    let word = ["true", "false", "null"].iter().any(|word| word.eq_ignore_ascii_case(text));
    word || text == "0" || !text.starts_with('0') && text.parse::<i64>().is_ok()
}
