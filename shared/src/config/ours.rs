//! The static file: upstream's blocks under `configuration`, and our own under `ebs`. An unknown key in ours is a fault.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ebs_domain::{deny::DenyRule, package_list::Guards};
use url::Url;

use super::{
    block::Block,
    kerberos::Kerberos,
    login::{self, Login},
    node::{FromNode, Place},
    orphans::Orphans,
    retention::Retention,
    secret::SecretText,
    shadow::Shadow,
    timers::Timers,
    tree::Node,
    upstream::{Bodhi, Db, Email, Koji, OpenIdConnect, positive},
};
use crate::{certificates, token};

/// The highest `reconcile_limit`.
const MOST_RECONCILED: usize = 500;

/// The static file as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticConfig {
    /// What is built, and how.
    pub koji: Koji,
    /// How updates are cut.
    pub bodhi: Bodhi,
    /// Upstream's database; may be absent if `ebs.database` is there.
    pub db: Option<Db>,
    /// Who may change things; `None` if it is switched off.
    pub open_id_connect: Option<OpenIdConnect>,
    /// Where reports go; `None` if it is switched off.
    pub email: Option<Email>,
    /// Our own keys.
    pub ebs: Ours,
    /// Whether nothing outside is changed: said on the command line, in no file.
    pub shadow: bool,
}

/// `ebs`: the keys that only we have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ours {
    /// Name of this installation's instance: a restart under the same name takes its own lease over. Default: `ebs`.
    pub instance: String,
    /// Who we are to Kerberos: by it Koji and Bodhi are logged in to that have no way of their own.
    pub kerberos: Option<Kerberos>,
    /// How the hub is reached.
    pub koji: KojiClient,
    /// How Bodhi is reached.
    pub bodhi: BodhiClient,
    /// Where messages come from.
    pub bus: Bus,
    /// The queue of the distributed form; absent, only the standalone form can run.
    pub redis: Option<Redis>,
    /// The store.
    pub database: Database,
    /// Our own pages.
    pub http: Http,
    /// How people log in there; `None` if nobody can.
    pub login: Option<Login>,
    /// The workers.
    pub worker: Worker,
    /// Times.
    pub timers: Timers,
    /// Counts.
    pub limits: Limits,
    /// How long what is over is kept.
    pub retention: Retention,
    /// What belongs to no batch.
    pub orphans: Orphans,
    /// When names on package lists act.
    pub lists: Guards,
    /// Which failures deny a source, and for how long.
    pub deny: DenyRule,
    /// Whom shadow mode compares with.
    pub shadow: Shadow,
}

/// `ebs.koji`: how the hub is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KojiClient {
    /// The hub's XML-RPC address.
    pub hub_url: Url,
    /// Where people look at tasks and builds. Default: `koji` beside the hub.
    pub web_url: Url,
    /// Where files and logs are, if they are shown.
    pub top_url: Option<Url>,
    /// Account to log in as. Default: `configuration.koji.username`.
    pub user: Option<String>,
    /// Its password, from `password_file`.
    pub password: Option<SecretText>,
    /// The certificate that logs in instead.
    pub certificate: Option<ClientCertificate>,
    /// File with the authority that is trusted, PEM, instead of the system's; read anew when it changes.
    pub authority_file: Option<PathBuf>,
    /// Sessions kept for calls side by side. Default: 4.
    pub sessions: usize,
    /// The longest a call may take. Default: 45 s.
    pub call_timeout: Duration,
    /// Builds are asked for as drafts. Default: yes.
    pub draft_builds: bool,
}

/// A certificate that logs us in. Both files are PEM, and read anew for each login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, and what it was signed by: `certificate_file`.
    pub certificate: PathBuf,
    /// Its key: `key_file`. Default: in the file of the certificate.
    pub key: PathBuf,
}

