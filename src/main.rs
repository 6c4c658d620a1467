//! The `tiphys` program.

use std::process::ExitCode;

use clap::Parser;
use tiphys::app::{cli::Cli, run};

fn main() -> ExitCode {
    run(&Cli::parse()).into()
}
