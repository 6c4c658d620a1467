//! The table of faults in docs/editing.md is made of the program's own words, and has every fault of the editor.

use std::{env, fs, path::Path};

use crate::{
    domain::{
        edit::{ArgumentError, ArgumentFault, EditError, FileFault, FileKind, SpecialFile, Subject},
        image::ExpectedInImage,
        language::Language,
        plan::{PlanFault, UnsafeEdit, ValueFault},
        position::Position,
        replicas::ExpectedInReplicas,
    },
    reply::{edit_error, edit_found, edit_place, edit_remedy},
};

/// With this variable set the test writes the table instead of comparing it.
const UPDATE: &str = "TIPHYS_UPDATE_DOCS";
const BEGIN: &str = "<!-- faults: generated, see below -->";
const END: &str = "<!-- end of faults -->";

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A fault of a text, in a file that may have it.
fn text(file: &str, at: Option<(usize, usize)>, fault: PlanFault) -> EditError {
    EditError::Text { file: file.to_owned(), at: at.map(|(line, column)| Position { line, column }), fault }
}

fn in_kustomizations() -> Vec<EditError> {
    let at = |line, column, fault| text("kustomization.yaml", Some((line, column)), fault);
    let not_safe = |line, column, reason| at(line, column, PlanFault::Unsafe(reason));
    let (section, name) = ("images".to_owned(), "app".to_owned());
    vec![
        text("overlays/prod", None, PlanFault::NoKustomization),
        text(
            "overlays/prod",
            None,
            PlanFault::SeveralKustomizations(strings(&["kustomization.yaml", "Kustomization"])),
        ),
        at(4, 3, PlanFault::Malformed("found a tab".to_owned())),
        at(1, 1, PlanFault::NotAKustomization { kind: "Deployment (apps/v1)".to_owned() }),
        text("kustomization.yaml", None, PlanFault::NoEntry { section: section.clone(), name: name.clone() }),
        at(7, 5, PlanFault::NoEntry { section: section.clone(), name: name.clone() }),
        at(9, 5, PlanFault::AmbiguousEntry { section, name, lines: vec![6, 9] }),
        not_safe(7, 13, UnsafeEdit::Alias { name: "tag".to_owned(), anchor: 2 }),
        not_safe(7, 13, UnsafeEdit::Anchor { name: "tag".to_owned(), aliases: vec![] }),
        not_safe(7, 13, UnsafeEdit::Anchor { name: "tag".to_owned(), aliases: vec![9, 12] }),
        not_safe(7, 5, UnsafeEdit::NotAScalar),
        not_safe(8, 5, UnsafeEdit::DuplicateKey { key: "newTag".to_owned(), lines: vec![7, 8] }),
        not_safe(14, 1, UnsafeEdit::Sops),
        not_safe(7, 13, UnsafeEdit::ProofFailed("the list's indentation is unclear".to_owned())),
        text("web", None, PlanFault::TooManyReplicas { wanted: 3000, maximum: 1000 }),
    ]
}

fn in_manifests() -> Vec<EditError> {
    let at = |line, column, fault| text("web.yaml", Some((line, column)), fault);
    let (app, found) = ("app".to_owned(), strings(&["Deployment/web", "StatefulSet/web"]));
    vec![
        text("web.yaml", None, PlanFault::NoWorkload { name: "api".to_owned(), found: strings(&["Deployment/web"]) }),
        at(20, 1, PlanFault::SeveralWorkloads { found, lines: vec![1, 20] }),
        text("web.yaml", None, PlanFault::NoContainer { name: app.clone(), found: strings(&["host:5000/app:1.0"]) }),
        at(14, 11, PlanFault::SeveralContainers { found: strings(&["app", "app"]), lines: vec![12, 14] }),
        at(
            15,
            18,
            PlanFault::DifferentImages { name: app, found: strings(&["app:1.0", "app:1.1"]), lines: vec![13, 15] },
        ),
        at(
            8,
            5,
            PlanFault::TemplateElsewhere { workload: "Rollout/web".to_owned(), template: "Deployment/web".to_owned() },
        ),
        at(13, 18, PlanFault::NotAnImage { found: "${IMAGE}".to_owned() }),
        at(6, 13, PlanFault::NotACount { found: "${REPLICAS}".to_owned() }),
        at(13, 18, PlanFault::HelmTemplate),
        at(5, 1, PlanFault::NoValue { path: "spec.replicas".to_owned() }),
    ]
}

