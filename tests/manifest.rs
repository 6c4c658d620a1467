//! The manifest editor from outside: before/after pairs in every style, refusals, properties, and kustomize as the oracle.

#[path = "manifest/cases.rs"]
mod cases;
#[path = "manifest/properties.rs"]
mod properties;
#[path = "manifest/refusals.rs"]
mod refusals;
#[path = "manifest/rendering.rs"]
mod rendering;
#[path = "manifest/styles.rs"]
mod styles;
#[path = "manifest/values.rs"]
mod values;
#[path = "manifest/workloads.rs"]
mod workloads;
