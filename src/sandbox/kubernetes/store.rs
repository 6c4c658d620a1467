//! The objects of the cluster, with versions and a log of changes for watchers.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{BuildHasher, Hasher, RandomState},
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{kind::Kind, status::ApiError};

/// How many changes are remembered for watchers; who is further behind is told to list again.
const REMEMBERED: usize = 4096;

/// The cluster's objects.
#[derive(Debug)]
pub struct Store {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<(Kind, String, String), Value>,
    version: u64,
    log: VecDeque<Event>,
}

/// A part of a list.
#[derive(Debug)]
pub(super) struct Page {
    /// The resource version at which it is so.
    pub(super) version: u64,
    /// The objects of this page.
    pub(super) items: Vec<Value>,
    /// How many objects come after it.
    pub(super) left: usize,
}

/// A change of an object.
#[derive(Debug, Clone)]
pub struct Event {
    /// The resource version that the change made.
    pub version: u64,
    /// The kind.
    pub kind: Kind,
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub verb: &'static str,
    /// The object after the change (before it, when deleted).
    pub object: Value,
    /// The object before the change.
    pub before: Option<Value>,
}

impl Default for Store {
    fn default() -> Self {
        let state = State { version: 1000, ..State::default() };
        Self { state: Mutex::new(state), changes: watch::Sender::new(1000) }
    }
}

