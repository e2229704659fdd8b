//! The program `ebsctl`.

use std::{io, process::ExitCode};

use clap::Parser as _;
use ebs_ctl::{Arguments, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Set once, here: nothing else in this program installs one.
    let installed = rustls::crypto::ring::default_provider().install_default();
    debug_assert!(installed.is_ok(), "a TLS provider was there before");
    run(arguments, &mut io::stdout(), &mut io::stderr()).await
}
