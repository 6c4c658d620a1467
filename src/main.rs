//! The `tiphys` program.

use std::process::ExitCode;

use tiphys::app::{parse, run};

fn main() -> ExitCode {
    run(&parse()).into()
}
