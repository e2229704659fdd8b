//! The web server before a hub and an identity provider, as Fedora has it: Apache httpd that negotiates Kerberos, or checks client
//! certificates, and tells what is behind it whom it has logged in. Free ports on 127.0.0.1, ended when dropped.

use std::{
    fmt::Write as _,
    fs::{self, Permissions},
    net::{Ipv4Addr, TcpStream},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::{certificates::Certificates, kdc::Kdc, ports::free_ports};

/// The header that says who is logged in. Whatever a client sends under this name is removed.
pub const REMOTE_USER: &str = "X-Remote-User";

/// The name of the host in its addresses: Kerberos knows services by names, not by numbers.
pub const HOST: &str = "localhost";

/// The longest wait for the server to be ready.
const START_LIMIT: Duration = Duration::from_secs(20);
/// How often it is looked at.
const STEP: Duration = Duration::from_millis(10);

/// Where the program may be.
const PROGRAMS: [&str; 2] = ["/usr/sbin/apache2", "/usr/sbin/httpd"];
/// Where its modules may be.
const MODULES: [&str; 2] = ["/usr/lib/apache2/modules", "/usr/lib64/httpd/modules"];
/// Those that are loaded, if they are not part of the program.
const LOADED: [&str; 11] = [
    "mpm_event",
    "unixd",
    "authn_core",
    "authz_core",
    "authz_user",
    "auth_gssapi",
    "headers",
    "socache_shmcb",
    "ssl",
    "proxy",
    "proxy_http",
];
/// Who runs it if we are root: nobody.
const NOBODY: u32 = 65_534;

/// How it is started.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    /// What is behind it, such as `http://127.0.0.1:1234`.
    pub behind: &'a str,
    /// The realm of its service, `HTTP/localhost`.
    pub kdc: &'a Kdc,
    /// How far its clock is off, as libfaketime says it, such as `+10m`.
    pub clock: Option<&'a str>,
    /// Whether certificates are asked for only when the path is known, as old set-ups do; else with each connection.
    pub late: bool,
}

/// A running server.
#[derive(Debug)]
pub struct Front {
    folder: TempDir,
    ports: [u16; 3],
    certificates: Certificates,
    child: Child,
}

impl Front {
    /// Starts one and waits until it serves.
    ///
    /// # Errors
    ///
    /// If httpd or its modules are not installed, or it does not start; the text says which.
    pub fn start(setting: &Setting<'_>) -> Result<Self> {
        let folder = TempDir::with_prefix("ebs-front-")?;
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let certificates = Certificates::make(folder.path(), "ebs")?;
        let service = format!("HTTP/{HOST}");
        setting.kdc.add(&service)?;
        let keytab =
            setting.kdc.keytab(&service, &format!("http-{}.keytab", free_name(&folder)))?;
        let ports: [u16; 3] = free_ports()?;
        let config = config(setting, folder.path(), (&keytab, &certificates), ports)?;
        fs::write(folder.path().join("httpd.conf"), config)?;
        let child = spawn(setting, folder.path())?;
        let mut front = Self { folder, ports, certificates, child };
        front.answers()?;
        Ok(front)
    }