fn in_values() -> Vec<EditError> {
    let fault = |file: &str, line, column, fault| text(file, Some((line, column)), PlanFault::Value(fault));
    let tag = || "image.tag".to_owned();
    let (values, app, release) = ("values.yaml", "application.yaml", "release.yaml");
    vec![
        text(values, None, PlanFault::NoValue { path: tag() }),
        fault(values, 2, 8, ValueFault::Template),
        fault(values, 2, 3, ValueFault::NotAMap { path: "image".to_owned(), list: false }),
        fault(values, 2, 3, ValueFault::NotAMap { path: "image".to_owned(), list: true }),
        fault(values, 2, 3, ValueFault::NotAList { path: "env".to_owned() }),
        fault(values, 3, 8, ValueFault::KindUnclear { path: tag(), value: "1.10".to_owned() }),
        fault(values, 9, 8, ValueFault::LaterDocument { path: tag() }),
        fault(app, 1, 1, ValueFault::NoManifest { kind: "Application".to_owned(), name: Some("web".to_owned()) }),
        fault(app, 1, 1, ValueFault::SeveralManifests { kind: "Application".to_owned(), lines: vec![1, 20] }),
        fault(app, 1, 1, ValueFault::ApplicationSet),
        fault(app, 6, 3, ValueFault::NoHelmSource),
        fault(app, 6, 3, ValueFault::SeveralSources { lines: vec![8, 14] }),
        fault(app, 12, 7, ValueFault::FileParameter { path: tag() }),
        fault(app, 12, 16, ValueFault::ForceString { value: "110".to_owned() }),
        fault(app, 9, 7, ValueFault::NotLiteral),
        fault(release, 9, 3, ValueFault::ValuesFrom { path: tag() }),
    ]
}

/// Faults that need a repository, which only the bot has.
fn in_chats() -> Vec<EditError> {
    let at = |fault| text("overlays/prod/kustomization.yaml", None, fault);
    let name = || "app".to_owned();
    vec![
        at(PlanFault::Unreadable("it is a folder".to_owned())),
        at(PlanFault::NoFile),
        at(PlanFault::SetNowhere { section: "images".to_owned(), name: name(), files: strings(&["base/web.yaml"]) }),
        at(PlanFault::SeveralPlaces { name: name(), places: strings(&["base/web.yaml:12", "base/job.yaml:9"]) }),
        at(PlanFault::SharedBase { environments: strings(&["app/stage"]) }),
        at(PlanFault::Overridden),
    ]
}

fn of_files() -> Vec<EditError> {
    let denied = || "Permission denied (os error 13)".to_owned();
    let faults = [
        FileFault::Missing,
        FileFault::DanglingLink,
        FileFault::Folder,
        FileFault::Special(SpecialFile::Pipe),
        FileFault::Special(SpecialFile::Socket),
        FileFault::Special(SpecialFile::Device),
        FileFault::TooLarge { limit: 8 << 20 },
        FileFault::HardLinks { links: 2 },
        FileFault::ReadOnly,
        FileFault::FolderReadOnly(denied()),
        FileFault::ForeignOwner,
        FileFault::Changed,
        FileFault::Twice("kustomization.yaml".to_owned()),
        FileFault::Unfit { kind: FileKind::Values, subject: Subject::Image },
        FileFault::Unfit { kind: FileKind::HelmRelease, subject: Subject::Replicas },
        FileFault::Read(denied()),
        FileFault::Replace("No space left on device (os error 28)".to_owned()),
        FileFault::NotPutBack("No space left on device (os error 28)".to_owned()),
    ];
    faults.map(|fault| EditError::File { file: "app.yaml".to_owned(), fault }).into()
}

