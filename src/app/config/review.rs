//! Review environments: what a schema can't say of them, and the rules that come of a section.

use std::path::Path;

use super::{
    branches::{Branches, Line},
    fault::{Fault, Place},
    file::{ApplicationSection, ReviewSection},
    repositories,
    tree::Node,
};
use crate::domain::{
    name::{ApplicationName, ImageName},
    review::{Key, PREFIX, ReviewRules, RuleFault, Templates},
};

/// Every section with its application.
pub(super) fn sections(tree: &Node) -> impl Iterator<Item = (&Node, &Node)> {
    let applications = tree.get("applications").into_iter().flat_map(Node::items);
    applications.filter_map(|application| Some((application, application.get("review")?)))
}

/// Checks the sections of a file; tolerates values of any shape, which other checks report.
pub(super) fn faults(tree: &Node, base: &Path) -> Vec<Fault> {
    let mut faults = Vec::new();
    let repositories = repositories::sections(tree);
    let mut seen: Vec<(Option<Line>, &str, Place)> = Vec::new();
    for (application, section) in sections(tree) {
        let environments = application.get("environments").into_iter().flat_map(Node::items);
        for name in environments.filter_map(|environment| environment.get("name")) {
            if name.text().is_some_and(|text| text.starts_with(PREFIX)) {
                let text = format!("names that begin with {PREFIX} are those of review environments");
                faults.push(Fault::at(name.place, text));
            }
        }
        if let Some(Err(RuleFault { key, text })) = rules(application, section).map(|rules| rules.check()) {
            let (name, node) = place(section, key);
            faults.push(Fault::at(node.place, format!("{name:?} {text}")));
        }
        let Some(path) = section.get("path") else { continue };
        let Some(text) = path.text() else { continue };
        let line = repositories::line(&repositories, application, section, base);
        match seen.iter().find(|(on, other, _)| *on == line && *other == text) {
            Some((.., first)) => {
                let text =
                    format!("the review environments of the application on line {} have the same path", first.line);
                faults.push(Fault::at(path.place, text));
            }
            None => seen.push((line, text, path.place)),
        }
    }
    faults
}

/// The rules of a section whose values have the right shapes, without the repository.
fn rules(application: &Node, section: &Node) -> Option<ReviewRules> {
    let text = |key: &str| Some(section.get(key)?.text()?.to_owned());
    let argocd = section.get("argocd")?;
    Some(ReviewRules {
        application: ApplicationName::new(application.get("name")?.text()?).ok()?,
        image: ImageName::new(application.get("image")?.text()?).ok()?,
        repository: Default::default(),
        templates: Templates {
            path: text("path")?,
            namespace: text("namespace")?,
            argocd: argocd.get("name")?.text()?.to_owned(),
            name_suffix: match section.get("name_suffix") {
                Some(node) => Some(node.text()?.to_owned()),
                None => None,
            },
        },
        base: text("base")?,
        workload: text("workload")?,
        argocd_namespace: String::new(),
        max: 1,
    })
}

/// Where a key stands, or else the section.
fn place(section: &Node, key: Key) -> (&'static str, &Node) {
    let (name, node) = match key {
        Key::Path => ("path", section.get("path")),
        Key::Base => ("base", section.get("base")),
        Key::Namespace => ("namespace", section.get("namespace")),
        Key::Argocd => ("argocd.name", section.get("argocd").and_then(|argocd| argocd.get("name"))),
        Key::NameSuffix => ("name_suffix", section.get("name_suffix")),
    };
    (name, node.unwrap_or(section))
}

/// The rules of a section, which was checked.
pub(super) fn convert(
    application: &ApplicationSection,
    section: &ReviewSection,
    branches: &mut Branches,
) -> Result<ReviewRules, Fault> {
    let named = |error: crate::domain::name::NameError| Fault::whole(error.to_string());
    let repository = section.repository.as_deref().or(application.repository.as_deref());
    let branch = section.branch.as_deref().or(application.branch.as_deref());
    let rules = ReviewRules {
        application: application.name.parse().map_err(named)?,
        image: application.image.parse().map_err(named)?,
        repository: branches.of(repository, branch)?,
        templates: Templates {
            path: section.path.clone(),
            namespace: section.namespace.clone(),
            argocd: section.argocd.name.clone(),
            name_suffix: section.name_suffix.clone(),
        },
        base: section.base.clone(),
        workload: section.workload.clone(),
        argocd_namespace: section.argocd.namespace.clone(),
        max: usize::try_from(section.max).unwrap_or(usize::MAX),
    };
    rules.check().map_err(|fault| Fault::whole(fault.to_string()))?;
    Ok(rules)
}
