//! The distributed form with secrets everywhere: what is started, played and gathered.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use ebs_integration::{
    ports::free_port,
    postgres::{self, Postgres},
    rabbit::Rabbit,
    redis::RedisServer,
};
use ebs_stage::{
    child::{Child, wait_for},
    config::{self, Places, Port, TOKEN},
    fedora::{self, Fedora},
    once::Performance,
    scenario::{Cast, Scenario},
    status::Pages,
    troupe::program,
};
use reqwest::{
    Response,
    header::{COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _, postgres::PgConnectOptions};
use tempfile::TempDir;
use tokio::process::Command;
use url::Url;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

/// Everything of ours, and of others what is worth knowing.
const FILTER: &str =
    "info,ebs_coordinator=trace,ebs_worker=trace,ebs_shared=trace,ebs_domain=trace";

const KOJI_PASSWORD: &str = "kojipw+of/Zq7xW2";
const BODHI_TOKEN: &str = "bodhi-token-Zq7xW2-of-a-run";
const REDIS_PASSWORD: &str = "redispw-Zq7xW2-of-a-run";

/// Our name at the identity provider, and our secret there.
const PROVIDER: (&str, &str) = ("ebs", "oidc-secret/Zq7xW2+of-a-run");

/// What the audit and the lines say of who asks.
const REASON: &str = "looking for secrets";

/// Names and values of all secrets but the API token, and what a login has.
pub(crate) fn secrets() -> Result<Vec<(&'static str, String)>> {
    let all = [
        ("Koji password", KOJI_PASSWORD),
        ("Bodhi token", BODHI_TOKEN),
        ("Redis password", REDIS_PASSWORD),
        ("PostgreSQL password", postgres::PASSWORD),
        ("secret at the identity provider", PROVIDER.1),
    ];
    let all = all.map(|(name, secret)| (name, secret.to_owned()));
    ensure!(all.iter().all(|(_, secret)| secret.len() > 12), "nobody says such a word by chance");
    Ok(all.into())
}

/// What our programs have logged, by name, and the API token that was used.
pub(crate) struct Logs {
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) token: String,
    /// What was sent to the collector, as protobuf.
    pub(crate) spans: Vec<Vec<u8>>,
}

/// Everything that runs.
pub(crate) struct Scene {
    folder: TempDir,
    fedora: Fedora,
    redis: RedisServer,
    postgres: Postgres,
    _rabbit: Rabbit,
    /// Coordinator, standby, workers.
    children: Vec<Child>,
    pages: Pages,
    ports: [u16; 2],
    play: Performance,
    collector: MockServer,
}

/// The script of the simulator, with our secrets.
fn script(scenario: &Scenario, cast: &Cast) -> Value {
    let mut script = fedora::script(scenario, cast, 1);
    let account = |name: &str, password: &str, admin: bool| json!({"name": name, "password": password, "admin": admin});
    script["accounts"] = json!([
        account("kojiadmin", "kojiadminpw", true),
        account("ebs", KOJI_PASSWORD, false),
        account("other", "otherpw", false),
        account("kojira", "kojirapw", false),
        account("bodhi", "bodhipw", true),
    ]);
    script["bodhi"]["tokens"] = json!({ BODHI_TOKEN: "ebs" });
    script["people"] = json!({
        "services": { PROVIDER.0: PROVIDER.1 },
        "person": { "sub": "a1", "nickname": "alice", "groups": ["admins"] },
    });
    script["bodhi"]["lists"][config::LIST] = config::listed(scenario, cast).into();
    script
}

/// The static file of an instance, with passwords in files of their own.
fn write_static(folder: &Path, instance: &str, port: u16, places: &Places) -> Result<PathBuf> {
    // Workers are named so, and tell their metrics there.
    let works = instance.starts_with("worker");
    let listens = if works { Port::Metrics(free_port()?) } else { Port::Pages(port) };
    let path = config::write_static(folder, instance, listens, places)?;
    config::write(folder, "koji-password", KOJI_PASSWORD)?;
    config::write(folder, "bodhi-token", BODHI_TOKEN)?;
    let password = config::write(folder, "redis-password", REDIS_PASSWORD)?;
    let text = std::fs::read_to_string(&path)?;
    let with = format!("  redis:\n    password_file: {}\n", password.display());
    let guarded = text.replacen("  redis:\n", &with, 1);
    ensure!(guarded != text, "there is a block for Redis");
    let whole = if works { guarded } else { with_login(&guarded, folder, port, &places.fedora)? };
    std::fs::write(&path, whole)?;
    Ok(path)
}

