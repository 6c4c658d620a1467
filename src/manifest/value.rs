//! A scalar at a key path of any document: read, written over, or put in where it is missing.

mod find;
mod put;
mod write;

use super::{
    Fault, Missing, habit,
    insert::Edit,
    key_path::{KeyPath, Step},
    proof::{Difference, Meaning, Path, Reading},
    scalar, slot,
    tree::{INT_TAG, NodeId, STR_TAG, Style, Tree},
};
use crate::domain::{
    plan::{PlanFault, UnsafeEdit, ValueFault},
    position::Position,
};
pub(super) use find::{Found, Holder, find};

/// A value to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewValue<'v> {
    /// A string, quoted where YAML would read it otherwise.
    String(&'v str),
    /// A whole number.
    Integer(i64),
    /// A truth value.
    Bool(bool),
    /// A text of the kind that stands there: a string stays one, a whole number and a truth value where the text is one as
    /// well; everything else becomes a string.
    Auto(&'v str),
}

/// What setting a value comes to, before it is proved.
#[derive(Debug)]
pub(super) enum Planned {
    /// Nothing is to be changed.
    AlreadySo(String),
    /// These splices.
    Change {
        /// Splices and differences.
        edit: Edit,
        /// The new value as text.
        written: String,
        /// The value that stood there.
        from: Option<String>,
    },
}

/// What is set and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'w> {
    /// The steps from the start.
    pub(super) steps: &'w [Step],
    /// The path as it was asked for.
    pub(super) path: &'w KeyPath,
    /// The value.
    pub(super) value: NewValue<'w>,
    /// What to do where it isn't there.
    pub(super) missing: Missing,
}

impl Wish<'_> {
    pub(super) fn no_value(&self) -> Fault {
        no_value(self.path)
    }
}

pub(super) fn no_value(path: &KeyPath) -> Fault {
    Fault::whole(PlanFault::NoValue { path: path.to_string() })
}

pub(super) fn fault(at: Position, fault: ValueFault) -> Fault {
    Fault::at(at, PlanFault::Value(fault))
}

/// Reads a text; a Go template that isn't YAML is called by its name.
pub(super) fn read(text: &str) -> Result<Tree<'_>, Fault> {
    Tree::read(text).map_err(|malformed| {
        if text.contains("{{") && text.contains("}}") {
            return Fault { at: malformed.at, fault: PlanFault::Value(ValueFault::Template) };
        }
        malformed
    })
}

/// The value below a node, with its place: `None` where there is none or where it is null.
///
/// # Errors
/// [`Fault`] where the way there is unclear, or where no scalar stands there.
pub(super) fn get(tree: &Tree<'_>, start: NodeId, steps: &[Step]) -> Result<Option<(String, Position)>, Fault> {
    match find(tree, (start, vec![]), steps)? {
        Found::There { value, .. } if tree.is_null(value) => Ok(None),
        Found::There { value, .. } => match tree.scalar(value) {
            Some(text) => Ok(Some((text.to_owned(), tree.position(value)))),
            None => Err(not_a_scalar(tree, value)),
        },
        Found::Missing { .. } => Ok(None),
    }
}

/// Plans to set the value below a node, whose place in the document is `start.1`.
///
/// # Errors
/// [`Fault`] with the line, where the way there isn't clear or the value can't be changed without touching more.
pub(super) fn plan(tree: &Tree<'_>, start: (NodeId, Path), wish: &Wish<'_>) -> Result<Planned, Fault> {
    match find(tree, start, wish.steps)? {
        Found::There { holder, value, at, hazard } => {
            if let Some(value) = already(tree, value, wish.value) {
                return Ok(Planned::AlreadySo(value));
            }
            if let Some(hazard) = hazard {
                return Err(hazard);
            }
            replace(tree, (holder, value), at, wish)
        }
        Found::Missing { .. } if wish.missing == Missing::Refuse => Err(wish.no_value()),
        Found::Missing { hazard: Some(hazard), .. } => Err(hazard),
        Found::Missing { holder, deepest, at, done, .. } => {
            let mut keys = vec![];
            for step in &wish.steps[done..] {
                let Step::Key(key) = step else { return Err(wish.no_value()) };
                keys.push(key.as_str());
            }
            let scalar = Scalar::new(tree, None, wish)?;
            let edit = put::put(tree, (holder, deepest), at, &keys, &scalar)?;
            Ok(Planned::Change { edit, written: scalar.text, from: None })
        }
    }
}

/// A value of a known kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar {
    pub(super) text: String,
    pub(super) is_string: bool,
}

