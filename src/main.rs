//! The `tiphys` program.

fn main() {}
