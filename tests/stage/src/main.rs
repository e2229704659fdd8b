//! `ebs-stage`: see the library. Exit codes: 0 as it should be, 1 not, 2 usage.

use std::process::ExitCode;

use clap::Parser;
use ebs_stage::{
    child,
    options::Options,
    run::{Verdict, run},
};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(Verdict::AsExpected) => ExitCode::SUCCESS,
        Ok(Verdict::Mismatch) => ExitCode::from(1),
        Ok(Verdict::Usage) => ExitCode::from(2),
        Err(error) => {
            child::say(&format!("{error:#}"));
            ExitCode::from(1)
        }
    }
}
