//! What can be said to `ebsctl import`. Where the Python service has the same option, it has the same name and default here.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::config::CheckArguments;

/// Where the Python service finds its static file.
const STATIC_FILE: &str = "/etc/elnbuildsync/static-config/elnbuildsync.yaml";

/// Where the Python service finds its database's password.
const PASSWORD_FILE: &str = "/etc/elnbuildsync/secrets/ebs_db_pw";

/// What is taken over, and from where.
#[derive(Args, Clone, Debug)]
pub(crate) struct Import {
    /// The Python service's static file: its `db` block says where the database is.
    #[arg(long, value_name = "FILE", default_value = STATIC_FILE)]
    pub(super) static_config_file: PathBuf,
    /// Its dynamic file: said to be of use here or not, like the static one.
    #[arg(long, value_name = "FILE")]
    pub(super) dynamic_config_file: Option<PathBuf>,
    /// File with the database's password, its first line. The Python service's usual one is optional: without it the database is
    /// asked without a password.
    #[arg(long, value_name = "FILE", default_value = PASSWORD_FILE)]
    pub(super) db_pw_file: PathBuf,
    /// File with the authority that is trusted, PEM: the database must show by TLS that it has that name. Without it TLS is used
    /// if the server offers it.
    #[arg(long, value_name = "FILE")]
    pub(super) db_ca_file: Option<PathBuf>,
    /// File with `postgres://USER:PASSWORD@HOST:PORT/NAME`, its first line, instead of the static and the password file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["static_config_file", "db_pw_file"])]
    pub(super) database_url_file: Option<PathBuf>,
    /// Only says what would become of each row.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Why; it stands in the audit.
    #[arg(long)]
    pub(super) reason: String,
}

impl Import {
    /// The configuration files that are to be looked at.
    pub(super) fn files(&self) -> CheckArguments {
        let fixed = self.database_url_file.is_none().then(|| self.static_config_file.clone());
        CheckArguments::of(fixed.into_iter().chain(self.dynamic_config_file.clone()).collect())
    }

    /// The password file, unless it is the usual one and not there.
    pub(super) fn password_file(&self) -> Option<&Path> {
        let path = self.db_pw_file.as_path();
        (path != Path::new(PASSWORD_FILE) || path.exists()).then_some(path)
    }
}
