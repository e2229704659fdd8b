//! The configuration files of coordinator and workers, as the stage writes them. Times are short, so that a batch takes seconds.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context;
use ebs_shared::{
    clock::System,
    token::{Scope, Token},
};

use crate::{
    locks::Locks,
    scenario::{Cast, NEW_IN_SECOND_ROUND, Scenario},
};

/// Times of a run, in ms, by the configuration's key. They are printed with the figures.
pub const TIMERS: &[(&str, u64)] = &[
    ("lull", 3_000),
    ("max_lull", 20_000),
    ("lease", 12_000),
    ("job_lease", 20_000),
    ("doubt_wait", 10_000),
    ("build_timeout", 8_000),
    ("side_tag_timeout", 30_000),
    ("stable_timeout", 60_000),
    ("poll_min", 200),
    ("poll_max", 1_000),
    ("archive_interval", 1_000),
    ("truth_interval", 600_000),
    ("grace", 5_000),
];

/// Limits of calls, in ms: shorter than the leases and than `doubt_wait`.
const CALL_TIMEOUT: u64 = 5_000;

/// How long things may take.
#[derive(Clone, Debug)]
pub struct Tempo {
    /// Times that differ from [`TIMERS`], in ms.
    pub timers: BTreeMap<&'static str, u64>,
    /// Limits of calls, in ms.
    pub call_timeout: u64,
}

impl Default for Tempo {
    fn default() -> Self {
        Self { timers: BTreeMap::new(), call_timeout: CALL_TIMEOUT }
    }
}

/// The file in the run folder with a token for changes.
pub const TOKEN: &str = "token";

/// Its last day: it has one, so that there is a credential whose end can be shown.
const TOKEN_ENDS: &str = "2100-12-31";

/// The queue that keeps the messages.
pub const QUEUE: &str = "ebs";

/// What topics begin with.
pub const PREFIX: &str = "org.fedoraproject.prod";

/// Packages that a pattern excludes begin with this.
pub const EXCLUDED: &str = "excluded-";

/// The view of Content Resolver whose list names the packages.
const VIEW: &str = "eln";

/// The kind of that list.
const SOURCE: &str = "all-source";

/// Content Resolver's name of that list.
pub const LIST: &str = "view-all-source-package-name-list--view-eln.txt";

/// A package that is listed and never tagged.
pub const NEVER_TAGGED: &str = "never-tagged";

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Places {
    /// The simulated Fedora.
    pub fedora: String,
    /// `sqlite:PATH` or `postgres://…`.
    pub database: String,
    /// File with the database's password, if it has one.
    pub database_password: Option<PathBuf>,
    /// The queue's Redis; none in standalone.
    pub redis: Option<String>,
    /// The broker's URL; none: the bus is not listened to.
    pub broker: Option<String>,
    /// Keys and authorities, if everything is locked.
    pub locks: Option<Locks>,
    /// How many messages the broker sends ahead, if not the usual.
    pub prefetch: Option<u16>,
    /// Whether builds are scratch builds.
    pub scratch: bool,
    /// Whether builds are drafts.
    pub drafts: bool,
    /// Most builds in an update; 0: no limit.
    pub batch_size: usize,
    /// Most builds under way at once, if not the usual.
    pub max_open_builds: Option<u32>,
    /// Jobs side by side in one worker.
    pub concurrency: usize,
    /// How long things may take.
    pub tempo: Tempo,
}

impl Places {
    /// Standalone, without a bus or anything unusual.
    #[must_use]
    pub fn plain(fedora: impl Into<String>, database: impl Into<String>) -> Self {
        Self {
            fedora: fedora.into(),
            database: database.into(),
            database_password: None,
            redis: None,
            broker: None,
            locks: None,
            prefetch: None,
            scratch: false,
            drafts: true,
            batch_size: 0,
            max_open_builds: None,
            concurrency: 4,
            tempo: Tempo::default(),
        }
    }
}

/// The port that a program listens on.
#[derive(Clone, Copy, Debug)]
pub enum Port {
    /// A coordinator's, for its pages and metrics.
    Pages(u16),
    /// A worker's, for its metrics.
    Metrics(u16),
}

