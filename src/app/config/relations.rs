//! What a schema can't say: keys that need or exclude each other, and values that must be unique.

use super::{
    fault::Fault,
    format::Remote,
    repositories::{self, Section},
    tree::{Kind, Node},
};

/// Checks the relations between the keys of a file; tolerates values of any shape, which other checks report.
pub(super) fn faults(tree: &Node) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(telegram) = tree.get("telegram") {
        if let Neither = token(telegram, &mut faults) {
            missing(telegram, "\"token_file\" or \"token_env\"", "telegram", &mut faults);
        }
        unique(telegram.get("chats"), "id", "chat", &mut faults);
    }
    unique(tree.get("people"), "id", "person", &mut faults);
    unique(tree.get("people"), "gitlab", "person", &mut faults);
    for section in repositories::sections(tree) {
        credentials(section, &mut faults);
    }
    if let Some(registry) = tree.get("registry") {
        registry_keys(registry, &mut faults);
    }
    if let Some(kubernetes) = tree.get("kubernetes") {
        cluster_access(kubernetes, &mut faults);
    }
    applications(tree.get("applications"), &mut faults);
    placeholders(tree, &mut faults);
    faults
}

/// `${NAME}` means a variable elsewhere; here it would be taken as it stands.
fn placeholders(node: &Node, faults: &mut Vec<Fault>) {
    match &node.kind {
        Kind::Text(text) if text.contains("${") => {
            faults.push(Fault::at(node.place, "${…} is not replaced here; write the value, or use \"token_env\""));
        }
        Kind::List(items) => items.iter().for_each(|item| placeholders(item, faults)),
        Kind::Map(entries) => entries.iter().for_each(|entry| placeholders(&entry.value, faults)),
        _ => {}
    }
}

/// What is allowed and yet rarely meant, about the bot.
pub(super) fn warnings(tree: &Node) -> Vec<Fault> {
    let mut warnings = Vec::new();
    let Some(telegram) = tree.entry("telegram") else { return warnings };
    let none = |list: Option<&Node>| list.is_none_or(|list| list.items().is_empty());
    let mut warn = |text: &str| warnings.push(Fault::at(telegram.place, text));
    if none(tree.get("people")) {
        warn("\"people\" is empty, so nobody may give commands");
    }
    if none(telegram.value.get("chats"))
        && telegram.value.get("private_chats").map(|n| &n.kind) != Some(&Kind::Bool(true))
    {
        warn("there are no \"chats\", and \"private_chats\" is not true, so the bot listens nowhere");
    }
    if tree.get("kubernetes").is_none() {
        warn("there is no \"kubernetes\", which `serve` needs");
    }
    warnings
}

enum Token {
    Given,
    Neither,
}
use Token::{Given, Neither};

/// `token_file` and `token_env` exclude each other.
fn token(section: &Node, faults: &mut Vec<Fault>) -> Token {
    match (section.entry("token_file"), section.entry("token_env")) {
        (None, None) => Neither,
        (Some(file), Some(env)) => {
            let later = file.place.max(env.place);
            faults.push(Fault::at(later, "only one of \"token_file\" and \"token_env\" may be given"));
            Given
        }
        _ => Given,
    }
}

fn missing(section: &Node, keys: &str, name: &str, faults: &mut Vec<Fault>) {
    if matches!(section.kind, Kind::Map(_)) {
        faults.push(Fault::at(section.place, format!("missing key {keys} in {name:?}")));
    }
}

/// Faults for keys that have no meaning beside what else is there.
fn misplaced(section: &Node, keys: &[&str], reason: &str, faults: &mut Vec<Fault>) {
    for entry in keys.iter().filter_map(|key| section.entry(key)) {
        faults.push(Fault::at(entry.place, format!("{:?} {reason}", entry.key)));
    }
}

const HTTP_KEYS: [&str; 5] = ["username", "token_file", "token_env", "ca_file", "proxy"];
const SSH_KEYS: [&str; 3] = ["ssh_key_file", "ssh_key_passphrase_file", "known_hosts_file"];

