//! `ebsctl token`: tokens of those who may change something.

use clap::{Args, Subcommand};
use ebs_shared::{
    clock::System,
    token::{Scope, Token},
};

/// What is done about tokens.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum TokenVerb {
    /// Makes a token. It is printed once, beside the line for the file that `ebs.http.tokens_file` names; taking that line
    /// out revokes it. Asks no coordinator.
    #[command(after_help = "Examples:
  ebsctl token new --name alice --scope operate --expires 2100-12-31")]
    New(NewToken),
}

/// What is known of a new one.
#[derive(Args, Clone, Debug)]
pub(crate) struct NewToken {
    /// Whose it is; it stands in the audit.
    #[arg(long)]
    name: String,
    /// What it is for: `read` (the audit) or `operate` (changes, and the audit).
    #[arg(long)]
    scope: Scope,
    /// Its last day, `YYYY-MM-DD`, UTC. Without one it lasts until its line is taken out.
    #[arg(long)]
    expires: Option<chrono::NaiveDate>,
}

impl NewToken {
    /// The token, and its line for the coordinator's file.
    pub(crate) fn text(&self) -> anyhow::Result<String> {
        let (secret, token) = Token::make(&self.name, self.scope, self.expires, &System)?;
        Ok(format!(
            "The token, shown only now:\n{secret}\n\nIts line for the file that `ebs.http.tokens_file` names:\n{token}"
        ))
    }
}