/// Writes the static file for one instance that listens on this port; its path.
///
/// # Errors
///
/// A file cannot be written.
pub fn write_static(
    folder: &Path,
    instance: &str,
    port: Port,
    places: &Places,
) -> anyhow::Result<PathBuf> {
    let secret = write(folder, "koji-password", "ebspw\n")?;
    let token = write(folder, "bodhi-token", "sim-token-ebs\n")?;
    let Places { fedora, scratch, drafts, batch_size, concurrency, database, .. } = places;
    let call_timeout = places.tempo.call_timeout;
    let mut text = format!(
        "configuration:\n  koji:\n    profile: sim\n    build_target: eln\n    stable_tag: eln\n    username: ebs\n    \
         scratch_build: {scratch}\n    fail_fast: true\n    wait_repo: true\n  bodhi:\n    staging: false\n"
    );
    if *batch_size > 0 {
        writeln!(text, "    batch_size: {batch_size}")?;
    }
    let (koji, bodhi, others) = match &places.locks {
        None => (
            format!("password_file: {}", secret.display()),
            format!("token_file: {}", token.display()),
            String::new(),
        ),
        Some(locks) => locked(fedora, locks),
    };
    write!(
        text,
        "  open_id_connect: false\n  email: false\nebs:\n  instance: {instance}\n{others}  koji:\n    hub_url: {fedora}/kojihub\n    \
         user: ebs\n    {koji}\n    call_timeout: {call_timeout}ms\n    draft_builds: {drafts}\n  bodhi:\n    \
         url: {fedora}/\n    {bodhi}\n    post_timeout: {call_timeout}ms\n    call_timeout: {call_timeout}ms\n  \
         database:\n    url: '{database}'\n",
    )?;
    servers(&mut text, folder, instance, places)?;
    if let Some(builds) = places.max_open_builds {
        writeln!(text, "  limits:\n    max_open_builds: {builds}")?;
    }
    let tokens = tokens(folder)?;
    let (pages, metrics) = match port {
        Port::Pages(port) => (port, String::new()),
        Port::Metrics(port) => (0, format!("    metrics_listen: 127.0.0.1:{port}\n")),
    };
    write!(
        text,
        "  http:\n    listen: 127.0.0.1:{pages}\n    tokens_file: {}\n  worker:\n    concurrency: {concurrency}\n{metrics}  \
         timers:\n",
        tokens.display()
    )?;
    for (key, millis) in TIMERS {
        let millis = places.tempo.timers.get(key).unwrap_or(millis);
        writeln!(text, "    {key}: {millis}ms")?;
    }
    write(folder, &format!("{instance}.yaml"), &text)
}

/// The rest of the database's block, and those of Redis and the bus.
fn servers(
    text: &mut String,
    folder: &Path,
    instance: &str,
    places: &Places,
) -> anyhow::Result<()> {
    let fedora = &places.fedora;
    if let Some(password) = &places.database_password {
        writeln!(text, "    password_file: {}", password.display())?;
    }
    if let Some(locks) = &places.locks {
        writeln!(text, "    authority_file: {}", locks.database.display())?;
    }
    if let Some(redis) = &places.redis {
        writeln!(text, "  redis:\n    url: {redis}")?;
        if let Some(Locks { redis: [password, authority], .. }) = &places.locks {
            let (password, authority) = (password.display(), authority.display());
            writeln!(text, "    password_file: {password}\n    authority_file: {authority}")?;
        }
    }
    writeln!(text, "  bus:\n    datagrepper_url: {fedora}/datagrepper/")?;
    match &places.broker {
        Some(broker) => {
            let bus =
                bus(broker, places.prefetch) + &places.locks.as_ref().map_or_else(String::new, tls);
            let bus = write(folder, &format!("{instance}-bus.toml"), &bus)?;
            writeln!(text, "    fedora_messaging_config: {}", bus.display())?;
        }
        None => writeln!(text, "    enabled: false")?,
    }
    Ok(())
}

/// How Koji and Bodhi are logged in to by Kerberos, and the block that says who we are.
fn locked(fedora: &str, locks: &Locks) -> (String, String, String) {
    let authority = format!("authority_file: {}", locks.fedora.display());
    let kerberos = format!(
        "  kerberos:\n    keytab_file: {}\n    principal: '{}'\n",
        locks.keytab.display(),
        locks.principal
    );
    let bodhi = format!("{authority}\n    idp_url: {fedora}/openidc");
    (authority, bodhi, kerberos)
}

/// What the file of Fedora Messaging says of certificates.
fn tls(locks: &Locks) -> String {
    let [authority, certificate, key] = &locks.broker;
    format!(
        "\n[tls]\nca_cert = \"{}\"\ncertfile = \"{}\"\nkeyfile = \"{}\"\n",
        authority.display(),
        certificate.display(),
        key.display()
    )
}

/// The file of those who may change something; whose token stands in [`TOKEN`] beside it. Written once: instances share it.
fn tokens(folder: &Path) -> anyhow::Result<PathBuf> {
    let path = folder.join("tokens");
    if !path.exists() {
        let last_day = TOKEN_ENDS.parse().context("a day")?;
        let (secret, token) = Token::make("stage", Scope::Operate, Some(last_day), &System)?;
        write(folder, TOKEN, &format!("{secret}\n"))?;
        write(folder, "tokens", &format!("{token}\n"))?;
    }
    Ok(path)
}