/// `ebs.bodhi`: how Bodhi is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodhiClient {
    /// Bodhi's base address.
    pub url: Url,
    /// The identity provider's address, for logging in by Kerberos. Default: Fedora's, with its two profiles.
    pub idp_url: Option<Url>,
    /// File with the access token. Read anew at each login.
    pub token_file: Option<PathBuf>,
    /// File with the authority that is trusted, PEM, instead of the system's, also for the identity provider; read anew when it
    /// changes.
    pub authority_file: Option<PathBuf>,
    /// The longest a POST may take. Default: 200 s, since Bodhi asks Koji about every build before it answers.
    pub post_timeout: Duration,
    /// The longest any other call may take. Default: 30 s.
    pub call_timeout: Duration,
}

/// `ebs.bus`: where messages come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bus {
    /// Whether the broker is listened to. Default: yes.
    pub enabled: bool,
    /// The usual fedora-messaging TOML file.
    pub fedora_messaging_config: Option<PathBuf>,
    /// Datagrepper's address, for catch-up.
    pub datagrepper_url: Option<Url>,
    /// What topics begin with. Default: `org.fedoraproject.prod`, in staging `org.fedoraproject.stg`.
    pub topic_prefix: String,
}

/// `ebs.redis`: the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redis {
    /// Address, `redis://` or `rediss://`.
    pub url: Url,
    /// Password, from `password_file`.
    pub password: Option<SecretText>,
    /// File with the authority that is trusted, PEM, instead of the system's; read anew for each connection.
    pub authority_file: Option<PathBuf>,
    /// What all keys begin with. Default: `ebs`.
    pub prefix: String,
}

/// `ebs.database`: the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://…`. Default: made from `configuration.db`.
    pub url: String,
    /// Password, from `password_file`.
    pub password: Option<SecretText>,
    /// File with the authority that is trusted, PEM, instead of the system's; read anew for each connection. With it only a
    /// connection by TLS to a server of the URL's name will do.
    pub authority_file: Option<PathBuf>,
}

/// `ebs.http`: our own pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Address to listen on. Default: `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// File with the tokens of those who may change things. Read anew for each of them; absent, there are no tokens.
    pub tokens_file: Option<PathBuf>,
    /// Where people find them: scheme and host, with the port if it is not the usual one.
    pub public_url: Option<Url>,
}

/// `ebs.worker`: the workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Jobs run side by side in one worker. Default: 4.
    pub concurrency: usize,
    /// Where a worker shows its metrics; nowhere if absent.
    pub metrics_listen: Option<SocketAddr>,
}

/// `ebs.limits`: counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tasks of ours open in Koji at once. Default: 500.
    pub max_open_builds: usize,
    /// Components that reconcile may trigger in one run, at most 500; 0: none. Default: 25.
    pub reconcile_limit: usize,
    /// How often a job may begin before it is set aside as dead. Default: 5.
    pub job_attempts: u32,
}

impl KojiClient {
    /// `hub` is asked if the block names none.
    pub(super) fn read(block: &mut Block<'_, '_>, hub: Option<Url>) -> Option<Self> {
        let hub_url: Option<Url> = or_known(block, "hub_url", hub);
        let web_url: Option<Url> = block.get("web_url");
        let web_url = web_url.or_else(|| hub_url.as_ref().and_then(|hub| hub.join("koji/").ok()));
        let (top_url, user) = (block.get("top_url"), block.get("user"));
        let (password, draft_builds) = (block.get("password_file"), block.or("draft_builds", true));
        let call_timeout = positive(block, "call_timeout").unwrap_or(Duration::from_secs(45));
        let sessions = at_least_one(block, "sessions", 4);
        let certificate = ClientCertificate::read(block, hub_url.as_ref());
        let authority_file = block.authority();
        Some(Self {
            hub_url: hub_url?,
            web_url: web_url?,
            top_url,
            user,
            password,
            certificate,
            authority_file,
            sessions,
            call_timeout,
            draft_builds,
        })
    }
}