/// The static file of a coordinator where people log in at the simulated provider.
fn with_login(text: &str, folder: &Path, port: u16, fedora: &str) -> Result<String> {
    let secret = config::write(folder, "oidc-secret", PROVIDER.1)?;
    let at = |path: &str| format!("{}/openidc/{path}", fedora.trim_end_matches('/'));
    let provider = format!(
        "  open_id_connect: {{auth_url: '{}', token_endpoint: '{}', userinfo_endpoint: '{}', client_id: {}, admin_groups: [admins]}}\n",
        at("Authorization"),
        at("Token"),
        at("UserInfo"),
        PROVIDER.0,
    );
    let ours = format!(
        "  login: {{client_secret_file: '{}'}}\n  http:\n    public_url: http://{}:{port}\n",
        secret.display(),
        Ipv4Addr::LOCALHOST,
    );
    let whole = text.replacen("  open_id_connect: false\n", &provider, 1);
    let whole = whole.replacen("  http:\n", &ours, 1);
    ensure!(whole.contains(&provider) && whole.contains(&ours), "there are blocks for both");
    Ok(whole)
}

impl Scene {
    pub(crate) async fn start() -> Result<Self> {
        // An error means that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (folder, scenario) = (TempDir::new()?, Scenario::named("mixed")?.with_seed(1));
        let cast = Cast::new(&scenario, 60)?;
        let dynamic = config::write_dynamic(folder.path(), &cast)?;
        let rabbit = tokio::task::spawn_blocking(Rabbit::start).await??;
        let postgres = tokio::task::spawn_blocking(Postgres::start).await??;
        let redis = RedisServer::start_locked(REDIS_PASSWORD).await?;
        let (sim, script) = (program("fedora-sim")?, script(&scenario, &cast));
        let fedora = Fedora::start(&sim, folder.path(), &script, Some(&rabbit.url())).await?;
        config::point_at_lists(&dynamic, &fedora.url)?;
        let password = config::write(folder.path(), "database-password", postgres::PASSWORD)?;
        let places = Places {
            database_password: Some(password),
            redis: Some(redis.open_url()),
            broker: Some(rabbit.url()),
            drafts: scenario.draft_builds(1),
            batch_size: cast.batch_size,
            ..Places::plain(&fedora.url, postgres.url())
        };
        let ports = [free_port()?, free_port()?];
        let (port, limit) = (ports[0], Duration::ZERO);
        let play = Performance { scenario, cast, seed: 1, port, mode: "stack", limit };
        let (pages, children) = (Pages::new()?, Vec::new());
        let collector = MockServer::start().await;
        let taken = Mock::given(method("POST")).and(path("/v1/traces"));
        taken.respond_with(ResponseTemplate::new(200)).mount(&collector).await;
        let mut scene = Self {
            folder,
            fedora,
            redis,
            postgres,
            _rabbit: rabbit,
            children,
            pages,
            ports,
            play,
            collector,
        };
        scene.coordinator("coordinator", ports[0], &dynamic, &places)?;
        wait_for("the coordinator is ready", Duration::from_secs(40), || async {
            Ok(scene.pages.leads(ports[0]).await.then_some(()))
        })
        .await?;
        scene.coordinator("standby", ports[1], &dynamic, &places)?;
        for name in ["worker-1", "worker-2"] {
            let file = write_static(scene.folder.path(), name, 0, &places)?;
            let mut command = Command::new(program("ebs-worker")?);
            command.arg("--config").arg(file).args(["--name", name]);
            scene.begin(name, command)?;
        }
        Ok(scene)
    }

