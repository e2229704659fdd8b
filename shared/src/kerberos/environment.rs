//! The two variables by which MIT Kerberos is told which keytab to use and where to keep tickets. The library can be told in no
//! other way without `unsafe`, and reads them whenever it likes; so they must be right before a second thread exists, which
//! a program can bring about without `unsafe` only by starting again. Nothing else of ours reads or sets them.

use std::{
    env,
    ffi::{OsStr, OsString},
    io,
    os::unix::process::CommandExt as _,
    process::Command,
};

use crate::config::Kerberos as Settings;

/// Where the keytab is. **Source:** MIT's `krb5_kt_client_default`.
const KEYTAB: &str = "KRB5_CLIENT_KTNAME";

/// Where tickets are kept.
const CACHE: &str = "KRB5CCNAME";

/// In the memory of this process: nothing on disk, and nobody else's tickets are used.
const OWN_CACHE: &str = "MEMORY:ebs";

/// Says that a program was started by itself, once.
const MARK: &str = "EBS_KERBEROS_SETTLED";

/// The environment is not as Kerberos needs it.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// It cannot be started again.
    #[error("cannot start again with {KEYTAB} and {CACHE} set: set both, to {0:?} and {OWN_CACHE}")]
    NotStarted(OsString, #[source] io::Error),
    /// It was started again, and they are something else all the same.
    #[error(
        "{KEYTAB} and {CACHE} do not keep their values over a start: set both, to {0:?} and {OWN_CACHE}"
    )]
    NotKept(OsString),
}

/// Sees to it that Kerberos, if the configuration wants it, finds its keytab: this process becomes itself once more, with the
/// same arguments and process id, if the environment is not yet right. Nothing may be open that has to stay.
///
/// # Errors
///
/// If that does not help.
pub fn settle(wanted: Option<&Settings>) -> Result<(), EnvironmentError> {
    let Some(settings) = wanted else { return Ok(()) };
    let keytab = named(settings);
    if is(KEYTAB, &keytab) && is(CACHE, OsStr::new(OWN_CACHE)) {
        return Ok(());
    }
    if env::var_os(MARK).is_some() {
        return Err(EnvironmentError::NotKept(keytab));
    }
    tracing::info!("starting again with the environment that Kerberos reads");
    let program = match env::current_exe() {
        Ok(program) => program,
        Err(fault) => return Err(EnvironmentError::NotStarted(keytab, fault)),
    };
    let mut arguments = env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    let command = command.args(arguments).env(KEYTAB, &keytab).env(CACHE, OWN_CACHE).env(MARK, "1");
    // Only comes back if it failed.
    let fault = command.exec();
    Err(EnvironmentError::NotStarted(keytab, fault))
}

fn is(variable: &str, wanted: &OsStr) -> bool {
    env::var_os(variable).as_deref() == Some(wanted)
}

fn named(settings: &Settings) -> OsString {
    let mut name = OsString::from("FILE:");
    name.push(&settings.keytab_file);
    name
}
