//! A small file system that can be filled: a tmpfs in a mount namespace of its own. Nothing outside sees it, and it is gone with
//! the last process in it, however that ends. Does *not* need root where people may have user namespaces.

use std::{
    fs::File,
    io::{ErrorKind, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};

/// What the keeper says once the file system is there.
const READY: &str = "ready";

/// The file that takes all the room.
const BALLAST: &str = "ballast";

/// How much of it is written at once, in bytes: first much, then what still fits.
const PIECES: [usize; 2] = [256 * 1024, 1024];

/// A file system of a limited size. Dropping it ends what keeps it; programs within are others' to end.
#[derive(Debug)]
pub struct Disk {
    /// Stays in the namespace, and ends when its input does: at the latest with us.
    keeper: Child,
    pid: u32,
    folder: PathBuf,
    /// Whether we are root, who needs no user namespace.
    root: bool,
}

impl Disk {
    /// Mounts a file system of this size over `folder`, for those within. The other way out is the reason why this cannot be
    /// done here, such as a container that forbids it.
    ///
    /// # Errors
    ///
    /// Nothing can be started.
    pub async fn mount(
        folder: &Path,
        megabytes: u32,
    ) -> anyhow::Result<std::result::Result<Self, String>> {
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        let root = std::fs::metadata("/proc/self").context("read /proc")?.uid() == 0;
        let mut command = Command::new("unshare");
        if !root {
            command.args(["--user", "--map-root-user"]);
        }
        let script = "mount -t tmpfs -o size=$1m,mode=777 ebs \"$2\" && echo \"$3\" && exec cat";
        command.args(["--mount", "sh", "-c", script, "sh", &megabytes.to_string()]);
        command.arg(folder).arg(READY);
        let piped = (Stdio::piped(), Stdio::piped(), Stdio::piped());
        let started = command.stdin(piped.0).stdout(piped.1).stderr(piped.2).kill_on_drop(true);
        let mut keeper = match started.spawn() {
            Ok(keeper) => keeper,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Err("there is no `unshare` here".to_owned()));
            }
            Err(error) => return Err(error).context("start unshare"),
        };
        let pid = keeper.id().context("the keeper runs")?;
        if says_ready(&mut keeper).await? {
            return Ok(Ok(Self { keeper, pid, folder: folder.to_owned(), root }));
        }
        let mut why = String::new();
        if let Some(mut errors) = keeper.stderr.take() {
            errors.read_to_string(&mut why).await.context("hear why there is no file system")?;
        }
        Ok(Err(format!("no file system of a limited size can be made: {}", why.trim())))
    }

    /// Where it is, for those within.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A command that runs this program within; its process is the program's.
    #[must_use]
    pub fn within(&self, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.pid.to_string()]);
        if !self.root {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.arg("--mount").arg("--").arg(program);
        command
    }

    /// Takes all the room that is left, again and again if need be.
    ///
    /// # Errors
    ///
    /// The file that takes it cannot be written, for another reason than that it is full.
    pub fn fill(&self) -> anyhow::Result<()> {
        let ballast = File::options().create(true).append(true).open(self.ballast());
        let mut ballast = ballast.context("make a file on the disk")?;
        for size in PIECES {
            let piece = vec![0; size];
            loop {
                match ballast.write_all(&piece) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => bail!("the disk cannot be filled: {error}"),
                }
            }
        }
        Ok(())
    }

    /// Gives the room back.
    ///
    /// # Errors
    ///
    /// The file that takes it cannot be removed.
    pub fn free(&self) -> anyhow::Result<()> {
        std::fs::remove_file(self.ballast()).context("give the disk's room back")
    }

    /// The file as it is seen from here, through the keeper.
    fn ballast(&self) -> PathBuf {
        let inside = self.folder.strip_prefix("/").unwrap_or(&self.folder).join(BALLAST);
        Path::new("/proc").join(self.pid.to_string()).join("root").join(inside)
    }

    /// Ends the keeper, and with it the file system if nobody is within any more.
    pub async fn unmount(mut self) {
        drop(self.keeper.stdin.take());
        // Its end is certain: its input has ended.
        let _ = self.keeper.wait().await;
    }
}

async fn says_ready(keeper: &mut Child) -> anyhow::Result<bool> {
    let output = keeper.stdout.take().context("the keeper's output is ours")?;
    let line = BufReader::new(output).lines().next_line().await.context("hear the keeper")?;
    Ok(line.is_some_and(|line| line == READY))
}

#[cfg(test)]
mod tests;