/// The usual file of Fedora Messaging. Both instances name one queue, [`QUEUE`]: it keeps messages while nobody leads.
#[must_use]
pub fn bus(broker: &str, prefetch: Option<u16>) -> String {
    let ahead = prefetch.map_or_else(String::new, |count| {
        format!("\n[qos]\nprefetch_size = 0\nprefetch_count = {count}\n")
    });
    format!(
        "amqp_url = \"{broker}\"\npassive_declares = false\ntopic_prefix = \"{PREFIX}\"\n\
         publish_exchange = \"amq.topic\"\n\n[client_properties]\napp = \"ebs-stage\"\n\n[exchanges.\"amq.topic\"]\n\
         type = \"topic\"\ndurable = true\nauto_delete = false\narguments = {{}}\n\n[queues.{QUEUE}]\ndurable = true\n\
         auto_delete = false\nexclusive = false\narguments = {{}}\n\n[[bindings]]\nqueue = \"{QUEUE}\"\n\
         exchange = \"amq.topic\"\nrouting_keys = [\"*.*.*.buildsys.tag\"]\n{ahead}"
    )
}

/// Writes the dynamic file: roles become patterns, renamed packages name their upstream; its path. The other packages are on
/// Content Resolver's list, see [`listed`] and [`point_at_lists`].
///
/// # Errors
///
/// It cannot be written.
pub fn write_dynamic(folder: &Path, cast: &Cast) -> anyhow::Result<PathBuf> {
    let mut text =
        "configuration:\n  control:\n    pause: false\n    trigger_tag: f45\n".to_owned();
    writeln!(text, "    exclude: ['^{EXCLUDED}']")?;
    let kept_out: Vec<String> = cast
        .parts
        .iter()
        .filter(|part| part.role.skip_tag)
        .map(|part| pattern(&part.component))
        .collect();
    writeln!(text, "    skip_tag: [{}]", kept_out.join(", "))?;
    let orders: BTreeMap<String, i64> = cast
        .parts
        .iter()
        .filter_map(|part| Some((pattern(&part.component), part.role.order?)))
        .collect();
    if !orders.is_empty() {
        text.push_str("    ordering:\n");
        for (pattern, order) in orders {
            writeln!(text, "      {pattern}: {order}")?;
        }
    }
    let renamed: Vec<_> =
        cast.parts.iter().filter(|part| part.component != part.upstream).collect();
    text.push_str(if renamed.is_empty() {
        "components:\n  overrides: {}\n"
    } else {
        "components:\n  overrides:\n"
    });
    for part in renamed {
        writeln!(text, "    '{}': {{upstream_name: '{}'}}", part.component, part.upstream)?;
    }
    write(folder, "dynamic.yaml", &text)
}

/// Has the dynamic file name the lists of this Fedora: the last line, written when it is known where Fedora is.
///
/// # Errors
///
/// The file cannot be written.
pub fn point_at_lists(dynamic: &Path, fedora: &str) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(dynamic).with_context(|| format!("read {}", dynamic.display()))?;
    let lists = format!(
        "  autopackagelist: {{view: {VIEW}, source: {SOURCE}, content_resolver: '{fedora}/resolver'}}\n"
    );
    std::fs::write(dynamic, text + &lists).with_context(|| format!("write {}", dynamic.display()))
}

/// The packages that Content Resolver lists: all under their own names. Renamed ones stand in the dynamic file alone.
#[must_use]
pub fn listed(scenario: &Scenario, cast: &Cast) -> Vec<String> {
    let plain = cast.parts.iter().filter(|part| part.component == part.upstream);
    let mut listed: Vec<String> = plain.map(|part| part.component.clone()).collect();
    listed.extend([format!("{EXCLUDED}package"), NEVER_TAGGED.to_owned()]);
    if scenario.second_round {
        listed.push(NEW_IN_SECOND_ROUND.to_owned());
    }
    listed
}

/// A pattern that hits this name only, in YAML's quotes. Characters that mean something in a pattern are escaped.
fn pattern(name: &str) -> String {
    format!("'^{}$'", name.replace('.', "\\.").replace('+', "\\+"))
}

/// Writes a file of the run folder; its path.
///
/// # Errors
///
/// It cannot be written.
pub fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<PathBuf> {
    let (path, draft) = (folder.join(name), folder.join(format!("{name}.new")));
    // Programs read these files while others are started: never half a file.
    std::fs::write(&draft, text)
        .and_then(|()| std::fs::rename(&draft, &path))
        .with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests;
