//! A RabbitMQ broker for one test: own data folder, free ports, an epmd of its own, ended when dropped.

use std::{
    fs,
    net::{Ipv4Addr, TcpStream},
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::{certificates::Certificates, ports::free_ports};

/// The longest wait for the broker to be ready, or to be gone.
const START_LIMIT: Duration = Duration::from_secs(90);
/// How often it is looked at.
const STEP: Duration = Duration::from_millis(50);
/// What the broker logs once it serves.
const READY: &str = "Server startup complete";

/// A running broker with the user `guest` (password `guest`) and the virtual host `/`.
#[derive(Debug)]
pub struct Rabbit {
    script: PathBuf,
    folder: TempDir,
    ports: Ports,
    epmd: Child,
    server: Option<Child>,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    amqp: u16,
    amqps: u16,
    distribution: u16,
    epmd: u16,
}

impl Rabbit {
    /// Starts a broker and waits until it serves.
    ///
    /// # Errors
    ///
    /// If RabbitMQ is not installed or does not start; the text says which.
    pub fn start() -> Result<Self> {
        Self::start_with("[].\n", |_, _| Ok(String::new()))
    }

    /// Starts one that also serves TLS, to clients with a certificate only, whose common name is their user: `guest`.
    ///
    /// # Errors
    ///
    /// As [`Rabbit::start`], or if the certificates cannot be made.
    pub fn start_tls() -> Result<(Self, Certificates)> {
        let mut made = None;
        let rabbit = Self::start_with("[rabbitmq_auth_mechanism_ssl].\n", |folder, ports| {
            let certificates = Certificates::make(folder, "guest")?;
            let settings = tls_settings(&certificates, ports);
            made = Some(certificates);
            Ok(settings)
        })?;
        Ok((rabbit, made.context("certificates were made")?))
    }

    fn start_with(
        plugins: &str,
        further: impl FnOnce(&Path, Ports) -> Result<String>,
    ) -> Result<Self> {
        let script = script()?;
        let folder = TempDir::with_prefix("ebs-rabbit-")?;
        if let Some((user, group)) = other_user()? {
            chown(folder.path(), Some(user), Some(group))?;
        }
        let [amqp, amqps, distribution, epmd] = free_ports()?;
        let ports = Ports { amqp, amqps, distribution, epmd };
        fs::write(folder.path().join("plugins"), plugins)?;
        let settings = settings(ports) + &further(folder.path(), ports)?;
        fs::write(folder.path().join("rabbitmq.conf"), settings)?;
        let epmd = start_epmd(ports)?;
        let mut rabbit = Self { script, folder, ports, epmd, server: None };
        rabbit.resume()?;
        Ok(rabbit)
    }

    /// Where it is, logged in as `guest`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2F", self.ports.amqp)
    }

    /// Where it serves TLS, with a password that is wrong: a certificate must do.
    #[must_use]
    pub fn tls_url(&self) -> String {
        format!("amqps://guest:wrong@127.0.0.1:{}/%2F", self.ports.amqps)
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.amqp
    }

    /// The broker's process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    /// Stops the broker as an operator would; durable queues and persistent messages are kept.
    ///
    /// # Errors
    ///
    /// If it cannot be told, or does not end.
    pub fn stop(&mut self) -> Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        let told = Command::new("kill").args(["-TERM", &server.id().to_string()]).status()?;
        if !told.success() {
            bail!("the broker cannot be told to stop");
        }
        let limit = Instant::now() + START_LIMIT;
        while server.try_wait()?.is_none() {
            if Instant::now() > limit {
                server.kill()?;
                bail!("the broker did not stop");
            }
            thread::sleep(STEP);
        }
        Ok(())
    }

    /// Kills the broker without warning.
    ///
    /// # Errors
    ///
    /// If it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut server) = self.server.take() {
            server.kill()?;
            server.wait()?;
        }
        Ok(())
    }

    /// Starts the stopped broker again, on the same port with the same data.
    ///
    /// # Errors
    ///
    /// If it does not get ready.
    pub fn resume(&mut self) -> Result<()> {
        let log = self.folder.path().join("broker.log");
        let output = fs::File::create(&log)?;
        let mut command = Command::new(&self.script);
        command.arg("-noinput");
        command
            .envs(self.environment())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        unprivileged(&mut command)?;
        self.server = Some(command.spawn().context("start rabbitmq-server")?);
        let limit = Instant::now() + START_LIMIT;
        loop {
            let text = fs::read_to_string(&log).unwrap_or_default();
            if text.contains(READY)
                && TcpStream::connect((Ipv4Addr::LOCALHOST, self.ports.amqp)).is_ok()
            {
                return Ok(());
            }
            let ended = self.server.as_mut().context("it was just started")?.try_wait()?;
            if ended.is_some() || Instant::now() > limit {
                let last: Vec<_> = text.lines().rev().take(20).collect();
                bail!(
                    "RabbitMQ did not get ready: {}",
                    last.into_iter().rev().collect::<Vec<_>>().join("\n")
                );
            }
            thread::sleep(STEP);
        }
    }

    /// Everything it needs to keep to itself.
    fn environment(&self) -> Vec<(&'static str, String)> {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let Ports { amqp, distribution, epmd, .. } = self.ports;
        vec![
            // Makes the script become the broker instead of starting it as a child, so that the process id is the broker's.
            ("RABBITMQ_ALLOW_INPUT", "1".to_owned()),
            ("HOME", at("")),
            ("RABBITMQ_NODENAME", format!("ebs{amqp}@localhost")),
            ("RABBITMQ_DIST_PORT", distribution.to_string()),
            ("RABBITMQ_MNESIA_BASE", at("data")),
            ("RABBITMQ_LOGS", "-".to_owned()),
            ("RABBITMQ_LOG_BASE", at("log")),
            ("RABBITMQ_PID_FILE", at("pid")),
            ("RABBITMQ_CONFIG_FILE", at("rabbitmq")),
            ("RABBITMQ_CONF_ENV_FILE", at("none")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins")),
            (
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none".to_owned(),
            ),
            ("ERL_EPMD_PORT", epmd.to_string()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        ]
    }
}

impl Drop for Rabbit {
    fn drop(&mut self) {
        let _ = self.kill();
        let _ = self.epmd.kill();
        let _ = self.epmd.wait();
    }
}

fn settings(ports: Ports) -> String {
    let amqp = ports.amqp;
    format!(
        "listeners.tcp.1 = 127.0.0.1:{amqp}\nlog.console = true\nlog.console.level = info\ndisk_free_limit.absolute = 1MB\n"
    )
}

fn tls_settings(certificates: &Certificates, ports: Ports) -> String {
    format!(
        "listeners.ssl.1 = 127.0.0.1:{}\nssl_options.cacertfile = {}\nssl_options.certfile = {}\nssl_options.keyfile = {}\n\
         ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\nssl_cert_login_from = common_name\n\
         auth_mechanisms.1 = EXTERNAL\nauth_mechanisms.2 = PLAIN\n",
        ports.amqps,
        certificates.certificate("ca").display(),
        certificates.certificate("server").display(),
        certificates.key("server").display(),
    )
}

/// The Erlang port mapper, in the foreground, so that it ends with us.
fn start_epmd(ports: Ports) -> Result<Child> {
    let mut command = Command::new("epmd");
    command.args(["-address", "127.0.0.1", "-port", &ports.epmd.to_string()]);
    unprivileged(&mut command)?;
    let output = (Stdio::null(), Stdio::null(), Stdio::null());
    let mut child =
        command.stdin(output.0).stdout(output.1).stderr(output.2).spawn().context("start epmd")?;
    let limit = Instant::now() + START_LIMIT;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, ports.epmd)).is_err() {
        if let Some(status) = child.try_wait()? {
            bail!("epmd ended at once on port {}: {status}", ports.epmd);
        }
        if Instant::now() > limit {
            bail!("epmd did not get ready");
        }
        thread::sleep(STEP);
    }
    Ok(child)
}

/// The server's own script: the one in the search path is a wrapper that only serves the system's broker.
fn script() -> Result<PathBuf> {
    let mut found = vec![PathBuf::from("/usr/lib/rabbitmq/bin/rabbitmq-server")];
    found.retain(|script| script.exists());
    for entry in fs::read_dir("/usr/lib/rabbitmq/lib").into_iter().flatten().flatten() {
        found.push(entry.path().join("sbin/rabbitmq-server"));
    }
    found.retain(|script| script.exists());
    found.pop().context("RabbitMQ is not installed: `apt-get install rabbitmq-server` or `dnf install rabbitmq-server`")
}

/// The broker must not run as root.
fn unprivileged(command: &mut Command) -> Result<()> {
    if let Some((user, group)) = other_user()? {
        command.uid(user).gid(group);
    }
    command.current_dir("/");
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
    find("rabbitmq")
        .or_else(|| find("nobody"))
        .map(Some)
        .context("neither `rabbitmq` nor `nobody` is a user here")
}
