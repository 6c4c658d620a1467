//! A scalar at a key path of any document: read, written over, or put in where it is missing.

mod find;
mod kind;
mod put;
mod write;

use super::{
    Fault, Missing, habit,
    insert::Edit,
    key_path::{KeyPath, Step},
    proof::{Difference, Meaning, Path, Reading},
    scalar, slot,
    tree::{INT_TAG, Kind, NodeId, STR_TAG, Style, Tree},
};
use crate::domain::{
    plan::{PlanFault, ScalarKind, Shape, UnsafeEdit, ValueFault},
    position::Position,
};
pub(super) use find::{Found, Holder, find};
pub use kind::Number;

/// A value to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewValue<'v> {
    /// A string, quoted where YAML would read it otherwise.
    String(&'v str),
    /// A whole number.
    Integer(i64),
    /// A truth value.
    Bool(bool),
    /// A number, written as it was typed.
    Number(Number<'v>),
    /// Nothing.
    Null,
    /// A text of the kind that stands there: a string stays one, and so does a number, a truth value and a date; what is of
    /// another kind is refused. Where a number stands at a key such as `tag` and `version`, what isn't surely a whole number
    /// becomes a string: there, 1.10 isn't 1.1.
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
        Found::Missing { holder, deepest, at, done, hazard } => {
            let mut keys = vec![];
            for (index, step) in wish.steps.iter().enumerate().skip(done) {
                let Step::Key(key) = step else {
                    // Items of lists are never put in.
                    let path = KeyPath::shown(&wish.steps[..=index]);
                    return Err(Fault::whole(PlanFault::NoValue { path }));
                };
                keys.push(key.as_str());
            }
            if wish.missing == Missing::Refuse {
                return Err(wish.no_value());
            }
            if let Some(hazard) = hazard {
                return Err(hazard);
            }
            let scalar = Scalar::new(tree, None, wish)?;
            let edit = put::put(tree, (holder, deepest), at, &keys, &scalar)?;
            Ok(Planned::Change { edit, written: scalar.text, from: None })
        }
    }
}

/// How nothing is written.
const NULL: &str = "null";

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
            NewValue::Number(number) => return Ok(other(number.as_str().to_owned())),
            NewValue::Null => return Ok(other(NULL.to_owned())),
            NewValue::Auto(text) => text,
        };
        let Some(old) = old.filter(|old| !tree.is_null(*old)) else {
            if scalar::reads_as_string(text) {
                return Ok(string(text));
            }
            let fault = ValueFault::KindUnclear { path: wish.path.to_string(), value: text.to_owned() };
            return Err(Fault { at: old.map(|old| tree.position(old)), fault: PlanFault::Value(fault) });
        };
        let old_text = tree.scalar(old).unwrap_or_default();
        if slot::is_string(tree, old) || tree.node(old).tag.is_none() && kind::is_odd_string(old_text) {
            return Ok(string(text));
        }
        let of_version = kind::is_of_version(wish.steps) && !text.is_empty();
        match kind::same(old_text, text) {
            Ok(()) if of_version && kind::is_float(old_text) => Ok(string(text)),
            Ok(()) => Ok(other(text.to_owned())),
            Err(kind) if of_version && kind != ScalarKind::Truth => Ok(string(text)),
            Err(kind) => {
                let fault = ValueFault::KindMismatch { old: old_text.to_owned(), new: text.to_owned(), kind };
                Err(self::fault(tree.position(old), fault))
            }
        }
    }

    pub(super) fn reading(&self) -> Reading {
        let meaning = if self.is_string { Meaning::String } else { Meaning::Other };
        // To the readers, nothing and `null` are one.
        let null = !self.is_string && self.text == NULL;
        Reading::Scalar { text: if null { String::new() } else { self.text.clone() }, meaning }
    }

    /// The value's text in the file, in this style.
    pub(super) fn write(&self, tree: &Tree<'_>, style: Style, in_flow: bool) -> String {
        if self.is_string { write::string(tree, &self.text, style, in_flow) } else { self.text.clone() }
    }
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
        NewValue::Number(wanted) => bare && text == wanted.as_str(),
        NewValue::Null => tree.is_null(id),
        // Nothing at all shows no kind; `~` is what it says.
        NewValue::Auto(wanted) => text == wanted && !(tree.is_null(id) && text.is_empty()),
    };
    same.then(|| text.to_owned())
}

/// Writes over the value that stands there, or fills in a null.
fn replace(tree: &Tree<'_>, (holder, value): (Holder, NodeId), at: Path, wish: &Wish<'_>) -> Result<Planned, Fault> {
    // Something that is no scalar may look like one in a template: `{{ .Values.tag }}` is a map in a map to YAML.
    if tree.scalar(value).is_none() {
        return Err(shaped(tree, value, wish, not_a_scalar(tree, value)));
    }
    let pair = match holder {
        Holder::Pair { pair, .. } => pair,
        Holder::Item { index, .. } => slot::Pair { index, key: value, value },
        Holder::Root => return Err(not_a_scalar(tree, value)),
    };
    let own = slot::writable(tree, pair).map_err(|fault| shaped(tree, value, wish, fault))?;
    let new = Scalar::new(tree, Some(value), wish)?;
    let tag = tree.node(value).tag.as_deref();
    let whole = !new.is_string && Number::parse(&new.text).is_some_and(Number::is_whole);
    if tag == Some(STR_TAG) && !new.is_string || tag == Some(INT_TAG) && !whole {
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

/// The fault of a value that isn't a scalar on one line, with its shape where that is what keeps it from being set.
fn shaped(tree: &Tree<'_>, id: NodeId, wish: &Wish<'_>, found: Fault) -> Fault {
    let shape = shape(tree, id);
    if found.fault != PlanFault::Unsafe(UnsafeEdit::NotAScalar) || shape == Shape::Single {
        return found;
    }
    let fault = ValueFault::NotASingleValue { path: wish.path.to_string(), shape };
    Fault { at: found.at, fault: PlanFault::Value(fault) }
}

/// The shape of what stands in a place.
fn shape(tree: &Tree<'_>, id: NodeId) -> Shape {
    match &tree.node(tree.target(id)).kind {
        Kind::Mapping { .. } => Shape::Map,
        Kind::Sequence { .. } => Shape::List,
        Kind::Scalar { style: Style::Block, .. } => Shape::Text,
        Kind::Scalar { .. } | Kind::Alias { .. } => Shape::Single,
    }
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
