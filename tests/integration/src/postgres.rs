//! A PostgreSQL server for one test: own data folder, free port on 127.0.0.1, ended when dropped.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    os::unix::{
        fs::{MetadataExt, PermissionsExt as _, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::{certificates::Certificates, ports::free_port};

/// The password of the server's one user, `ebs`.
pub const PASSWORD: &str = "only for tests";
/// The longest wait for the server to be ready.
const START_LIMIT: Duration = Duration::from_secs(60);
/// What the server says on its error output once it takes connections.
const READY: &str = "database system is ready to accept connections";

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    /// What it is started with besides.
    further: Vec<String>,
    server: Option<Child>,
}

impl Postgres {
    /// Starts a server with an empty database `ebs`.
    ///
    /// # Errors
    ///
    /// If PostgreSQL is not installed or does not start; the text says which.
    pub fn start() -> Result<Self> {
        let programs = programs()?;
        let folder = TempDir::with_prefix("ebs-postgres-")?;
        copy_template(&programs, &folder)?;
        let port = free_port()?;
        let mut postgres = Self { programs, folder, port, further: Vec::new(), server: None };
        postgres.resume()?;
        Ok(postgres)
    }

    /// Starts one that also serves TLS; the certificates.
    ///
    /// # Errors
    ///
    /// As [`Postgres::start`], or if the certificates cannot be made.
    pub fn start_tls() -> Result<(Self, Certificates)> {
        let mut postgres = Self::start()?;
        postgres.stop()?;
        let made = Certificates::make(postgres.folder.path(), "ebs")?;
        // The server takes only a key that nobody else can read.
        let key = made.key("server");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
        if let Some((user, group)) = other_user()? {
            chown(&key, Some(user), Some(group))?;
        }
        let certificate = made.certificate("server");
        postgres.further = vec![
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", certificate.display()),
            format!("ssl_key_file={}", key.display()),
        ];
        postgres.resume()?;
        Ok((postgres, made))
    }

    /// Where the database `ebs` is; without the password.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://ebs@127.0.0.1:{}/ebs", self.port)
    }

    /// Makes a further, empty database and says where it is; without the password.
    ///
    /// # Errors
    ///
    /// If the server refuses.
    pub fn database(&self, name: &str) -> Result<String> {
        run(self.client("createdb").arg(name))?;
        Ok(format!("postgres://ebs@127.0.0.1:{}/{name}", self.port))
    }

    /// The database `ebs` as a dump, as `docs/OPERATIONS.md` has it made.
    ///
    /// # Errors
    ///
    /// If `pg_dump` does not make it.
    pub fn dump(&self, to: &Path) -> Result<()> {
        run(self.client("pg_dump").args(["--format=custom", "--file"]).arg(to).arg("ebs"))
    }

    /// Replaces the database `ebs` by this dump, as `docs/OPERATIONS.md` has it done.
    ///
    /// # Errors
    ///
    /// If the old one cannot be dropped, or the dump not be read.
    pub fn restore(&self, from: &Path) -> Result<()> {
        run(self.client("dropdb").args(["--force", "ebs"]))?;
        run(self.client("createdb").arg("ebs"))?;
        run(self.client("pg_restore").args(["--exit-on-error", "--dbname=ebs"]).arg(from))
    }

    /// One of the server's client programs, as its one user.
    fn client(&self, name: &str) -> Command {
        let mut client = Command::new(self.programs.join(name));
        client
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "ebs"])
            .env("PGPASSWORD", PASSWORD);
        client
    }

    /// The server's process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    /// Stops the server at once, as for a restart: connections are cut, data is kept.
    ///
    /// # Errors
    ///
    /// If the process cannot be told or waited for.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut server) = self.server.take() {
            run(Command::new("kill").args(["-INT", &server.id().to_string()]))?;
            server.wait()?;
        }
        Ok(())
    }

    /// Starts the stopped server again, on the same port with the same data.
    ///
    /// # Errors
    ///
    /// If it does not get ready.
    pub fn resume(&mut self) -> Result<()> {
        let mut command = Command::new(self.programs.join("postgres"));
        command.arg("-D").arg(self.folder.path().join("data")).args(["-p", &self.port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "max_connections=60",
        ] {
            command.args(["-c", setting]);
        }
        for setting in &self.further {
            command.args(["-c", setting]);
        }
        unprivileged(&mut command)?;
        let mut server =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let output =
            BufReader::new(server.stderr.take().context("the server has no error output")?);
        let (ready, is_ready) = mpsc::channel();
        // Reads on until the end, so that the server never waits for a reader.
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if line.contains(READY) && ready.send(()).is_err() {
                    return;
                }
            }
        });
        self.server = Some(server);
        is_ready.recv_timeout(START_LIMIT).context("PostgreSQL did not get ready")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.stop().is_err()
            && let Some(mut server) = self.server.take()
        {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// The newest installed server's programs: packages keep them out of the search path.
fn programs() -> Result<PathBuf> {
    let mut found = Vec::new();
    for folder in ["/usr/lib/postgresql", "/usr"] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            found.push(entry.path().join("bin"));
        }
    }
    found.push(PathBuf::from("/usr/bin"));
    let whole = |folder: &PathBuf| {
        ["initdb", "postgres", "pg_dump"].iter().all(|name| folder.join(name).exists())
    };
    found.retain(whole);
    found.sort();
    found.pop().context("PostgreSQL's server is not installed: `apt-get install postgresql` or `dnf install postgresql-server`")
}

