//! A Kerberos realm of a test's own: an MIT KDC with its database, on a free port of 127.0.0.1, ended when dropped.

use std::{
    fs::{self, Permissions},
    net::{Ipv4Addr, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::ports::free_port;

/// The realm.
pub const REALM: &str = "EBS.TEST";

/// The longest wait for the KDC to be ready.
const START_LIMIT: Duration = Duration::from_secs(20);
/// How often it is looked at.
const STEP: Duration = Duration::from_millis(10);

/// Where Debian and Fedora keep its programs, which are not in everybody's search path.
const PROGRAMS: [&str; 3] = ["/usr/sbin", "/usr/bin", "/usr/lib/mit/sbin"];

/// A running KDC.
#[derive(Debug)]
pub struct Kdc {
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Kdc {
    /// Makes a realm whose tickets are valid for ten hours, and starts its KDC.
    ///
    /// # Errors
    ///
    /// If the KDC is not installed or does not start; the text says which.
    pub fn start() -> Result<Self> {
        Self::start_with_life(Duration::from_secs(10 * 3600))
    }

    /// The same with tickets of another life, in whole seconds.
    ///
    /// # Errors
    ///
    /// As [`Kdc::start`].
    pub fn start_with_life(life: Duration) -> Result<Self> {
        let folder = TempDir::with_prefix("ebs-kdc-")?;
        // The web server reads its keytab as somebody else.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let port = free_port()?;
        let mut kdc = Self { folder, port, child: None };
        fs::write(kdc.client_config(), client_config(port))?;
        fs::write(kdc.at("kdc.conf"), kdc.config(life))?;
        kdc.run("kdb5_util", &["create", "-s", "-r", REALM, "-P", "not a secret"])?;
        kdc.resume()?;
        Ok(kdc)
    }

    /// What clients name as `KRB5_CONFIG`. Names of hosts are taken as they are written; nothing is looked up.
    #[must_use]
    pub fn client_config(&self) -> PathBuf {
        self.at("krb5.conf")
    }

    /// Makes a principal, `NAME` or `SERVICE/HOST`, with a key that nobody knows.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn add(&self, name: &str) -> Result<()> {
        self.administer(&format!("addprinc -randkey {name}"))
    }

    /// Removes a principal.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    pub fn remove(&self, name: &str) -> Result<()> {
        self.administer(&format!("delprinc -force {name}"))
    }

    /// Gives a principal a new key, which stands in this new keytab alone: earlier ones are worthless from then on.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn keytab(&self, name: &str, file: &str) -> Result<PathBuf> {
        let path = self.at(file);
        self.administer(&format!("ktadd -k {} {name}", path.display()))?;
        fs::set_permissions(&path, Permissions::from_mode(0o644)).context("no keytab was made")?;
        Ok(path)
    }

    /// How many tickets it has given to principals that showed their own key, as `kinit` does.
    ///
    /// # Errors
    ///
    /// If its log cannot be read.
    pub fn first_tickets(&self) -> Result<usize> {
        let log = fs::read_to_string(self.at("kdc.log"))?;
        Ok(log.lines().filter(|line| line.contains("AS_REQ") && line.contains("ISSUE:")).count())
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Kills it. Its database stays.
    ///
    /// # Errors
    ///
    /// If it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Starts it again, on the same port.
    ///
    /// # Errors
    ///
    /// If it does not get ready.
    pub fn resume(&mut self) -> Result<()> {
        let mut command = self.command("krb5kdc")?;
        command.arg("-n").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().context("start krb5kdc")?);
        let limit = Instant::now() + START_LIMIT;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let ended = self.child.as_mut().context("it was just started")?.try_wait()?;
            if ended.is_some() || Instant::now() > limit {
                let log = fs::read_to_string(self.at("kdc.log")).unwrap_or_default();
                bail!("the KDC did not get ready: {log}");
            }
            thread::sleep(STEP);
        }
        Ok(())
    }

    fn config(&self, life: Duration) -> String {
        let (port, seconds) = (self.port, life.as_secs());
        let at = |name: &str| self.at(name).display().to_string();
        format!(
            "[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n[realms]\n {REALM} = {{\n  \
             database_name = {}\n  key_stash_file = {}\n  acl_file = {}\n  max_life = {seconds}s\n }}\n[logging]\n \
             kdc = FILE:{}\n admin_server = FILE:{}\n",
            at("principal"),
            at("stash"),
            at("acl"),
            at("kdc.log"),
            at("kadmin.log"),
        )
    }

    fn administer(&self, query: &str) -> Result<()> {
        self.run("kadmin.local", &["-r", REALM, "-q", query])
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let output = self.command(program)?.args(arguments).stdin(Stdio::null()).output()?;
        if !output.status.success() {
            bail!("{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    fn command(&self, program: &str) -> Result<Command> {
        let mut all = PROGRAMS.iter().map(|folder| Path::new(folder).join(program));
        let program = all.find(|path| path.exists()).with_context(|| {
            format!("{program} is missing: `apt-get install krb5-kdc krb5-admin-server` or `dnf install krb5-server`")
        })?;
        let mut command = Command::new(program);
        command.env("KRB5_CONFIG", self.client_config());
        command.env("KRB5_KDC_PROFILE", self.at("kdc.conf"));
        Ok(command)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Kdc {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// By TCP alone: a KDC that is not there is noticed at once.
fn client_config(port: u16) -> String {
    format!(
        "[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n \
         dns_canonicalize_hostname = false\n rdns = false\n udp_preference_limit = 1\n[realms]\n {REALM} = {{\n  \
         kdc = 127.0.0.1:{port}\n }}\n[domain_realm]\n localhost = {REALM}\n"
    )
}
