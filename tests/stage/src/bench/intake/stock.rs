//! The Python library `fedora-messaging` with a full queue, and a callback that keeps what the service would keep.

use std::path::Path;

use anyhow::{Context, ensure};
use ebs_integration::{publisher::MATTERS, rabbit::Rabbit};
use tokio::process::Command;

use super::drain::{Drained, Full};
use crate::{
    child::Child,
    config::{self, PREFIX},
};

/// The hub that the messages tell of. Nobody asks it.
const HUB: &str = "https://koji.example.org";

/// The library's own level says a line for each message, which the service does not.
const QUIET: &str = "\n[log_config]\nversion = 1\ndisable_existing_loggers = false\n\n[log_config.root]\nlevel = \"WARNING\"\n\
                     handlers = [\"console\"]\n\n[log_config.handlers.console]\nclass = \"logging.StreamHandler\"\n";

/// Measures one run.
///
/// # Errors
///
/// The library is not installed, something does not start, or nothing is taken.
pub(super) async fn measure(
    messages: u32,
    prefetch: u16,
    folder: &Path,
) -> anyhow::Result<Drained> {
    let here = std::env::current_exe().context("find this program")?;
    let target = here.ancestors().nth(2).context("this program is in a target folder")?;
    let program = target.join("stock/bin/fedora-messaging");
    ensure!(
        program.is_file(),
        "{} is missing: `./dev bench intake` installs it",
        program.display()
    );
    let rabbit = tokio::task::spawn_blocking(Rabbit::start).await.context("start RabbitMQ")??;
    let full = Full::with(messages, &rabbit.url(), HUB, &["bash"]).await?;

    let settings = config::bus(&rabbit.url(), Some(prefetch)) + QUIET;
    let settings = config::write(folder, "config.toml", &settings)?;
    let kept = config::write(folder, "kept", "")?;
    let callback = config::write(folder, "callback.py", &callback(&kept))?;
    let mut command = Command::new(program);
    command.arg("--conf").arg(settings).arg("consume");
    command.arg("--callback-file").arg(format!("{}:keep", callback.display()));
    let consumer = Child::start("fedora-messaging", command, folder)?;
    let lines = async || {
        let text = tokio::fs::read_to_string(&kept).await.context("read what was kept")?;
        Ok(u64::try_from(text.lines().count())?)
    };
    full.drained(consumer, lines).await
}

/// The same questions as the service asks: the topic, the hub, the tag. What is kept is written line by line.
fn callback(kept: &Path) -> String {
    format!(
        "KEPT = open('{}', 'a', buffering=1)\n\n\ndef keep(message):\n    body = message.body\n    if (\n        \
         message.topic == '{PREFIX}.buildsys.tag'\n        and body['base_url'] == '{HUB}'\n        \
         and body['tag'] == '{MATTERS}'\n    ):\n        KEPT.write(f\"{{message.id}} {{body['name']}} {{body['build_id']}}\\n\")\n",
        kept.display()
    )
}

#[cfg(test)]
mod tests;