fn of_arguments() -> Vec<EditError> {
    use ExpectedInImage as I;
    use ExpectedInReplicas as R;
    let fault = |argument: &str, column, fault| {
        EditError::Argument(ArgumentError { argument: argument.to_owned(), column, length: 1, fault })
    };
    vec![
        fault("=x:1", 1, ArgumentFault::Image(I::Name)),
        fault("host:5000/app", 14, ArgumentFault::Image(I::Sign)),
        fault("app=New:1", 5, ArgumentFault::Image(I::NewName)),
        fault("app:-1", 5, ArgumentFault::Image(I::Tag)),
        fault("app@sha256:12", 5, ArgumentFault::Image(I::Digest)),
        fault("app=*", 5, ArgumentFault::Image(I::Change)),
        fault("app=*:1@*", 9, ArgumentFault::Image(I::Literal)),
        fault("=1", 1, ArgumentFault::Replicas(R::Name)),
        fault("a:1", 4, ArgumentFault::Replicas(R::Sign)),
        fault("web=-1", 5, ArgumentFault::Replicas(R::Count)),
        fault("a:b", 1, ArgumentFault::NoValue),
        fault("a..b=1", 3, ArgumentFault::KeyPath("a key is missing after the dot".to_owned())),
        fault("a=x", 3, ArgumentFault::Value("a whole number".to_owned())),
        fault("app:2", 1, ArgumentFault::Twice(1)),
        fault("nginx", 1, ArgumentFault::None(Subject::Replicas)),
        fault("", 1, ArgumentFault::WhichFile),
        fault("-", 1, ArgumentFault::StreamTwice),
        fault("-", 1, ArgumentFault::TextAndJson),
    ]
}

fn groups() -> [(&'static str, Vec<EditError>); 6] {
    [
        ("In a kustomization", in_kustomizations()),
        ("In plain manifests", in_manifests()),
        ("In values", in_values()),
        ("Of a file as a whole", of_files()),
        ("Of an argument", of_arguments()),
        ("By the bot only, which knows the whole repository", in_chats()),
    ]
}

fn table() -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace('<', "&lt;").replace('*', "\\*");
    let mut page = String::new();
    for (title, errors) in groups() {
        page.push_str(&format!("\n{title}:\n\n| where | what was found | what to do |\n|---|---|---|\n"));
        for error in errors {
            let [place, found] = [edit_place, edit_found].map(|say| cell(&say(&error, Language::En)));
            let remedy = edit_remedy(&error, Language::En).map(|text| cell(&text)).unwrap_or_default();
            page.push_str(&format!("| {place} | {found} | {remedy} |\n"));
        }
    }
    format!("{page}\n")
}

#[test]
fn docs_are_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/editing.md");
    let page = fs::read_to_string(&path).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("the table's beginning");
    let (found, after) = rest.split_once(END).expect("the table's end");
    let table = table();
    if env::var_os(UPDATE).is_some() {
        fs::write(path, format!("{before}{BEGIN}\n{}{END}{after}", &table[1..])).expect("written");
        return;
    }
    assert_eq!(found, format!("\n{}", &table[1..]), "docs/editing.md is not fresh: {UPDATE}=1 cargo test editing");
}

/// The variants of an enum in a source file.
fn variants(source: &str, name: &str) -> Vec<String> {
    let file = syn::parse_file(source).expect("valid Rust");
    let found = file.items.into_iter().find_map(|item| match item {
        syn::Item::Enum(item) if item.ident == name => Some(item),
        _ => None,
    });
    found.expect("the enum").variants.into_iter().map(|variant| variant.ident.to_string()).collect()
}

#[test]
fn every_fault_of_the_editor_is_in_the_table() {
    let plan = include_str!("../../domain/plan.rs");
    let value = include_str!("../../domain/plan/value_fault.rs");
    let edit = include_str!("../../domain/edit.rs");
    let shown = groups().into_iter().flat_map(|(_, errors)| errors).map(|error| format!("{error:?}"));
    let shown = shown.collect::<Vec<_>>().join("\n");
    for (source, name) in [
        (plan, "PlanFault"),
        (plan, "UnsafeEdit"),
        (value, "ValueFault"),
        (edit, "FileFault"),
        (edit, "ArgumentFault"),
        (edit, "SpecialFile"),
    ] {
        for variant in variants(source, name) {
            let there = shown.match_indices(&variant).any(|(at, _)| {
                let (before, after) = (&shown[..at], &shown[at + variant.len()..]);
                before.ends_with([' ', '(']) && after.starts_with([' ', '(', ')', ',', '}'])
            });
            assert!(there, "docs/editing.md has a row for {name}::{variant}");
        }
    }
}

#[test]
fn both_languages_say_all_of_it() {
    for (_, errors) in groups() {
        for error in errors {
            let [ru, en] = Language::ALL.map(|language| edit_error(&error, language).to_plain());
            let cyrillic = |text: &str| text.chars().any(|c| ('а'..='я').contains(&c));
            assert!(cyrillic(&ru) && !cyrillic(&en), "{ru}\n{en}");
            // The words of chats speak of the bot; here there may be none.
            let of_chats = in_chats().contains(&error);
            assert!(of_chats || !(ru.contains("бот") || en.contains(" bot")), "{ru}\n{en}");
        }
    }
}
