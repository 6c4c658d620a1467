//! Which pod a shortened name means.

use std::fmt;

use serde::Serialize;

use crate::domain::{
    nearest::{alike, nearest},
    unanswered::Unanswered,
};

/// What a command names: a pod, perhaps shortened, perhaps with its namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PodAsked {
    /// The namespace, when named.
    pub namespace: Option<String>,
    /// The name or a part of it.
    pub name: String,
}

/// A pod by namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PodName {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl fmt::Display for PodAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl fmt::Display for PodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What a shortened name comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// One pod.
    One(PodName),
    /// Several it could mean, in order.
    Several(Vec<PodName>),
    /// None; at most three names that are nearest.
    None(Vec<String>),
}

/// Finds the pod: the whole name counts before a beginning, that before an end behind a hyphen (the part that tells pods
/// of a ReplicaSet apart), that before any other part.
#[must_use]
pub fn find(asked: &str, known: &[PodName]) -> Found {
    type Fits = fn(&str, &str) -> bool;
    const WAYS: [Fits; 4] = [
        |name, asked| name == asked,
        |name, asked| name.starts_with(asked),
        |name, asked| name.strip_suffix(asked).is_some_and(|head| head.ends_with('-') || asked.starts_with('-')),
        |name, asked| name.contains(asked),
    ];
    for fits in WAYS {
        let mut fitting: Vec<PodName> = known.iter().filter(|pod| fits(&pod.name, asked)).cloned().collect();
        fitting.sort();
        fitting.dedup();
        match fitting.len() {
            0 => {}
            1 => return Found::One(fitting.remove(0)),
            _ => return Found::Several(fitting),
        }
    }
    Found::None(nearest(asked, known.iter().map(|pod| pod.name.as_str()).filter(|name| resembles(asked, name))))
}

/// Whether a name, its beginning or its last part is like enough to what was given to have been meant.
#[must_use]
pub fn resembles(asked: &str, name: &str) -> bool {
    let beginning = name.char_indices().nth(asked.chars().count()).map_or(name, |(end, _)| &name[..end]);
    let last = name.rsplit('-').next().unwrap_or(name);
    [name, beginning, last].iter().any(|part| alike(asked.trim_start_matches('-'), part))
}

/// Why no one pod is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PodUnclear {
    /// The name stands for several.
    Several {
        /// The first of them.
        pods: Vec<PodName>,
        /// How many there are.
        total: usize,
    },
    /// There is no such pod.
    Unknown {
        /// At most three names, nearest first.
        nearest: Vec<String>,
        /// Where it was looked for.
        namespaces: Vec<String>,
    },
    /// The namespace is none of those that the configured applications run in.
    ForeignNamespace {
        /// Those that are.
        namespaces: Vec<String>,
    },
    /// The cluster didn't tell.
    Unanswered(Unanswered),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(names: &[&str]) -> Vec<PodName> {
        names.iter().map(|name| PodName { namespace: "oil".into(), name: (*name).into() }).collect()
    }

    #[test]
    fn a_shortened_name_finds_its_pod() {
        let pods = known(&["app-7f9d-abcde", "app-7f9d-fghij", "app", "app-worker-5c6b-abcdx", "db-0"]);
        for (asked, expected) in [
            // The whole name, though others begin with it.
            ("app", "app"),
            ("app-7f9d-a", "app-7f9d-abcde"),
            ("app-w", "app-worker-5c6b-abcdx"),
            ("fghij", "app-7f9d-fghij"),
            ("-fghij", "app-7f9d-fghij"),
            ("7f9d-abcde", "app-7f9d-abcde"),
            ("db", "db-0"),
            ("worker", "app-worker-5c6b-abcdx"),
        ] {
            let Found::One(pod) = find(asked, &pods) else { panic!("{asked}: {:?}", find(asked, &pods)) };
            assert_eq!(pod.name, expected, "{asked}");
        }
    }

    #[test]
    fn what_several_could_mean_is_listed_in_order() {
        let pods = known(&["app-b", "app-a", "db-0"]);
        let Found::Several(several) = find("app-", &pods) else { panic!() };
        assert_eq!(several.iter().map(|pod| pod.name.as_str()).collect::<Vec<_>>(), ["app-a", "app-b"]);
        // The same name in two namespaces.
        let mut twice = known(&["db-0"]);
        twice.push(PodName { namespace: "gas".into(), name: "db-0".into() });
        assert!(matches!(find("db-0", &twice), Found::Several(pods) if pods[0].namespace == "gas"));
        assert_eq!(find("dbb", &known(&["db-0", "app-a"])), Found::None(vec!["db-0".into()]));
        let pods = known(&["app-7f9d-abcde", "app-7f9d-fghij"]);
        assert_eq!(find("fghik", &pods), Found::None(vec!["app-7f9d-fghij".into()]));
        assert_eq!(find("zzzzz", &pods), Found::None(Vec::new()));
        assert_eq!(find("x", &[]), Found::None(vec![]));
    }
}
