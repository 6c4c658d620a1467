//! The program: command line, configuration, wiring, shutdown and telemetry.

pub mod cli;
pub mod config;
pub mod edit;
pub mod identity;
pub mod notify;
mod one_shot;
#[cfg(feature = "sandbox")]
mod playground;
pub mod review;
pub mod serve;
mod shutdown;
mod telemetry;
mod wiring;

use std::{
    io::{self, Write},
    sync::Arc,
};

use anyhow::{Context, Result};

use self::{
    cli::{Cli, Command, ConfigCommand},
    config::{Config, Faults},
};
use crate::adapters::console::ExitCode;

/// The log filter of one-shot commands: they answer on standard output. What is wrong with a certificate or with the Kubernetes
/// API is in our own errors.
const QUIET: &str = "warn,kube_client=off,rustls_platform_verifier=off";
/// The log filter of the bot. The Kubernetes client logs whole answers when it can't read them: those stay out.
const USUAL: &str = "info,kube_client=error,rustls_platform_verifier=off";

/// Reads the command line; ends the process where it is wrong, or where it asks for help.
#[must_use]
pub fn parse() -> Cli {
    cli::read(std::env::args_os()).unwrap_or_else(|error| error.exit())
}

/// Runs the program; what went wrong is on standard error when it returns.
#[must_use]
pub fn run(cli: &Cli) -> ExitCode {
    install_crypto();
    let done = match &cli.command {
        Command::Completions { shell } => {
            cli::completions(*shell, &mut io::stdout());
            Ok(ExitCode::Done)
        }
        Command::Config(ConfigCommand::Schema) => {
            config::print_schema(&mut io::stdout()).map(|()| ExitCode::Done).context("standard output")
        }
        Command::Config(check) => config::check(&cli.config, check.depth(), &mut io::stdout(), &mut io::stderr())
            .map(|good| if good { ExitCode::Done } else { ExitCode::Usage })
            .context("standard output"),
        Command::Edit(command) => edit::run(command, cli.language),
        _ => in_runtime(cli),
    };
    done.unwrap_or_else(|error| {
        // A closed standard error leaves nobody to tell.
        drop(writeln!(io::stderr(), "tiphys: {}", chain(&error)));
        if is_misuse(&error) { ExitCode::Usage } else { ExitCode::Failed }
    })
}

/// Whether the command line or the configuration is at fault.
fn is_misuse(error: &anyhow::Error) -> bool {
    #[cfg(feature = "sandbox")]
    if error.is::<playground::FolderTaken>() {
        return true;
    }
    error.is::<Faults>() || error.is::<notify::Misuse>()
}

/// The error and its causes, each that adds something.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Installs the one TLS provider of the process.
pub fn install_crypto() {
    // Only a second call fails, and then the provider is there.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
}

fn in_runtime(cli: &Cli) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the async runtime")?;
    let exit = runtime.block_on(async {
        match &cli.command {
            Command::Serve => {
                telemetry::start(cli.log_format, USUAL);
                let mut config = load(cli)?;
                apply_language(cli, &mut config);
                let stop = shutdown::on_signal().context("signals")?;
                serve::serve(Arc::new(config), stop).await?;
                Ok(ExitCode::Done)
            }
            #[cfg(feature = "sandbox")]
            Command::Playground(args) => {
                telemetry::start(cli.log_format, QUIET);
                playground::run(args, cli.language.unwrap_or_default()).await
            }
            Command::Notify(command) => {
                telemetry::start(cli.log_format, QUIET);
                notify::run(command).await
            }
            command => {
                telemetry::start(cli.log_format, QUIET);
                let mut config = load(cli)?;
                apply_language(cli, &mut config);
                one_shot::run(&config, command).await
            }
        }
    });
    // Blocking reads of a terminal would hold it up for ever.
    runtime.shutdown_background();
    exit
}

fn load(cli: &Cli) -> Result<Config, Faults> {
    let config = Config::load(&cli.config)?;
    let of_bot = if matches!(cli.command, Command::Serve) { &config.bot_warnings.list[..] } else { &[] };
    for warning in config.warnings.list.iter().chain(of_bot) {
        tracing::warn!(file = %cli.config.display(), "{}", warning.text);
    }
    Ok(config)
}

fn apply_language(cli: &Cli, config: &mut Config) {
    if let Some(language) = cli.language {
        config.language = language;
    }
}