impl ClientCertificate {
    fn read(block: &mut Block<'_, '_>, hub: Option<&Url>) -> Option<Self> {
        let (certificate, key) =
            (block.get::<PathBuf>("certificate_file"), block.get::<PathBuf>("key_file"));
        let Some(certificate) = certificate else {
            if key.is_some() {
                let text = "a key alone logs nobody in: name its certificate in `certificate_file`";
                block.fault_at("key_file", text);
            }
            return None;
        };
        if block.raw("password_file").is_some() {
            let text = "there are two ways to log in: remove this one, or `password_file`";
            block.fault_at("certificate_file", text);
        }
        if hub.is_some_and(|hub| hub.scheme() != "https") {
            let text = "without TLS no certificate is shown: `hub_url` must begin with `https://`";
            block.fault_at("certificate_file", text);
        }
        if let Err(fault) = certificates::ends(&certificate) {
            block.file_fault_at("certificate_file", fault.to_string());
        }
        if let Some(fault) = key.as_deref().and_then(|path| std::fs::File::open(path).err()) {
            block.file_fault_at("key_file", format!("the key cannot be read: {fault}"));
        }
        Some(Self { key: key.unwrap_or_else(|| certificate.clone()), certificate })
    }
}

impl BodhiClient {
    /// `bodhi` and `idp` are asked if the block names none.
    pub(super) fn read(
        block: &mut Block<'_, '_>,
        bodhi: Option<Url>,
        idp: Option<Url>,
    ) -> Option<Self> {
        let (url, idp_url) = (or_known(block, "url", bodhi), block.get("idp_url").or(idp));
        let token_file: Option<PathBuf> = block.get("token_file");
        if let Some(fault) = token_file.as_deref().and_then(|path| SecretText::read(path).err()) {
            block.file_fault_at("token_file", format!("{fault}: {}", fault.kind));
        }
        let post_timeout = positive(block, "post_timeout").unwrap_or(Duration::from_secs(200));
        let call_timeout = positive(block, "call_timeout").unwrap_or(Duration::from_secs(30));
        let authority_file = block.authority();
        Some(Self { url: url?, idp_url, token_file, authority_file, post_timeout, call_timeout })
    }
}

impl Bus {
    pub(super) fn read(block: Option<&mut Block<'_, '_>>, staging: bool) -> Self {
        let prefix = if staging { "org.fedoraproject.stg" } else { "org.fedoraproject.prod" };
        let Some(block) = block else {
            return Self {
                enabled: false,
                fedora_messaging_config: None,
                datagrepper_url: None,
                topic_prefix: prefix.to_owned(),
            };
        };
        let bus = Self {
            enabled: block.or("enabled", true),
            fedora_messaging_config: block.get("fedora_messaging_config"),
            datagrepper_url: block.get("datagrepper_url"),
            topic_prefix: block.or("topic_prefix", prefix.to_owned()),
        };
        match &bus.fedora_messaging_config {
            None if bus.enabled => {
                let text = "this key is required while the bus is enabled: name the TOML file, or set `enabled: false`";
                block.fault_at("fedora_messaging_config", text);
            }
            Some(path) if bus.enabled && !path.is_file() => {
                block.file_fault_at(
                    "fedora_messaging_config",
                    format!("there is no file {}", path.display()),
                );
            }
            None | Some(_) => {}
        }
        bus
    }
}

impl Redis {
    pub(super) fn read(block: &mut Block<'_, '_>) -> Option<Self> {
        let (url, password) = (block.need::<String>("url"), block.get("password_file"));
        let authority_file = block.authority();
        let prefix = block.or("prefix", "ebs".to_owned());
        let url = match Url::parse(&url?) {
            Ok(url) if matches!(url.scheme(), "redis" | "rediss") => url,
            Ok(_) | Err(_) => {
                block.fault_at("url", "an address such as `redis://127.0.0.1:6379/0` is expected");
                return None;
            }
        };
        if url.password().is_some() {
            block.fault_at(
                "url",
                "a password must not stand in this file: put it into `password_file`",
            );
        }
        if authority_file.is_some() && url.scheme() != "rediss" {
            block.fault_at("authority_file", "without TLS nothing is checked: write `rediss://`");
        }
        Some(Self { url, password, authority_file, prefix })
    }
}

