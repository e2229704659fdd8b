//! What can be asked of `ebsctl config`, and how.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What can be done with configuration files.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Says all that is wrong with configuration files, and what a changed one would mean.
    ///
    /// Exit codes: 0 all files can be used, 1 a file has faults or cannot be read (with --strict also: has warnings), 2 usage, 3 what
    /// it is compared with cannot be used. Needs no coordinator, so a configuration repository can run it on each proposed change.
    #[command(after_help = "Examples:
  ebsctl config check static.yaml dynamic.yaml
  ebsctl config check --skip-files --strict elnbuildsync.yaml
  ebsctl config check dynamic.yaml --against https://example.org/config.git#production
  ebsctl config check dynamic.yaml --against deployed.yaml --packages eln.txt
  ebsctl config check dynamic.yaml --against deployed.yaml --fetch-lists --json")]
    Check(CheckArguments),
    /// Makes a static and a dynamic file of one in DistroBaker's form (2021 to 2026).
    ///
    /// Says what has no place in them, and what a person must fill in. Exit codes: 0 both files can be used, 1 the file has faults
    /// or cannot be read, 2 usage, 3 a file cannot be written.
    #[command(after_help = "Examples:
  ebsctl config convert distrobaker.yaml
  ebsctl config convert distrobaker.yaml --static static.yaml --dynamic elnbuildsync_dynamic.yaml")]
    Convert(ConvertArguments),
}

/// What `check` looks at.
#[derive(Args, Clone, Debug)]
pub(crate) struct CheckArguments {
    /// Configuration files: static, dynamic, or both in one.
    #[arg(required = true)]
    pub(super) files: Vec<PathBuf>,
    /// What the files are, instead of telling it from their keys.
    #[arg(long, value_enum)]
    pub(super) kind: Option<KindArgument>,
    /// Warnings count as faults.
    #[arg(long)]
    pub(super) strict: bool,
    /// Do not insist on the files that a static configuration names, such as secrets: they are on another machine.
    #[arg(long)]
    pub(super) skip_files: bool,
    /// Shows what the dynamic configuration changes beside this one: a file, the address of one, or `REPOSITORY#REF`.
    #[arg(long, value_name = "URL|FILE")]
    pub(super) against: Option<String>,
    /// File with package names, one a line, that both are applied to.
    #[arg(long, value_name = "FILE", requires = "against", conflicts_with = "fetch_lists")]
    pub(super) packages: Option<PathBuf>,
    /// Fetch the package lists that each of the two names, and apply it to them.
    #[arg(long, requires = "against")]
    pub(super) fetch_lists: bool,
    /// How many packages or patterns a sentence names; the others are counted.
    #[arg(long, default_value_t = 20, requires = "against")]
    pub(super) names: usize,
}

/// What `convert` reads and writes.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConvertArguments {
    /// A file in DistroBaker's form.
    pub(super) file: PathBuf,
    /// Where the static file is written; it must not be there yet. Without both options both files are printed.
    #[arg(long = "static", value_name = "PATH", requires = "dynamic_path")]
    pub(super) static_path: Option<PathBuf>,
    /// Where the dynamic file is written; it must not be there yet.
    #[arg(long = "dynamic", value_name = "PATH", requires = "static_path")]
    pub(super) dynamic_path: Option<PathBuf>,
}

/// What a file can be told to be.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum KindArgument {
    /// The static file.
    Static,
    /// The dynamic file.
    Dynamic,
    /// Both in one, as in March 2026.
    Single,
}

impl CheckArguments {
    /// These files by themselves; what they name may be on another machine.
    pub(crate) fn of(files: Vec<PathBuf>) -> Self {
        Self {
            files,
            kind: None,
            strict: false,
            skip_files: true,
            against: None,
            packages: None,
            fetch_lists: false,
            names: 0,
        }
    }
}
