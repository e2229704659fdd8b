//! What goes through a Redis, told by itself: each command with its time. Reads what the queue's scripts write, and nothing else.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{TcpStream, tcp::OwnedReadHalf},
    time::timeout,
};
use url::Url;

/// A connection that hears of every command.
pub(super) struct Monitor {
    lines: Lines<BufReader<OwnedReadHalf>>,
    /// Kept open: the server ends what has no other side.
    _asking: tokio::net::tcp::OwnedWriteHalf,
}

/// What is of interest here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The first job of a new leader was put on the queue.
    FirstJob {
        /// Its term.
        epoch: i64,
        /// When, in ms since the Unix epoch.
        at: i64,
    },
    /// A worker has reported what a poll saw.
    Polled {
        /// The term that asked.
        epoch: i64,
        /// When, in ms since the Unix epoch.
        at: i64,
    },
}

impl Monitor {
    /// Begins to listen.
    ///
    /// # Errors
    ///
    /// The server does not let us.
    pub(super) async fn start(url: &str) -> anyhow::Result<Self> {
        let url: Url = url.parse().context("read the address of Redis")?;
        let place = (url.host_str().unwrap_or("127.0.0.1"), url.port().unwrap_or(6379));
        let stream = TcpStream::connect(place).await.context("reach Redis")?;
        let (reading, mut asking) = stream.into_split();
        asking.write_all(b"MONITOR\r\n").await.context("ask Redis")?;
        let mut lines = BufReader::new(reading).lines();
        let answer = lines.next_line().await.context("hear Redis")?.unwrap_or_default();
        if answer != "+OK" {
            bail!("Redis does not tell what it does: {answer}");
        }
        Ok(Self { lines, _asking: asking })
    }

    /// The next thing of interest.
    ///
    /// # Errors
    ///
    /// There is none within `limit`, or the connection ends.
    pub(super) async fn next(&mut self, limit: Duration) -> anyhow::Result<Heard> {
        let heard = async {
            while let Some(line) = self.lines.next_line().await.context("hear Redis")? {
                if let Some(heard) = read(&line) {
                    return Ok(heard);
                }
            }
            bail!("Redis has ended the connection")
        };
        timeout(limit, heard).await.context("nobody acts")?
    }
}

/// Source: the command MONITOR of Redis: `+SECONDS.MICROSECONDS [DB CLIENT] "WORD" "WORD"…`; commands of a script have the client `lua`.
fn read(line: &str) -> Option<Heard> {
    let (time, rest) = line.strip_prefix('+')?.split_once(' ')?;
    let (seconds, micros) = time.split_once('.')?;
    let at = seconds.parse::<i64>().ok()? * 1000 + micros.get(..3)?.parse::<i64>().ok()?;
    let words: Vec<&str> = rest.split('"').skip(1).step_by(2).collect();
    match words.as_slice() {
        ["SET", key, epoch] if key.ends_with(":epoch") => {
            Some(Heard::FirstJob { epoch: epoch.parse().ok()?, at })
        }
        ["XADD", key, _, "j", job, "k", "done", ..] if key.ends_with(":s:res") => {
            // Ids of polls carry the term that asked.
            let (_, term) = job.split_once('@')?;
            Some(Heard::Polled { epoch: term.split('.').next()?.parse().ok()?, at })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