impl Database {
    pub(super) fn read(block: &mut Block<'_, '_>) -> Option<Self> {
        let (url, password) = (block.need::<String>("url"), block.get("password_file"));
        let authority_file = block.authority();
        let url = url?;
        if authority_file.is_some() && url.starts_with("sqlite:") {
            block.fault_at("authority_file", "a file is reached without any authority");
        }
        if !["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme))
        {
            block.fault_at("url", "`sqlite:PATH` or `postgres://USER@HOST:PORT/NAME` is expected");
        }
        if Url::parse(&url).is_ok_and(|url| url.password().is_some()) {
            block.fault_at(
                "url",
                "a password must not stand in this file: put it into `password_file`",
            );
        }
        Some(Self { url, password, authority_file })
    }

    /// What upstream's block says.
    pub(super) fn from_db(db: &Db) -> Self {
        let Db { host, port, name, user, .. } = db;
        let url = format!("postgres://{user}@{host}:{port}/{name}");
        Self { url, password: None, authority_file: None }
    }
}

impl Http {
    pub(super) fn read(block: Option<&mut Block<'_, '_>>) -> Self {
        let default = SocketAddr::from(([127, 0, 0, 1], 8080));
        let Some(block) = block else {
            return Self { listen: default, tokens_file: None, public_url: None };
        };
        let http = Self {
            listen: block.or("listen", default),
            tokens_file: block.get("tokens_file"),
            public_url: login::public_url(block),
        };
        if let Some(path) = &http.tokens_file
            && let Err(fault) = token::read(path)
        {
            block.file_fault_at("tokens_file", fault.to_string());
        }
        http
    }
}

impl Worker {
    pub(super) fn read(block: Option<&mut Block<'_, '_>>) -> Self {
        match block {
            None => Self { concurrency: 4, metrics_listen: None },
            Some(block) => Self {
                concurrency: at_least_one(block, "concurrency", 4),
                metrics_listen: block.get("metrics_listen"),
            },
        }
    }
}

impl Limits {
    pub(super) fn read(block: Option<&mut Block<'_, '_>>) -> Self {
        let Some(block) = block else {
            return Self { max_open_builds: 500, reconcile_limit: 25, job_attempts: 5 };
        };
        let attempts: u32 = block.or("job_attempts", 5);
        if attempts == 0 {
            block.fault_at("job_attempts", "a number above 0 is expected");
        }
        let reconcile_limit = block.or("reconcile_limit", 25);
        if reconcile_limit > MOST_RECONCILED {
            let text = format!(
                "a number up to {MOST_RECONCILED} is expected: a bad list must not start more builds"
            );
            block.fault_at("reconcile_limit", text);
        }
        Self {
            max_open_builds: at_least_one(block, "max_open_builds", 500),
            reconcile_limit,
            job_attempts: attempts,
        }
    }
}

/// An address that must be there, unless it is known without the file.
fn or_known(block: &mut Block<'_, '_>, key: &'static str, known: Option<Url>) -> Option<Url> {
    let written = block.raw(key).is_some();
    if written || known.is_none() { block.need(key) } else { known }
}

fn at_least_one(block: &mut Block<'_, '_>, key: &'static str, default: usize) -> usize {
    let number = block.or(key, default);
    if number == 0 {
        block.fault_at(key, "a number above 0 is expected");
    }
    number
}

impl FromNode for SocketAddr {
    fn read(node: &Node, place: &Place<'_>) -> Option<Self> {
        let text = String::read(node, place)?;
        let address = text.parse().ok();
        if address.is_none() {
            place.fault(
                node,
                format!("an address such as `127.0.0.1:8080` is expected, found `{text}`"),
            );
        }
        address
    }
}

impl FromNode for SecretText {
    fn read(node: &Node, place: &Place<'_>) -> Option<Self> {
        let path = PathBuf::read(node, place)?;
        Self::read(&path)
            .map_err(|fault| {
                let text = format!("{fault}: {}", fault.kind);
                place.notes.named_file(&place.path, Some(node.line), text);
            })
            .ok()
    }
}