fn credentials(section: Section<'_>, faults: &mut Vec<Fault>) {
    let repository = section.node;
    let given = token(repository, faults);
    match repository.get("url").and_then(Node::text).and_then(|url| Remote::parse(url).ok()) {
        Some(Remote::Http(_)) => {
            misplaced(repository, &SSH_KEYS, "is for ssh:// only", faults);
            if let Neither = given {
                misplaced(repository, &["username"], "needs \"token_file\" or \"token_env\" beside it", faults);
            }
        }
        Some(Remote::Ssh(_)) => {
            misplaced(repository, &HTTP_KEYS, "is for https:// only", faults);
            for key in ["ssh_key_file", "known_hosts_file"] {
                if repository.entry(key).is_none() {
                    let text = format!("missing key {key:?} in {:?}, which ssh:// needs", section.label());
                    faults.push(Fault::at(repository.place, text));
                }
            }
        }
        Some(Remote::Path(_)) => {
            misplaced(repository, &HTTP_KEYS, "is for https:// only", faults);
            misplaced(repository, &SSH_KEYS, "is for ssh:// only", faults);
        }
        None => {}
    }
}

fn registry_keys(registry: &Node, faults: &mut Vec<Fault>) {
    let given = token(registry, faults);
    match registry.get("kind").and_then(Node::text) {
        Some("gitlab") => misplaced(registry, &["username"], "is for kind oci only", faults),
        Some("oci") => {
            misplaced(registry, &["project"], "is for kind gitlab only", faults);
            match given {
                Neither => {
                    misplaced(registry, &["username"], "needs \"token_file\" or \"token_env\" beside it", faults)
                }
                Given if registry.entry("username").is_none() => {
                    missing(registry, "\"username\", which goes with the token,", "registry", faults);
                }
                Given => {}
            }
        }
        _ => {}
    }
}

fn cluster_access(kubernetes: &Node, faults: &mut Vec<Fault>) {
    let in_cluster = kubernetes.get("in_cluster").is_some_and(|node| node.kind == Kind::Bool(true));
    if in_cluster {
        misplaced(kubernetes, &["kubeconfig", "context"], "has no meaning beside \"in_cluster: true\"", faults);
        return;
    }
    match (kubernetes.entry("kubeconfig"), kubernetes.entry("context")) {
        (None, None) => {
            missing(kubernetes, "\"in_cluster: true\", or \"kubeconfig\" and \"context\",", "kubernetes", faults);
        }
        (Some(_), None) => {
            let keys = "\"context\" (the kubeconfig's current context is never used)";
            missing(kubernetes, keys, "kubernetes", faults);
        }
        (None, Some(_)) => missing(kubernetes, "\"kubeconfig\"", "kubernetes", faults),
        (Some(_), Some(_)) => {}
    }
}

/// Finds items of a list that have the same value under a key.
fn unique(list: Option<&Node>, key: &str, what: &str, faults: &mut Vec<Fault>) {
    let mut seen: Vec<&Node> = Vec::new();
    for node in list.into_iter().flat_map(Node::items).filter_map(|item| item.get(key)) {
        let shown = match &node.kind {
            Kind::Number(number) => number.to_string(),
            Kind::Text(text) => format!("{text:?}"),
            _ => continue,
        };
        match seen.iter().find(|other| other.kind == node.kind) {
            Some(first) => {
                let text = format!("a second {what} with the {key} {shown}; the first is on line {}", first.place.line);
                faults.push(Fault::at(node.place, text));
            }
            None => seen.push(node),
        }
    }
}

/// Names are unique.
fn applications(list: Option<&Node>, faults: &mut Vec<Fault>) {
    unique(list, "name", "application", faults);
    for application in list.into_iter().flat_map(Node::items) {
        unique(application.get("environments"), "name", "environment", faults);
    }
}
