//! The world outside, one folder per thing; siblings never import each other.

pub mod git;
pub mod argocd;
pub mod registry;
