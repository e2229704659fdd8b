//! The command line as a program.

use std::{io, process::ExitCode};

use clap::Parser as _;

use crate::{Arguments, run, settings};

/// What the program `ebsctl` does.
///
/// # Panics
///
/// The system gives no thread to work in, or none of what waiting needs.
#[tokio::main(flavor = "current_thread")]
pub async fn program() -> ExitCode {
    let arguments = Arguments::parse().written_to(&io::stdout());
    let arguments = arguments.with_usual_settings(settings::usual());
    // An error means that one is there already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    run(arguments, &mut io::stdout(), &mut io::stderr()).await
}
