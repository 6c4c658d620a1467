//! The house has floors: every module imports only from its own floor and those below, and no adapter from another.

use std::{
    fs,
    path::{Path, PathBuf},
};

use syn::{UseTree, visit::Visit};

/// The floor of a top-level module; `sandbox` stands beside the house.
fn floor(module: &str) -> Option<u8> {
    match module {
        "domain" | "manifest" | "grammar" => Some(0),
        "usecase" | "reply" | "ports" => Some(1),
        "adapters" => Some(2),
        "app" | "main" | "lib" => Some(3),
        _ => None,
    }
}

/// Why an import of `target` (the path after `crate`) from a file is not allowed.
fn fault(file: &[String], target: &[String]) -> Option<String> {
    let (from, to) = (file.first()?.as_str(), target.first()?.as_str());
    match (from, to) {
        ("sandbox", "sandbox") => None,
        ("sandbox", _) => Some("the sandbox is a world of its own and imports nothing of the bot".to_owned()),
        ("app" | "lib", "sandbox") => None,
        (_, "sandbox") => Some("only the program knows the sandbox".to_owned()),
        ("adapters", "adapters") if file.get(1) != target.get(1) => Some("adapters never import each other".to_owned()),
        _ => match (floor(from), floor(to)) {
            (Some(own), Some(other)) if other > own => Some(format!("floor {own} imports from floor {other}")),
            (Some(_), Some(_)) => None,
            // Macros and items at the crate's root.
            (Some(_), None) => Some(format!("{to} has no floor: add it to the table of this test")),
            (None, _) => Some(format!("{from} has no floor: add it to the table of this test")),
        },
    }
}

struct Imports {
    module: Vec<String>,
    found: Vec<Vec<String>>,
}

impl Imports {
    fn tree(&mut self, tree: &UseTree, prefix: &[String]) {
        match tree {
            UseTree::Path(path) => {
                let mut prefix = prefix.to_vec();
                prefix.push(path.ident.to_string());
                self.tree(&path.tree, &prefix);
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, prefix)),
            UseTree::Name(name) => self.path([prefix, &[name.ident.to_string()]].concat()),
            UseTree::Rename(name) => self.path([prefix, &[name.ident.to_string()]].concat()),
            UseTree::Glob(_) => self.path(prefix.to_vec()),
        }
    }

    fn path(&mut self, path: Vec<String>) {
        match path.first().map(String::as_str) {
            Some("crate" | "tiphys") => self.found.push(path[1..].to_vec()),
            Some("super") => {
                let ups = path.iter().take_while(|part| *part == "super").count();
                let base = &self.module[..self.module.len().saturating_sub(ups)];
                self.found.push([base, &path[ups..]].concat());
            }
            _ => {}
        }
    }
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.path(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        syn::visit::visit_item_mod(self, item);
        self.module.pop();
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The module path of a source file, such as `["adapters", "git", "mirror"]`.
fn module(root: &Path, file: &Path) -> Vec<String> {
    let relative = file.strip_prefix(root).expect("below the root").with_extension("");
    let mut parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

fn faults(module: &[String], text: &str) -> Vec<String> {
    let file = syn::parse_file(text).expect("valid Rust");
    let mut imports = Imports { module: module.to_vec(), found: Vec::new() };
    imports.visit_file(&file);
    imports
        .found
        .iter()
        .filter_map(|target| Some(format!("{} → {}: {}", module.join("::"), target.join("::"), fault(module, target)?)))
        .collect()
}

#[test]
fn imports_go_downward_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 30, "the sources were not found");
    let faults: Vec<_> = files
        .iter()
        .flat_map(|file| faults(&module(&root, file), &fs::read_to_string(file).expect("readable")))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_arrow_that_goes_up_is_seen() {
    let of = |module: &str, text: &str| faults(&module.split("::").map(str::to_owned).collect::<Vec<_>>(), text).len();
    assert_eq!(of("domain::plan", "use crate::{manifest, ports::Clock};"), 1);
    assert_eq!(of("usecase::follow", "fn f() { crate::adapters::git::open(); }"), 1);
    assert_eq!(of("adapters::git", "use crate::adapters::telegram::Bot;"), 1);
    assert_eq!(of("adapters::git::mirror", "use super::{super::telegram::Bot, wire};"), 1);
    assert_eq!(of("sandbox::world", "use crate::domain::name::Tag; use super::page;"), 1);
    assert_eq!(of("adapters::git::mirror", "use super::wire; use crate::ports::Clock;"), 0);
}

#[test]
fn no_file_passes_five_hundred_lines_of_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files.into_iter().filter(|file| file.file_name().is_none_or(|name| name != "tests.rs")) {
        let text = fs::read_to_string(&file).expect("readable");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//")).count();
        assert!(lines <= 500, "{} has {lines} lines of code: split it by purpose", file.display());
    }
}