/// Making a data folder takes a second, copying one a tenth of it: it is made once per build folder.
fn copy_template(programs: &Path, folder: &TempDir) -> Result<()> {
    let executable = std::env::current_exe()?;
    let beside = executable.parent().context("the test is in no folder")?;
    let version = programs.to_string_lossy().replace('/', "-");
    let template = beside.join(format!("template{version}"));
    let lock = File::create(beside.join("template.lock"))?;
    lock.lock()?;
    if !template.exists() {
        make_template(programs, &template)?;
    }
    lock.unlock()?;
    let data = folder.path().join("data");
    run(Command::new("cp").arg("-a").arg(&template).arg(&data))?;
    if let Some((user, group)) = other_user()? {
        chown(folder.path(), Some(user), Some(group))?;
    }
    Ok(())
}

fn make_template(programs: &Path, template: &Path) -> Result<()> {
    let folder = TempDir::with_prefix("ebs-postgres-template-")?;
    if let Some((user, group)) = other_user()? {
        chown(folder.path(), Some(user), Some(group))?;
    }
    let password = folder.path().join("password");
    fs::write(&password, PASSWORD)?;
    let data = folder.path().join("data");
    let mut initdb = Command::new(programs.join("initdb"));
    initdb.arg("-D").arg(&data).arg("--pwfile").arg(&password);
    initdb.args([
        "--no-sync",
        "--username=ebs",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
    ]);
    unprivileged(&mut initdb)?;
    run(&mut initdb)?;
    let mut single = Command::new(programs.join("postgres"));
    single.arg("--single").arg("-D").arg(&data).arg("postgres");
    unprivileged(&mut single)?;
    let statement = folder.path().join("statement");
    fs::write(&statement, "CREATE DATABASE ebs\n")?;
    single.stdin(File::open(&statement)?);
    run(&mut single)?;
    // Complete or not there at all.
    let unfinished = template.with_extension("unfinished");
    run(Command::new("rm").arg("-rf").arg(&unfinished))?;
    run(Command::new("cp").arg("-a").arg(&data).arg(&unfinished))?;
    fs::rename(&unfinished, template)?;
    Ok(())
}

/// PostgreSQL refuses to run as root.
fn unprivileged(command: &mut Command) -> Result<()> {
    if let Some((user, group)) = other_user()? {
        command.uid(user).gid(group).current_dir("/");
    }
    Ok(())
}

/// The user to run servers as, if we are root.
fn other_user() -> Result<Option<(u32, u32)>> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let find = |name: &str| {
        users.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [first, _, user, group, ..] = fields.as_slice() else { return None };
            if *first == name { Some((user.parse().ok()?, group.parse().ok()?)) } else { None }
        })
    };
    find("postgres")
        .or_else(|| find("nobody"))
        .map(Some)
        .context("neither `postgres` nor `nobody` is a user here")
}

fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("failed to start {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!(
            "{} failed: {}",
            command.get_program().display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
