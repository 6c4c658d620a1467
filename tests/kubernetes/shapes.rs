//! What the sandbox serves is what the real API serves: nothing that its types don't know, nothing missing that they need.

use std::fmt::Debug;

use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    core::v1::{Node, Pod},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tiphys::sandbox::kubernetes::kind::Kind;

use super::support::Stage;

/// Empty objects and nulls say nothing; the types leave them out.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(key, value)| (key, without_nothing(value)))
                .filter(|(_, value)| !value.is_null() && value.as_object().is_none_or(|map| !map.is_empty()))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_nothing).collect()),
        other => other,
    }
}

pub(crate) fn fits<K: DeserializeOwned + Serialize + Debug>(object: Value) {
    let typed: K = serde_json::from_value(object.clone()).unwrap_or_else(|error| panic!("{error}: {object:#}"));
    let back = serde_json::to_value(&typed).expect("JSON");
    assert_eq!(without_nothing(back), without_nothing(object), "a field that the API's type doesn't know");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_has_the_shape_of_the_real_api() {
    let stage = Stage::crowded(2, 2).await;
    let store = stage.server.cluster().store();
    let all = |kind| {
        let objects = store.list(kind);
        assert!(!objects.is_empty());
        objects
    };
    all(Kind::Pod).into_iter().for_each(fits::<Pod>);
    all(Kind::Node).into_iter().for_each(fits::<Node>);
    all(Kind::Deployment).into_iter().for_each(fits::<Deployment>);
    all(Kind::ReplicaSet).into_iter().for_each(fits::<ReplicaSet>);
}
