//! The program `ebsctl`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ebs_ctl::program()
}
