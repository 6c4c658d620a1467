//! The git adapter against real repositories and real servers.

mod path;
mod support;
