//! The floor of the program that needs nothing from outside, as a library that builds in seconds, with or without sanitizers.

#[path = "../../../src/domain/mod.rs"]
pub mod domain;
#[path = "../../../src/grammar/mod.rs"]
pub mod grammar;
#[path = "../../../src/manifest/mod.rs"]
pub mod manifest;
