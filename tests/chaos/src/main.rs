//! `ebs-chaos`: see the library. Exit codes: 0 everything held, 1 something did not, 2 usage.

use std::process::ExitCode;

use clap::Parser as _;
use ebs_chaos::{options::Options, program::program};
use ebs_stage::child::say;

#[tokio::main]
async fn main() -> ExitCode {
    // An error means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match program(&Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
