//! The verbs of the command line, as their help has them.

use clap::{Args, Subcommand};

use crate::{
    batch::BatchVerb,
    config::ConfigVerb,
    dead::DeadVerb,
    deny::DenyVerb,
    group::GroupVerb,
    import::Import,
    log::Log,
    manual::{Completion, Manual},
    pause::{Because, Pause},
    reconcile::ReconcileVerb,
    token::TokenVerb,
    trigger::Trigger,
};

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Verb {
    /// What is being built now, what waits, and what was built last.
    #[command(after_help = "Examples:
  ebsctl status
  ebsctl status --json")]
    Status,
    /// Whether the coordinator is ready, and what keeps it from being so.
    #[command(after_help = "Examples:
  ebsctl ready")]
    Ready,
    /// Whether the coordinator is alive, or the worker at whose `ebs.worker.metrics_listen` `--url` points.
    #[command(after_help = "Examples:\n  ebsctl alive")]
    Alive,
    /// What the next batch would hold: in which slices, and what would be seeded. Koji is not asked; what is denied or built
    /// already is seen when the batch is prepared.
    #[command(after_help = "Examples:
  ebsctl next")]
    Next,
    /// Where a package is, and why it is not being built, step by step; what stands in the way is marked with `!`.
    #[command(after_help = "Examples:
  ebsctl explain freeipa
  ebsctl explain freeipa-4.12.5-1.fc45")]
    Explain {
        /// A name, here or in Rawhide, an NVR, or the URL of a source.
        name: String,
    },
    /// Jobs that were set aside after they had used up their attempts.
    #[command(subcommand)]
    Dead(DeadVerb),
    /// Package lists: how many names act, what is wrong with a list, and a word for one that jumps.
    #[command(subcommand)]
    Lists(ListsVerb),
    /// Builds packages though nothing new was tagged; says for each name what will happen and why.
    #[command(after_help = "Examples:
  ebsctl trigger bash freeipa --reason mended --dry-run
  ebsctl trigger --failed-in 57 --force --reason mended
  ebsctl trigger bash --again --reason other-flags --dry-run
  ebsctl trigger --update FEDORA-2026-0a1b2c3d4e --reason late
  ebsctl trigger --side-tag f45-build-side-123456 --reason late")]
    Trigger(Trigger),
    /// The deny list: sources that are not built for a while since they failed, and taking them off.
    #[command(subcommand)]
    Deny(DenyVerb),
    /// What ELN lacks of what Rawhide has, and what is in ELN that nobody wants.
    #[command(subcommand)]
    Reconcile(ReconcileVerb),
    /// A batch: ended, or one of its components taken out, declared failed or detached.
    #[command(subcommand)]
    Batch(BatchVerb),
    /// Groups that are held since their update was refused or is in doubt: retried or discarded.
    #[command(subcommand)]
    Group(GroupVerb),
    /// Begins no new batch: what is under way goes on, and triggers are stored as ever.
    #[command(after_help = "Examples:
  ebsctl pause --for 3d --reason mass-rebuild
  ebsctl pause --until 2100-12-01T08:00:00Z --reason branching")]
    Pause(Pause),
    /// Ends a person's pause. That of the configuration is ended there.
    #[command(after_help = "Examples:
  ebsctl unpause --reason over")]
    Unpause(Because),
    /// Reads configuration and package lists anew at once.
    #[command(after_help = "Examples:
  ebsctl refresh --reason mended")]
    Refresh(Because),
    /// What the coordinator that is asked logs; changes it until its next start, or for a while. Others have logs of their own.
    #[command(after_help = "Examples:
  ebsctl log
  ebsctl log debug --for 30m --reason hunting
  ebsctl log info,ebs_coordinator::intake=debug --reason hunting
  ebsctl log info --reason over")]
    Log(Log),
    /// What is ours in Koji and Bodhi and belongs to no batch: side tags, build tasks, updates.
    #[command(after_help = "Examples:
  ebsctl orphans")]
    Orphans,
    /// What a service in shadow mode would have built, against what the other service has.
    #[command(after_help = "Examples:
  ebsctl shadow")]
    Shadow,
    /// Takes over what is open in the Python service's database: triggers that wait, builds that failed.
    ///
    /// Says of each row what becomes of it and why, and of that service's configuration what is of use here. Only reads there;
    /// the same again takes nothing twice. Exit codes: 0 what can be used is here, 1 the leader has not answered yet or a
    /// configuration file cannot be used, 2 usage, 3 a database or a coordinator that does not answer or refuses.
    #[command(after_help = "Examples:
  ebsctl import --reason switch --dry-run
  ebsctl import --static-config-file elnbuildsync.yaml --db-pw-file ebs_db_pw --reason switch
  ebsctl import --database-url-file url --reason switch --json")]
    Import(Import),
    /// Configuration files: what is wrong with them, what they would change, and older forms made into the present one.
    #[command(subcommand)]
    Config(ConfigVerb),
    /// A completion script for a shell.
    #[command(after_help = "Examples:
  ebsctl completion bash")]
    Completion(Completion),
    /// Manual pages.
    #[command(after_help = "Examples:
  ebsctl man
  ebsctl man --folder man1")]
    Man(Manual),
    /// Tokens of those who may change something.
    #[command(subcommand)]
    Token(TokenVerb),
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ListsVerb {
    /// How each list stands.
    #[command(after_help = "Examples:
  ebsctl lists show")]
    Show,
    /// Lets a list jump that is held: what would enter acts and what would leave goes, at the next refresh.
    #[command(after_help = "Examples:
  ebsctl lists confirm eln/source --reason meant")]
    Confirm(Confirmation),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct Confirmation {
    /// Which list, as `ebsctl lists show` names it, such as `eln/source`.
    pub(crate) list: String,
    /// Why; it stands in the audit.
    #[arg(long)]
    pub(crate) reason: String,
}
