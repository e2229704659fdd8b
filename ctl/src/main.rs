//! The program `ebsctl`.

use std::{io, process::ExitCode};

use clap::Parser as _;
use ebs_ctl::{Arguments, run, usual_settings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse().written_to(&io::stdout());
    let arguments = arguments.with_usual_settings(usual_settings());
    // An error means that one is there already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    run(arguments, &mut io::stdout(), &mut io::stderr()).await
}