impl Store {
    /// A channel that ticks with every change.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The newest resource version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.lock().version
    }

    /// One object; `namespace` is empty for kinds without.
    #[must_use]
    pub fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Value> {
        self.lock().objects.get(&key(kind, namespace, name)).cloned()
    }

    /// All objects of a kind, in the order of namespace and name.
    #[must_use]
    pub fn list(&self, kind: Kind) -> Vec<Value> {
        self.list_at(kind).1
    }

    /// Kind, namespace and name of every object.
    #[must_use]
    pub fn names(&self) -> Vec<(Kind, String, String)> {
        self.lock().objects.keys().cloned().collect()
    }

    /// All objects of a kind, and the resource version at which they are so.
    pub(super) fn list_at(&self, kind: Kind) -> (u64, Vec<Value>) {
        let page = self.page(kind, |_| true, None, usize::MAX);
        (page.version, page.items)
    }

    /// Some of the objects of a kind that match: at most `limit` of them, those after a namespace and name.
    pub(super) fn page(
        &self,
        kind: Kind,
        matches: impl Fn(&Value) -> bool,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Page {
        let state = self.lock();
        let first = match after {
            Some((namespace, name)) => Bound::Excluded(key(kind, namespace, name)),
            None => Bound::Included(key(kind, "", "")),
        };
        let of_kind = state.objects.range((first, Bound::Unbounded)).take_while(|((its, _, _), _)| *its == kind);
        let mut left = 0;
        let mut items = Vec::new();
        // A large list is asked for page by page: only what is shown is copied.
        for (_, object) in of_kind.filter(|(_, object)| matches(object)) {
            if items.len() < limit {
                items.push(object.clone());
            } else {
                left += 1;
            }
        }
        Page { version: state.version, items, left }
    }

    /// Adds an object; fills in uid, times and versions.
    ///
    /// # Errors
    /// `AlreadyExists`, or `Invalid` without a name.
    pub fn create(&self, kind: Kind, mut object: Value, now: Timestamp) -> Result<Value, ApiError> {
        let info = kind.info();
        let name = text(&object, "/metadata/name").to_owned();
        let namespace = if info.namespaced { text(&object, "/metadata/namespace").to_owned() } else { String::new() };
        if name.is_empty() || (info.namespaced && namespace.is_empty()) {
            let why = ("metadata.name", "FieldValueRequired", "Required value: name or generateName is required");
            return Err(ApiError::invalid(info, &name, why));
        }
        let mut state = self.lock();
        if state.objects.contains_key(&key(kind, &namespace, &name)) {
            return Err(ApiError::already_exists(info, &name));
        }
        object["apiVersion"] = json!(info.api_version());
        object["kind"] = json!(info.name);
        let metadata = &mut object["metadata"];
        metadata["uid"] = json!(uid());
        if metadata.get("creationTimestamp").is_none_or(Value::is_null) {
            metadata["creationTimestamp"] = json!(time(now));
        }
        if info.has_generation() {
            metadata["generation"] = json!(1);
        }
        self.put(&mut state, kind, object, "ADDED")
    }

    /// Puts a changed object in the place of the old one; nothing happens when they are equal.
    ///
    /// # Errors
    /// `NotFound`, or `Conflict` when the object names another resource version than the stored one.
    pub fn replace(&self, kind: Kind, object: Value) -> Result<Value, ApiError> {
        let mut state = self.lock();
        self.replace_in(&mut state, kind, object)
    }

    /// Changes an object in place; nothing happens when the closure changes nothing.
    ///
    /// # Errors
    /// `NotFound`, or what the closure returns.
    pub fn modify(
        &self,
        kind: Kind,
        (namespace, name): (&str, &str),
        change: impl FnOnce(&mut Value) -> Result<(), ApiError>,
    ) -> Result<Value, ApiError> {
        let mut state = self.lock();
        let stored = state.objects.get(&key(kind, namespace, name));
        let mut object = stored.cloned().ok_or_else(|| ApiError::not_found(kind.info(), name))?;
        change(&mut object)?;
        self.replace_in(&mut state, kind, object)
    }

    /// Removes an object.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn remove(&self, kind: Kind, namespace: &str, name: &str) -> Result<Value, ApiError> {
        let mut state = self.lock();
        let key = key(kind, namespace, name);
        let Some(mut object) = state.objects.remove(&key) else {
            return Err(ApiError::not_found(kind.info(), name));
        };
        state.version += 1;
        let before = object.clone();
        object["metadata"]["resourceVersion"] = json!(state.version.to_string());
        self.remember(&mut state, kind, "DELETED", object.clone(), Some(before));
        Ok(object)
    }

    /// Removes everything that a namespace holds.
    pub(super) fn remove_all_in(&self, namespace: &str) {
        let inside: Vec<_> = self.lock().objects.keys().filter(|(_, of, _)| of == namespace).cloned().collect();
        for (kind, _, name) in inside {
            let _ = self.remove(kind, namespace, &name);
        }
    }

    /// Whether the changes since a resource version are remembered.
    pub(super) fn remembers(&self, version: u64) -> bool {
        self.since(Kind::Namespace, version).is_some()
    }

    /// The changes of a kind after a resource version, or `None` when they aren't remembered any more.
    pub(super) fn since(&self, kind: Kind, version: u64) -> Option<(u64, Vec<Event>)> {
        let state = self.lock();
        let oldest = state.log.front().map_or(state.version, |event| event.version - 1);
        if version < oldest {
            return None;
        }
        let newer = state.log.iter().filter(|event| event.version > version && event.kind == kind);
        Some((state.version, newer.cloned().collect()))
    }

    /// What the objects of a kind looked like after each change since a resource version, as far as it is remembered.
    #[must_use]
    pub fn history(&self, kind: Kind, since: u64) -> Option<Vec<Value>> {
        Some(self.since(kind, since)?.1.into_iter().map(|event| event.object).collect())
    }

    fn replace_in(&self, state: &mut State, kind: Kind, mut object: Value) -> Result<Value, ApiError> {
        let info = kind.info();
        let name = text(&object, "/metadata/name").to_owned();
        let namespace = if info.namespaced { text(&object, "/metadata/namespace").to_owned() } else { String::new() };
        let old = state.objects.get(&key(kind, &namespace, &name)).ok_or_else(|| ApiError::not_found(info, &name))?;
        let given = text(&object, "/metadata/resourceVersion");
        if !given.is_empty() && given != text(old, "/metadata/resourceVersion") {
            return Err(ApiError::conflict(info, &name));
        }
        for field in ["uid", "creationTimestamp", "generation", "resourceVersion"] {
            match old["metadata"].get(field) {
                Some(value) => object["metadata"][field] = value.clone(),
                None => {
                    object["metadata"].as_object_mut().map(|metadata| metadata.remove(field));
                }
            }
        }
        object["apiVersion"] = old["apiVersion"].clone();
        object["kind"] = old["kind"].clone();
        if *old == object {
            return Ok(object);
        }
        if info.counts(old, &object) {
            let generation = old["metadata"]["generation"].as_u64().unwrap_or(0);
            object["metadata"]["generation"] = json!(generation + 1);
        }
        self.put(state, kind, object, "MODIFIED")
    }

    fn put(&self, state: &mut State, kind: Kind, mut object: Value, verb: &'static str) -> Result<Value, ApiError> {
        state.version += 1;
        object["metadata"]["resourceVersion"] = json!(state.version.to_string());
        let key = key(kind, text(&object, "/metadata/namespace"), text(&object, "/metadata/name"));
        let before = state.objects.insert(key, object.clone());
        self.remember(state, kind, verb, object.clone(), before);
        Ok(object)
    }

    fn remember(&self, state: &mut State, kind: Kind, verb: &'static str, object: Value, before: Option<Value>) {
        if state.log.len() == REMEMBERED {
            state.log.pop_front();
        }
        state.log.push_back(Event { version: state.version, kind, verb, object, before });
        self.changes.send_replace(state.version);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text at a JSON pointer, empty when there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The number at a JSON pointer, 0 when there is none.
pub(crate) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// A time as Kubernetes writes it: in whole seconds.
pub(crate) fn time(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A random number; nothing here needs a better source.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A random version 4 UUID.
fn uid() -> String {
    let (a, b) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        0x8000 | (b >> 48 & 0x3fff),
        b & 0xffff_ffff_ffff
    )
}

fn key(kind: Kind, namespace: &str, name: &str) -> (Kind, String, String) {
    (kind, namespace.to_owned(), name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment() -> Value {
        json!({"metadata": {"name": "a", "namespace": "n"}, "spec": {"replicas": 1}})
    }

    #[test]
    fn generation_counts_changes_of_the_spec_only() {
        let store = Store::default();
        let now = Timestamp::now();
        let first = store.create(Kind::Deployment, deployment(), now).expect("created");
        assert_eq!(first["apiVersion"], "apps/v1");
        assert_eq!(first["metadata"]["generation"], 1);
        let with = |change: fn(&mut Value)| {
            let change = |object: &mut Value| {
                change(object);
                Ok(())
            };
            store.modify(Kind::Deployment, ("n", "a"), change).expect("modified")
        };
        let second = with(|object| object["status"] = json!({"replicas": 1}));
        assert_eq!(second["metadata"]["generation"], 1);
        assert_ne!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
        let third = with(|object| object["spec"]["replicas"] = json!(2));
        assert_eq!(third["metadata"]["generation"], 2);
        assert_eq!(with(|_| ()), third, "no change, no new version");
        assert_eq!(third["metadata"]["uid"], first["metadata"]["uid"]);
    }

    #[test]
    fn a_stale_object_is_a_conflict() {
        let store = Store::default();
        let old = store.create(Kind::Deployment, deployment(), Timestamp::now()).expect("created");
        let mut new = old.clone();
        new["spec"]["replicas"] = json!(2);
        store.replace(Kind::Deployment, new.clone()).expect("replaced");
        new["spec"]["replicas"] = json!(3);
        assert_eq!(store.replace(Kind::Deployment, new).expect_err("stale").reason, "Conflict");
        let again = store.create(Kind::Deployment, deployment(), Timestamp::now());
        assert_eq!(again.expect_err("exists").reason, "AlreadyExists");
    }

    #[test]
    fn changes_are_remembered_for_watchers() {
        let store = Store::default();
        let start = store.version();
        store.create(Kind::Deployment, deployment(), Timestamp::now()).expect("created");
        store.remove(Kind::Deployment, "n", "a").expect("removed");
        let (_, events) = store.since(Kind::Deployment, start).expect("remembered");
        assert_eq!(events.iter().map(|event| event.verb).collect::<Vec<_>>(), ["ADDED", "DELETED"]);
        assert!(store.since(Kind::Deployment, 1).is_none(), "too old");
    }
}
