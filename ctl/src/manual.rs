//! Shell completion and manual pages, made from the command line's own definition.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::Arguments;

/// Which completion.
#[derive(Args, Clone, Debug)]
pub(crate) struct Completion {
    /// The shell.
    shell: Shell,
}

/// Which pages, and where to.
#[derive(Args, Clone, Debug)]
pub(crate) struct Manual {
    /// Writes a page for each verb into this folder; without it the page of `ebsctl` is printed.
    #[arg(long)]
    folder: Option<PathBuf>,
}

impl Completion {
    /// The script.
    pub(crate) fn text(&self) -> String {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "ebsctl", &mut script);
        String::from_utf8_lossy(&script).into_owned()
    }
}

impl Manual {
    /// The page, or what was written.
    pub(crate) fn text(&self) -> anyhow::Result<String> {
        let command = Arguments::command();
        let Some(folder) = &self.folder else {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page).context("cannot make the page")?;
            return Ok(String::from_utf8_lossy(&page).into_owned());
        };
        self::write(command, folder)?;
        Ok(format!("the pages are in {}", folder.display()))
    }
}

fn write(command: clap::Command, folder: &Path) -> anyhow::Result<()> {
    let cannot = || format!("cannot write the pages into {}", folder.display());
    std::fs::create_dir_all(folder).with_context(cannot)?;
    clap_mangen::generate_to(command, folder).with_context(cannot)
}