impl Scalar {
    /// The value to be written, of the kind of the one that stands there.
    fn new(tree: &Tree<'_>, old: Option<NodeId>, wish: &Wish<'_>) -> Result<Self, Fault> {
        let string = |text: &str| Self { text: text.to_owned(), is_string: true };
        let other = |text: String| Self { text, is_string: false };
        let text = match wish.value {
            NewValue::String(text) => return Ok(string(text)),
            NewValue::Integer(number) => return Ok(other(number.to_string())),
            NewValue::Bool(value) => return Ok(other(value.to_string())),
            NewValue::Auto(text) => text,
        };
        let unclear = |at| {
            let fault = ValueFault::KindUnclear { path: wish.path.to_string(), value: text.to_owned() };
            Err(Fault { at, fault: PlanFault::Value(fault) })
        };
        let Some(old) = old.filter(|old| !tree.is_null(*old)) else {
            let at = old.map(|old| tree.position(old));
            return if scalar::reads_as_string(text) { Ok(string(text)) } else { unclear(at) };
        };
        if slot::is_string(tree, old) {
            return Ok(string(text));
        }
        let old_text = tree.scalar(old).unwrap_or_default();
        if is_truth(old_text) {
            return match text {
                "true" | "false" => Ok(other(text.to_owned())),
                _ if is_truth(text) => unclear(Some(tree.position(old))),
                _ => Ok(string(text)),
            };
        }
        let whole = |text: &str| text.parse::<i64>().is_ok_and(|number| number.to_string() == text);
        let old_whole = whole(old_text) || scalar::whole_number(old_text).is_some() && !old_text.contains('.');
        Ok(if old_whole && whole(text) { other(text.to_owned()) } else { string(text) })
    }

    pub(super) fn reading(&self) -> Reading {
        let meaning = if self.is_string { Meaning::String } else { Meaning::Other };
        Reading::Scalar { text: self.text.clone(), meaning }
    }

    /// The value's text in the file, in this style.
    pub(super) fn write(&self, tree: &Tree<'_>, style: Style, in_flow: bool) -> String {
        if self.is_string { write::string(tree, &self.text, style, in_flow) } else { self.text.clone() }
    }
}

/// A truth value to some reader.
fn is_truth(text: &str) -> bool {
    ["true", "false", "yes", "no", "on", "off", "y", "n"].iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// The value, when it is already the wanted one and of the wanted kind.
fn already(tree: &Tree<'_>, id: NodeId, value: NewValue<'_>) -> Option<String> {
    let text = tree.scalar(id)?;
    let bare = !slot::is_string(tree, id) && !tree.is_null(id);
    let same = match value {
        NewValue::String(wanted) => text == wanted && !bare && !tree.is_null(id),
        NewValue::Integer(wanted) => {
            let number = text.parse::<i64>().ok().filter(|number| number.to_string() == text);
            bare && number.or_else(|| scalar::whole_number(text).map(i64::from)) == Some(wanted)
        }
        NewValue::Bool(wanted) => bare && text.eq_ignore_ascii_case(if wanted { "true" } else { "false" }),
        // A float or a date has to become a string.
        NewValue::Auto(wanted) => {
            let kept = !bare || is_truth(text) || text.parse::<i64>().is_ok_and(|number| number.to_string() == text);
            text == wanted && !tree.is_null(id) && kept
        }
    };
    same.then(|| text.to_owned())
}

/// Writes over the value that stands there, or fills in a null.
fn replace(tree: &Tree<'_>, (holder, value): (Holder, NodeId), at: Path, wish: &Wish<'_>) -> Result<Planned, Fault> {
    // Something that is no scalar may look like one in a template: `{{ .Values.tag }}` is a map in a map to YAML.
    if tree.scalar(value).is_none() {
        return Err(not_a_scalar(tree, value));
    }
    let pair = match holder {
        Holder::Pair { pair, .. } => pair,
        Holder::Item { index, .. } => slot::Pair { index, key: value, value },
        Holder::Root => return Err(not_a_scalar(tree, value)),
    };
    let own = slot::writable(tree, pair)?;
    let new = Scalar::new(tree, Some(value), wish)?;
    let tag = tree.node(value).tag.as_deref();
    if tag == Some(STR_TAG) && !new.is_string || tag == Some(INT_TAG) && new.is_string {
        return Err(Fault::not_safe(tree.position(value), UnsafeEdit::NotAScalar));
    }
    let in_flow = holder.map().is_some_and(|map| habit::is_flow(tree, map));
    let null = tree.is_null(value);
    let text = if null {
        new.write(tree, write::sibling_style(tree, holder), in_flow)
    } else if tag == Some(STR_TAG) && own == Style::Plain && scalar::is_plain_string(&format!("a{}", new.text)) {
        // An explicit `!!str` makes a string of whatever follows.
        new.text.clone()
    } else if own == Style::Plain && new.is_string && write::may_stay_plain(&new.text, in_flow) {
        new.text.clone()
    } else {
        new.write(tree, own, in_flow)
    };
    let splice = match holder {
        Holder::Item { .. } if tree.node(value).span.is_empty() => {
            return Err(super::insert::refuse(tree, value, "the list's item is empty"));
        }
        _ => slot::replace(tree, pair.key, value, &text)?,
    };
    let from = (!null).then(|| tree.scalar(value).unwrap_or_default().to_owned());
    let differences = vec![Difference::Set { at, value: new.reading() }];
    Ok(Planned::Change { edit: Edit { splices: vec![splice], differences, value: 0 }, written: new.text, from })
}

/// The fault of something that is no scalar.
fn not_a_scalar(tree: &Tree<'_>, id: NodeId) -> Fault {
    if is_template(tree, id) {
        return fault(tree.position(id), ValueFault::Template);
    }
    Fault::not_safe(tree.position(id), UnsafeEdit::NotAScalar)
}

/// Whether a map is what YAML makes of `{{ … }}`.
fn is_template(tree: &Tree<'_>, id: NodeId) -> bool {
    tree.text.get(tree.node(id).span.clone()).is_some_and(|text| text.starts_with("{{"))
}
