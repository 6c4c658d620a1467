//! The world outside, one folder per thing; siblings never import each other.

pub mod argocd;
pub mod console;
pub mod git;
pub mod kubernetes;
pub mod registry;
pub mod telegram;
