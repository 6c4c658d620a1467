//! The image of containers: which are meant, and how their values are set anew.

use super::{
    ContainerRef, Selector,
    find::{self, Found, FoundContainer, Spot},
    no_value,
    reference::{self, Reference},
};
use crate::{
    domain::{
        image::ImageChange,
        plan::{PlanFault, UnsafeEdit},
        position::Position,
    },
    manifest::{
        Fault, Outcome, habit,
        insert::Value,
        proof::{Asked, Difference},
        slot::{self, MAX_LINES},
        tree::{NodeId, STR_TAG, Style, Tree},
    },
};

/// The image of a container that is meant.
struct Target {
    document: usize,
    container: NodeId,
    path: String,
    image: Option<Spot>,
}

impl Target {
    fn of(document: usize, container: FoundContainer<'_>) -> Self {
        let path = format!("{}[{}].image", container.list, container.name.unwrap_or("*"));
        Self { document, container: container.spot.value, path, image: container.image }
    }

    /// The image's node, or the container's where it has none.
    fn node(&self) -> NodeId {
        self.image.as_ref().map_or(self.container, |image| image.value)
    }

    /// Whether a list or a map stands in the image's place.
    fn is_not_a_scalar(&self, tree: &Tree<'_>) -> bool {
        self.image.as_ref().is_some_and(|image| tree.scalar(image.value).is_none())
    }

    /// The image text; `None` where there is none.
    fn text<'t>(&self, tree: &'t Tree<'_>) -> Option<&'t str> {
        let image = self.image.as_ref().filter(|image| !tree.is_null(image.value))?;
        tree.scalar(image.value).filter(|text| !text.is_empty())
    }
}