    /// Where it negotiates Kerberos, without TLS.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{HOST}:{}", self.ports[0])
    }

    /// Where it negotiates Kerberos, with TLS.
    #[must_use]
    pub fn tls_url(&self) -> String {
        format!("https://{HOST}:{}", self.ports[1])
    }

    /// Where it wants client certificates, whose common name is the user.
    #[must_use]
    pub fn certificate_url(&self) -> String {
        format!("https://{HOST}:{}", self.ports[2])
    }

    /// The authority of its certificates, and a `client` named `ebs`.
    #[must_use]
    pub fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn answers(&mut self) -> Result<()> {
        let limit = Instant::now() + START_LIMIT;
        for port in self.ports {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
                if self.child.try_wait()?.is_some() || Instant::now() > limit {
                    let read = |name| fs::read_to_string(self.folder.path().join(name));
                    let (said, log) = (read("output").unwrap_or_default(), read("error.log"));
                    bail!("httpd did not get ready: {said}{}", log.unwrap_or_default());
                }
                thread::sleep(STEP);
            }
        }
        Ok(())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_name(folder: &TempDir) -> String {
    folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// In one process (`-X`), so that its end is the end of all of it.
fn spawn(setting: &Setting<'_>, folder: &Path) -> Result<Child> {
    let program = PROGRAMS.iter().find(|path| Path::new(path).exists()).context(MISSING)?;
    let mut command = Command::new(program);
    command.arg("-X").arg("-f").arg(folder.join("httpd.conf"));
    command.env("KRB5_CONFIG", setting.kdc.client_config()).env("KRB5RCACHENAME", "none:");
    if let Some(off) = setting.clock {
        command.env("LD_PRELOAD", faketime()?).env("FAKETIME", off);
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
    let output = fs::File::create(folder.join("output"))?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    command.spawn().context("start httpd")
}

const MISSING: &str = "httpd with its GSSAPI module is missing: `apt-get install apache2 libapache2-mod-auth-gssapi` or \
                       `dnf install httpd mod_auth_gssapi mod_ssl`";

fn modules() -> Result<PathBuf> {
    let mut all = MODULES.iter().map(PathBuf::from);
    all.find(|folder| folder.join("mod_auth_gssapi.so").exists()).context(MISSING)
}

/// The library that shows another time to a program.
fn faketime() -> Result<PathBuf> {
    let mut folders =
        vec![PathBuf::from("/usr/lib64/faketime"), PathBuf::from("/usr/lib/faketime")];
    for entry in fs::read_dir("/usr/lib").into_iter().flatten().flatten() {
        folders.push(entry.path().join("faketime"));
    }
    let mut all = folders.into_iter().map(|folder| folder.join("libfaketimeMT.so.1"));
    all.find(|library| library.exists())
        .context("libfaketime is missing: `apt-get install faketime` or `dnf install libfaketime`")
}

fn config(
    setting: &Setting<'_>,
    folder: &Path,
    (keytab, certificates): (&Path, &Certificates),
    ports: [u16; 3],
) -> Result<String> {
    let (at, modules) = (folder.display(), modules()?);
    let mut text = format!(
        "ServerName {HOST}\nServerRoot {at}\nDefaultRuntimeDir {at}\nPidFile {at}/httpd.pid\nErrorLog {at}/error.log\n\
         LogLevel warn\nMutex file:{at}\n"
    );
    if fs::metadata("/proc/self")?.uid() == 0 {
        writeln!(text, "User \"#{NOBODY}\"\nGroup \"#{NOBODY}\"")?;
    }
    for name in LOADED {
        let module = modules.join(format!("mod_{name}.so"));
        if module.exists() {
            writeln!(text, "LoadModule {name}_module {}", module.display())?;
        }
    }
    let backend = setting.behind.trim_end_matches('/');
    // What a client says of itself is never passed on.
    writeln!(
        text,
        "RequestHeader unset {REMOTE_USER}\nProxyPreserveHost On\nProxyPass / {backend}/"
    )?;
    let tls = tls(certificates);
    let kerberos = kerberos(keytab);
    let [plain, secured, certified] = ports;
    for port in ports {
        writeln!(text, "Listen 127.0.0.1:{port}")?;
    }
    write!(
        text,
        "<VirtualHost 127.0.0.1:{plain}>\n{kerberos}</VirtualHost>\n\
         <VirtualHost 127.0.0.1:{secured}>\n{tls}{kerberos}</VirtualHost>\n\
         <VirtualHost 127.0.0.1:{certified}>\n{tls}{}</VirtualHost>\n",
        by_certificate(certificates, setting.late)
    )?;
    Ok(text)
}

fn tls(certificates: &Certificates) -> String {
    let (certificate, key) = (certificates.certificate("server"), certificates.key("server"));
    format!(
        "SSLEngine on\nSSLCertificateFile {}\nSSLCertificateKeyFile {}\nRequestHeader set X-Forwarded-Proto https\n",
        certificate.display(),
        key.display()
    )
}

/// The two doors where Fedora negotiates: the hub's login, and the identity provider's page.
fn kerberos(keytab: &Path) -> String {
    format!(
        "<LocationMatch \"^/(kojihub/ssllogin|openidc/Authorization)$\">\nAuthType GSSAPI\nAuthName Kerberos\n\
         GssapiCredStore keytab:{}\nGssapiAllowedMech krb5\nRequire valid-user\n\
         RequestHeader set {REMOTE_USER} expr=%{{REMOTE_USER}}\n</LocationMatch>\n",
        keytab.display()
    )
}

fn by_certificate(certificates: &Certificates, late: bool) -> String {
    let (at_once, by_path) =
        if late { ("none", "SSLVerifyClient require\n") } else { ("optional", "") };
    format!(
        "SSLCACertificateFile {}\nSSLVerifyClient {at_once}\nSSLVerifyDepth 2\n<Location /kojihub/ssllogin>\n{by_path}\
         Require ssl-verify-client\nRequestHeader set {REMOTE_USER} \"%{{SSL_CLIENT_S_DN_CN}}s\"\n</Location>\n",
        certificates.certificate("ca").display()
    )
}