    fn coordinator(
        &mut self,
        name: &str,
        port: u16,
        dynamic: &Path,
        places: &Places,
    ) -> Result<()> {
        let file = write_static(self.folder.path(), name, port, places)?;
        let mut command = Command::new(program("ebs-coordinator")?);
        command.arg("--static-config-file").arg(file).arg("--dynamic-config-file").arg(dynamic);
        self.begin(name, command)
    }

    fn begin(&mut self, name: &str, mut command: Command) -> Result<()> {
        command.args(["--log", FILTER, "--log-json"]);
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", self.collector.uri());
        command.env("OTEL_BSP_SCHEDULE_DELAY", "500");
        self.children.push(Child::start(name, command, self.folder.path())?);
        Ok(())
    }

    /// Has a batch made and something asked with the token, rightly and wrongly; then somebody logs in and asks. Says what that
    /// login had that nobody may know.
    pub(crate) async fn play(&self, limit: Duration) -> Result<Vec<(&'static str, String)>> {
        self.play.first_round(&self.fedora).await?;
        wait_for("the batch has ended", limit, || async {
            let Some(status) = self.pages.status(self.ports[0]).await? else { return Ok(None) };
            let idle = status.current.is_none() && status.effects_open == 0;
            Ok((idle && !status.recent.is_empty()).then_some(()))
        })
        .await?;
        let token = self.token()?;
        for (way, wanted) in [("refresh", 200), ("nothing-of-this-name", 404)] {
            let url = format!("http://{}:{}/api/v1/{way}", Ipv4Addr::LOCALHOST, self.ports[0]);
            let request = reqwest::Client::new().post(url).bearer_auth(&token);
            let answer = request.json(&json!({ "reason": REASON })).send().await?;
            ensure!(answer.status().as_u16() == wanted, "{way}: {}", answer.status());
        }
        self.change_levels(&token).await?;
        self.log_in().await
    }

    /// Somebody logs in as a browser does it, and pauses with their session; what that had, by name.
    async fn log_in(&self) -> Result<Vec<(&'static str, String)>> {
        let browser = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build()?;
        let ours = format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.ports[0]);
        let sent = browser.get(format!("{ours}/login")).send().await?;
        let (cookie, there) = (cookie(&sent, "ebs_login")?, location(&sent)?);
        let back = location(&browser.get(there).send().await?)?;
        let came = browser.get(back.clone()).header(COOKIE, format!("ebs_login={cookie}"));
        let session = self::cookie(&came.send().await?, "ebs_session")?;
        for action in ["pause", "unpause"] {
            let asked = browser.post(format!("{ours}/control/{action}")).bearer_auth(&session);
            asked.send().await?.error_for_status()?;
        }
        let query: BTreeMap<String, String> = back.query_pairs().into_owned().collect();
        let part = |name: &str| query.get(name).cloned().context("the provider sends it back");
        Ok(vec![
            ("login's cookie", cookie),
            ("login's state", part("state")?),
            ("login's code", part("code")?),
            ("session", session),
        ])
    }

    /// Has the standby log something else by a request, and a worker by a signal; neither ends of it.
    async fn change_levels(&self, token: &str) -> Result<()> {
        let url = format!("http://{}:{}/api/v1/log", Ipv4Addr::LOCALHOST, self.ports[1]);
        let body = json!({ "filter": "debug", "reason": REASON });
        let asked = reqwest::Client::new().post(url).bearer_auth(token).json(&body).send().await?;
        let told: Value = asked.error_for_status()?.json().await?;
        ensure!(told["instance"] == "standby" && told["usual"] == FILTER, "{told}");
        let worker = self.children.last().context("there is a worker")?;
        let pid = worker.pid().context("it runs")?.to_string();
        let kill = Command::new("kill").args(["-USR1", &pid]).status().await?;
        ensure!(kill.success(), "{} is told", worker.name());
        for child in self.children.iter().skip(1).filter(|child| child.name() != "worker-1") {
            wait_for("it logs less", Duration::from_secs(20), || async {
                let changed = child.printed().contains("the log level is changed");
                Ok(changed.then_some(()))
            })
            .await?;
        }
        Ok(())
    }

    fn token(&self) -> Result<String> {
        let text = std::fs::read_to_string(self.folder.path().join(TOKEN))?;
        Ok(text.trim().to_owned())
    }

    /// All that was written but the logs, and what everybody on the machine can see of the programs.
    pub(crate) async fn written(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let mut written = vec![
            ("Redis".to_owned(), self.redis.written()?),
            ("PostgreSQL".to_owned(), dump(&self.postgres).await?),
        ];
        for (place, least) in [(0, 10_000), (1, 10_000)] {
            let (name, bytes) = &written[place];
            ensure!(bytes.len() > least, "{name} has {} bytes", bytes.len());
        }
        for port in self.ports {
            for page in PAGES {
                let url = format!("http://{}:{port}/{page}", Ipv4Addr::LOCALHOST);
                let request = reqwest::Client::new().get(&url).bearer_auth(self.token()?);
                let answer = request.send().await?.error_for_status()?;
                written.push((format!("/{page}"), answer.bytes().await?.into()));
            }
        }
        for child in &self.children {
            let pid = child.pid().context("it runs")?;
            for part in ["cmdline", "environ"] {
                let bytes = std::fs::read(format!("/proc/{pid}/{part}"))?;
                ensure!(!bytes.is_empty(), "{part} of {}", child.name());
                written.push((format!("{part} of {}", child.name()), bytes));
            }
        }
        Ok(written)
    }

    /// Ends everything; the logs.
    pub(crate) async fn stop(self) -> Result<Logs> {
        let token = self.token()?;
        let logs: Vec<(String, PathBuf)> = self
            .children
            .iter()
            .map(|child| (child.name().to_owned(), child.log().to_owned()))
            .collect();
        for child in self.children.into_iter().rev() {
            child.stop().await;
        }
        self.fedora.child.stop().await;
        let sent = self.collector.received_requests().await.context("requests are kept")?;
        let spans = sent.into_iter().map(|request| request.body).collect();
        let read = |(name, path): (String, PathBuf)| Ok((name, std::fs::read(path)?));
        let files = logs.into_iter().map(read).collect::<Result<_>>()?;
        Ok(Logs { files, token, spans })
    }
}