/// The image of the container that is meant, or of the first of those that are.
pub(super) fn get(
    tree: &Tree<'_>,
    found: &[Found<'_>],
    at: &Selector<'_>,
    container: ContainerRef<'_>,
) -> Result<Option<(String, Position)>, Fault> {
    let targets = targets(tree, found, at, container)?;
    Ok(targets.first().and_then(|target| Some((target.text(tree)?.to_owned(), tree.position(target.node())))))
}

/// Sets the image of the containers that are meant.
pub(super) fn set(
    tree: &Tree<'_>,
    found: &[Found<'_>],
    at: &Selector<'_>,
    container: ContainerRef<'_>,
    change: &ImageChange,
) -> Result<Outcome, Fault> {
    let targets = match (targets(tree, found, at, container), container, &change.name) {
        // The image has its new name already.
        (Err(Fault { fault: PlanFault::NoContainer { .. }, .. }), ContainerRef::Image(old), Some(new))
            if old != new.as_str() =>
        {
            let renamed = targets(tree, found, at, ContainerRef::Image(new.as_str()));
            renamed.or_else(|_| targets(tree, found, at, container))?
        }
        (targets, ..) => targets?,
    };
    let Some(first) = targets.first() else { return Err(no_container(tree, found, at, "*")?) };
    let old = match first.text(tree) {
        None if first.is_not_a_scalar(tree) => {
            return Err(Fault::not_safe(tree.position(first.node()), UnsafeEdit::NotAScalar));
        }
        None => None,
        Some(text) => Some(Reference::parse(text).ok_or_else(|| not_an_image(tree, first.node(), text))?),
    };
    let old = old.as_ref();
    let Some(new) = Reference::after(old, change) else {
        return Err(no_value(tree.position(first.node()), &first.path));
    };
    let (text, part) = (new.text(), new.part(change, old));
    let is_so = |target: &Target| target.text(tree) == Some(&text) && slot::is_string(tree, target.node());
    if targets.iter().all(is_so) {
        return Ok(Outcome::AlreadySo { value: part.unwrap_or(text) });
    }
    let from = old.and_then(|old| old.part(change, Some(old)));

    edit(tree, &targets, &text, from)
}

/// Writes the image over those there, in the order of the file.
fn edit(tree: &Tree<'_>, targets: &[Target], text: &str, from: Option<String>) -> Result<Outcome, Fault> {
    let value = Value::String(text);
    let mut splices = Vec::with_capacity(targets.len());
    let mut asked: Vec<Asked> = vec![];
    // The file's quotes are looked up once.
    let mut in_style: Vec<(Style, String)> = vec![];
    for target in targets {
        let Some(image) = &target.image else { return Err(no_value(tree.position(target.container), &target.path)) };
        let pair = image.editable(tree)?;
        let style = match slot::writable(tree, pair)? {
            _ if !tree.is_null(pair.value) => habit::style(tree, pair.value),
            // JSON knows no other quotes.
            _ if habit::is_flow(tree, target.container) => match habit::style(tree, pair.key) {
                Style::Double => Style::Double,
                _ => Style::Plain,
            },
            _ => Style::Plain,
        };
        // An explicit `!!str` makes a string of whatever follows.
        let tagged = style == Style::Plain && tree.node(pair.value).tag.as_deref() == Some(STR_TAG);
        let written = match in_style.iter().find(|(known, _)| *known == style) {
            _ if tagged => text,
            Some((_, written)) => written,
            None => {
                in_style.push((style, value.write(tree, style)));
                in_style.last().map_or(text, |(_, written)| written)
            }
        };
        splices.push(slot::replace(tree, pair.key, pair.value, written)?);
        let difference = Difference::Set { at: image.path.clone(), value: value.reading() };
        match asked.last_mut() {
            Some(last) if last.document == target.document => last.differences.push(difference),
            _ => asked.push(Asked { document: target.document, differences: vec![difference] }),
        }
    }
    splices.sort_by_key(|splice| splice.range.start);
    slot::finish_all(tree, &splices, &asked, (0, text), from)
}

/// The containers that are meant; of several all have the same image.
fn targets(
    tree: &Tree<'_>,
    found: &[Found<'_>],
    at: &Selector<'_>,
    container: ContainerRef<'_>,
) -> Result<Vec<Target>, Fault> {
    let matching = find::matching(tree, found.iter(), at)?;
    if let ContainerRef::Image(name) = container {
        return with_image(tree, &matching, found, at, name);
    }
    let workload = super::only(tree, &matching)?;
    let containers = workload.containers(tree)?;
    if let Some((template, spot)) = workload.template_of(tree)? {
        let fault = PlanFault::TemplateElsewhere { workload: workload.title(), template };
        return Err(Fault::at(tree.position(spot.value), fault));
    }
    let (meant, rest): (Vec<_>, Vec<_>) = containers.into_iter().partition(|c| match container {
        ContainerRef::Name(name) => c.name == Some(name),
        ContainerRef::Only => c.list == "containers",
        ContainerRef::Image(_) => false,
    });
    let names = |containers: &[FoundContainer<'_>]| -> Vec<String> {
        containers.iter().take(MAX_LINES).map(|c| c.name.unwrap_or("*").to_owned()).collect()
    };
    match meant.as_slice() {
        [_] => Ok(meant.into_iter().map(|container| Target::of(workload.document, container)).collect()),
        [] => {
            let name = if let ContainerRef::Name(name) = container { name } else { "*" };
            let fault = PlanFault::NoContainer { name: name.to_owned(), found: names(&rest) };
            Err(Fault::at(tree.position(workload.spot.value), fault))
        }
        several => {
            let lines = several.iter().take(MAX_LINES).map(|c| tree.line(c.spot.value)).collect();
            let fault = PlanFault::SeveralContainers { found: names(several), lines };
            Err(Fault { at: several.get(1).map(|c| tree.position(c.spot.value)), fault })
        }
    }
}

/// The containers with an image of this name in all workloads that match.
fn with_image(
    tree: &Tree<'_>,
    matching: &[&Found<'_>],
    found: &[Found<'_>],
    at: &Selector<'_>,
    name: &str,
) -> Result<Vec<Target>, Fault> {
    let mut targets: Vec<Target> = vec![];
    for workload in matching {
        let containers = workload.containers(tree)?.into_iter();
        let ours = containers.map(|container| Target::of(workload.document, container));
        targets.extend(ours.filter(|target| target.text(tree).is_some_and(|text| reference::name(text) == name)));
        if targets.len() > find::MAX_FOUND {
            return Err(find::too_many());
        }
    }
    targets.sort_by_key(|target| tree.node(target.node()).span.start);
    let Some(first) = targets.first() else { return Err(no_container(tree, found, at, name)?) };
    let text = first.text(tree);
    let Some(other) = targets.iter().find(|target| target.text(tree) != text) else { return Ok(targets) };
    let lines = targets.iter().take(MAX_LINES).map(|target| tree.line(target.node())).collect();
    let found = [first, other].iter().filter_map(|target| target.text(tree)).map(str::to_owned).collect();
    let fault = PlanFault::DifferentImages { name: name.to_owned(), found, lines };
    Err(Fault::at(tree.position(other.node()), fault))
}

/// The fault of an image that no workload has: its name, and the images there are.
fn no_container(tree: &Tree<'_>, found: &[Found<'_>], at: &Selector<'_>, name: &str) -> Result<Fault, Fault> {
    let mut images = vec![];
    for workload in find::matching(tree, found.iter(), at)? {
        if let Some((template, spot)) = workload.template_of(tree)? {
            let fault = PlanFault::TemplateElsewhere { workload: workload.title(), template };
            return Ok(Fault::at(tree.position(spot.value), fault));
        }
        for container in workload.containers(tree)? {
            if images.len() < MAX_LINES
                && let Some(text) = Target::of(workload.document, container).text(tree)
                && !images.iter().any(|image| image == text)
            {
                images.push(text.to_owned());
            }
        }
    }
    Ok(Fault::whole(PlanFault::NoContainer { name: name.to_owned(), found: images }))
}

fn not_an_image(tree: &Tree<'_>, id: NodeId, text: &str) -> Fault {
    super::unreadable(tree, id, PlanFault::NotAnImage { found: text.to_owned() })
}
