//! The log of a program, read as it grows.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::time::{Instant, sleep};

use crate::troupe::Troupe;

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// The longest that one batch, or whatever else is waited for, may take.
const LIMIT: Duration = Duration::from_secs(300);

/// The log of a program, read as it grows. Looking into it costs the program nothing, unlike its pages.
pub(super) struct Log {
    path: PathBuf,
    read: u64,
    waiting: Vec<u8>,
}

impl Log {
    /// It is read from its beginning.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, read: 0, waiting: Vec::new() }
    }

    /// The next line that has this text in it.
    ///
    /// # Errors
    ///
    /// There is none for too long, or a program has ended.
    pub(super) async fn until(
        &mut self,
        text: &str,
        troupe: &mut Troupe,
    ) -> anyhow::Result<String> {
        let until = Instant::now() + LIMIT;
        loop {
            while let Some(line) = self.line() {
                if line.contains(text) {
                    return Ok(line);
                }
            }
            if Instant::now() >= until {
                bail!("no `{text}` in {} within {} s", self.path.display(), LIMIT.as_secs());
            }
            if self.read_on()? == 0 {
                troupe.must_live()?;
                sleep(LOOK).await;
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        let end = self.waiting.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.waiting.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line).into_owned())
    }

    fn read_on(&mut self) -> anyhow::Result<u64> {
        let read = || format!("read {}", self.path.display());
        let mut file = File::open(&self.path).with_context(read)?;
        file.seek(SeekFrom::Start(self.read)).with_context(read)?;
        let more = file.read_to_end(&mut self.waiting).with_context(read)?;
        let more = u64::try_from(more)?;
        self.read += more;
        Ok(more)
    }
}