/// Where an answer sends a browser.
fn location(answer: &Response) -> Result<Url> {
    let said = answer.headers().get(LOCATION).context("it sends elsewhere")?;
    Ok(said.to_str()?.parse()?)
}

/// What a browser is to keep under this name.
fn cookie(answer: &Response, name: &str) -> Result<String> {
    let said = answer.headers().get_all(SET_COOKIE).iter().filter_map(|each| each.to_str().ok());
    let kept = said.filter_map(|each| each.split(';').next()?.split_once('='));
    let value = kept.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next();
    value.with_context(|| format!("{name} is set"))
}

/// All tables with their rows. By queries: not each server comes with a program for it.
async fn dump(postgres: &Postgres) -> Result<Vec<u8>> {
    const TABLES: &str = "SELECT table_name::text FROM information_schema.tables \
                          WHERE table_schema = 'public' ORDER BY 1";
    let options: PgConnectOptions = postgres.url().parse()?;
    let mut connection = options.password(postgres::PASSWORD).connect().await?;
    let tables: Vec<(String,)> = sqlx::query_as(TABLES).fetch_all(&mut connection).await?;
    ensure!(tables.len() > 10, "there are tables: {tables:?}");
    let mut written = Vec::new();
    for (table,) in tables {
        let rows = format!("SELECT row_to_json(t)::text FROM \"{table}\" t");
        let rows: Vec<(String,)> =
            sqlx::query_as(AssertSqlSafe(rows)).fetch_all(&mut connection).await?;
        for (row,) in rows {
            written.extend(format!("{table}: {row}\n").bytes());
        }
    }
    Ok(written)
}

/// What anybody can read of a coordinator, or with a token.
const PAGES: [&str; 12] = [
    "",
    "status.json",
    "metrics",
    "alive",
    "startup",
    "api/audit",
    "api/dead",
    "api/orphans",
    "api/v1/denied",
    "api/v1/lists",
    "api/v1/next",
    "api/v1/reconcile",
];
