//! Completion of a command line from the commands' table and the names that are known.

use crate::{
    domain::command::CommandName,
    grammar::{
        ALL, CONFIRM,
        table::{Argument, COMMANDS, CommandSpec, Optional},
    },
};

/// The names that can be completed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// What commands may name: `app` and `app/env`.
    pub targets: Vec<String>,
    /// Known tags, the likeliest first.
    pub tags: Vec<String>,
    /// The cluster's nodes.
    pub nodes: Vec<String>,
    /// The pods that may be asked about.
    pub pods: Vec<String>,
}

/// The candidates for the word that ends at `position` (a byte offset at a character boundary), and where it begins.
#[must_use]
pub fn complete(line: &str, position: usize, vocabulary: &Vocabulary) -> (usize, Vec<String>) {
    let head = line.get(..position).unwrap_or(line);
    let start =
        head.rfind(char::is_whitespace).map_or(0, |at| at + head[at..].chars().next().map_or(0, char::len_utf8));
    let word = &head[start..];
    let mut before = head[..start].split_whitespace();
    let candidates = match before.next() {
        None => {
            let typed = word.trim_start_matches('/');
            COMMANDS.iter().filter(|spec| spec.word.starts_with(typed)).map(|spec| format!("/{}", spec.word)).collect()
        }
        Some(command) => {
            let command = command.trim_start_matches('/').split('@').next().unwrap_or_default();
            let spec = COMMANDS.iter().find(|spec| spec.word == command);
            spec.map_or_else(Vec::new, |spec| arguments(spec, before.count(), word, vocabulary))
        }
    };
    (start, candidates)
}

/// What may stand in place of the `index`th argument: any that is reached by leaving out optional ones before it.
fn arguments(spec: &CommandSpec, index: usize, word: &str, vocabulary: &Vocabulary) -> Vec<String> {
    let optional_before =
        |place: usize| spec.arguments[..place].iter().filter(|(_, optional)| *optional == Optional::Yes).count();
    let mut candidates: Vec<String> = Vec::new();
    for (place, (argument, _)) in spec.arguments.iter().enumerate().skip(index) {
        if place - index > optional_before(place) {
            continue;
        }
        match argument {
            Argument::Target => candidates.extend(vocabulary.targets.iter().cloned()),
            Argument::Version => candidates.extend(vocabulary.tags.iter().cloned()),
            Argument::Node => candidates.extend(vocabulary.nodes.iter().cloned()),
            Argument::Pod => candidates.extend(vocabulary.pods.iter().cloned()),
            Argument::PodOrNode => candidates.extend(vocabulary.pods.iter().chain(&vocabulary.nodes).cloned()),
            Argument::Count | Argument::Page | Argument::Container => {}
            Argument::PageOrAll => candidates.push(ALL.to_owned()),
            Argument::Confirm => candidates.push(CONFIRM.to_owned()),
            Argument::Previous => candidates.push("previous".to_owned()),
            Argument::Command => {
                let known = |spec: &&CommandSpec| spec.name != CommandName::Start;
                candidates.extend(COMMANDS.iter().filter(known).map(|spec| spec.word.to_owned()));
            }
        }
    }
    candidates.retain(|candidate| candidate.starts_with(word));
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_end(line: &str) -> (usize, Vec<String>) {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let vocabulary = Vocabulary {
            targets: names(&["shop", "shop/prod", "shop/dev", "oil"]),
            tags: names(&["0.10.5", "0.10.4", "main"]),
            nodes: names(&["worker-1", "worker-2"]),
            pods: names(&["shop-6d4f9c7b58-bbbbc"]),
        };
        complete(line, line.len(), &vocabulary)
    }

    #[test]
    fn commands_come_first() {
        assert_eq!(at_end("/dep"), (0, vec!["/deploy".to_owned()]));
        assert_eq!(at_end("se").1, ["/set_replicas"]);
        assert_eq!(at_end("").1.len(), COMMANDS.len());
        assert_eq!(at_end("/nonsense "), (10, vec![]));
    }

    #[test]
    fn arguments_follow_the_table() {
        assert_eq!(
            at_end("/deploy "),
            (8, ["shop", "shop/prod", "shop/dev", "oil", "0.10.5", "0.10.4", "main"].map(String::from).to_vec())
        );
        assert_eq!(at_end("/deploy shop/"), (8, vec!["shop/prod".to_owned(), "shop/dev".to_owned()]));
        assert_eq!(at_end("  /deploy@thisbot shop 0.10.").1, ["0.10.5", "0.10.4"]);
        assert_eq!(at_end("/deploy shop 0.10.5 ").1, [""; 0]);
        assert_eq!(at_end("/set_replicas ").1, ["shop", "shop/prod", "shop/dev", "oil"]);
        assert_eq!(at_end("/set_replicas shop ").1, [""; 0]);
        assert_eq!(at_end("/showcontainers shop ").1, ["all"]);
        assert_eq!(at_end("/showcontainers a").1, ["all"]);
        assert_eq!(at_end("/help sta").1, ["status"]);
        assert_eq!(at_end("/apps ").1, [""; 0]);
        assert_eq!(at_end("/cordon wor").1, ["worker-1", "worker-2"]);
        assert_eq!(at_end("/cordon worker-1 ").1, [CONFIRM]);
        assert_eq!(at_end("/get_logs sh").1, ["shop-6d4f9c7b58-bbbbc"]);
        assert_eq!(at_end("/describe ").1, ["shop-6d4f9c7b58-bbbbc", "worker-1", "worker-2"]);
    }

    #[test]
    fn the_cursor_may_stand_within_the_line() {
        let vocabulary = Vocabulary { targets: vec!["лавка".to_owned()], ..Vocabulary::default() };
        assert_eq!(complete("/deploy лав 0.1", "/deploy лав".len(), &vocabulary), (8, vec!["лавка".to_owned()]));
        assert_eq!(complete("/st x", 3, &vocabulary).1, ["/status", "/start"]);
    }
}
