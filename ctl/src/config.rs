//! `ebsctl config`: looks at configuration files before anybody uses them. Asks no coordinator.

mod arguments;
mod check;
mod convert;
mod offer;
mod report;

use std::process::ExitCode;

pub(crate) use arguments::{CheckArguments, ConfigVerb};
pub(crate) use check::Check;

/// A file that cannot be used.
const FAULTY: u8 = 1;

/// Does what is asked: what to print, and the exit code.
///
/// # Errors
///
/// If something cannot be read or written.
pub(crate) async fn run(verb: &ConfigVerb, json: bool) -> anyhow::Result<(String, ExitCode)> {
    let (text, fine) = match verb {
        ConfigVerb::Check(arguments) => {
            let checked = Check::of(arguments).await?;
            (if json { checked.json()? } else { checked.words() }, checked.fine(arguments.strict))
        }
        ConfigVerb::Convert(arguments) => convert::run(arguments, json)?,
    };
    Ok((text, if fine { ExitCode::SUCCESS } else { ExitCode::from(FAULTY) }))
}

#[cfg(test)]
mod tests;
