//! An identity provider, a Redis, and instances whose pages people log in at, by a clock that a test moves.

use std::{
    collections::BTreeMap,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use ebs_coordinator::{
    board::{Board, BoardMetrics},
    driver::Probe,
    login::{LoginMetrics, People, Provider, ProviderSettings},
    manual::Asking,
    pages::StorePages,
    store::{AuditRow, Location, SqlStore, Store as _, StoreOptions},
    web::{Desk, Health, Logging, QUESTIONS, Served, Witness, serve},
};
use ebs_domain::time::Timestamp;
use ebs_integration::redis::RedisServer;
use ebs_shared::{
    bodhi::BodhiMetrics,
    clients::{self, Means},
    clock::{Clock, System},
    config::{StaticConfig, parse_static},
    exchange::{Exchange, HttpExchange},
    koji::{api::Hub, metrics::KojiMetrics},
    queue::{LocalShelf, RedisSettings, RedisShelf, Shelf},
    telemetry::{LogControl, Metrics},
};
use fedora_sim::{
    Running,
    idp::script::{PeopleFault, PeopleScript, Person},
    script::Script,
};
use reqwest::{
    StatusCode,
    header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};
use tokio_util::sync::CancellationToken;
use url::Url;

/// Our name at the provider, and our secret there: both with what must be escaped.
pub(crate) const SERVICE: (&str, &str) = ("ebs test", "no:secret+at/all");
/// Whose members may change things.
pub(crate) const ADMINS: &str = "eln-admins";
/// The longest answer of the provider that is waited for.
const LIMIT: Duration = Duration::from_millis(1_500);

/// A clock some time after the machine's.
#[derive(Default)]
pub(crate) struct Later(AtomicI64);

impl Later {
    pub(crate) fn moves(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for Later {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(System.now().millis() + self.0.load(Ordering::Relaxed))
    }
}

/// One test's neighbours.
pub(crate) struct Ground {
    pub(crate) fedora: Running,
    pub(crate) redis: RedisServer,
    pub(crate) clock: Arc<Later>,
    /// What the provider is to call itself, if that is configured.
    pub(crate) issuer: Option<String>,
    store: SqlStore,
    folder: TempDir,
    stop: CancellationToken,
}

/// One instance.
pub(crate) struct Instance {
    pub(crate) url: String,
}

/// Somebody who may change things.
pub(crate) fn alice() -> Person {
    let groups = ["packager", ADMINS].map(str::to_owned).to_vec();
    Person { sub: "a1".to_owned(), nickname: Some("alice".to_owned()), groups }
}

/// An RSA key as PKCS#1 in PEM.
pub(crate) fn rsa_key() -> Result<String> {
    let made = Command::new("openssl").args(["genrsa", "-traditional", "2048"]).output()?;
    ensure!(made.status.success(), "openssl made no key");
    Ok(String::from_utf8(made.stdout)?)
}

impl Ground {
    pub(crate) async fn new() -> Result<Self> {
        // An error means that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let services = BTreeMap::from([(SERVICE.0.to_owned(), SERVICE.1.to_owned())]);
        let people = PeopleScript { services, person: alice(), ..PeopleScript::default() };
        let script = Script { people, ..Script::default() };
        let folder = TempDir::with_prefix("ebs-login-")?;
        let location = Location::Sqlite(folder.path().join("ebs.sqlite"));
        Ok(Self {
            fedora: fedora_sim::start(script, "127.0.0.1:0".parse()?).await?,
            redis: RedisServer::start().await?,
            clock: Arc::default(),
            issuer: None,
            store: SqlStore::open(&StoreOptions::new(location)).await?,
            folder,
            stop: CancellationToken::new(),
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Changes what the provider does.
    pub(crate) fn people(&self, change: impl FnOnce(&mut PeopleScript)) {
        self.fedora.world.change(|state| change(&mut state.script.people));
    }

    pub(crate) fn fails(&self, fault: impl Into<Option<PeopleFault>>) {
        let fault = fault.into();
        self.people(|people| people.fault = fault);
    }

    /// The newest entry of the audit.
    pub(crate) async fn audited(&self) -> Result<Option<AuditRow>> {
        Ok(self.store.audit(1).await?.pop())
    }

    /// How many sessions are kept.
    pub(crate) async fn sessions(&self) -> Result<u64> {
        self.redis.command(&["ZCARD", "{ebs}:z:session"]).await
    }

    /// An instance, with the address that people come to: its own, or that of another.
    pub(crate) async fn instance(&self, public: Option<&Instance>) -> Result<Instance> {
        let settings = RedisSettings::at(&self.redis.url);
        self.instance_on(Arc::new(RedisShelf::new(&settings)?), public).await
    }

    /// One that shares its sessions with nobody.
    pub(crate) async fn alone(&self) -> Result<Instance> {
        self.instance_on(Arc::new(LocalShelf::default()), None).await
    }

    async fn instance_on(
        &self,
        shelf: Arc<dyn Shelf>,
        public: Option<&Instance>,
    ) -> Result<Instance> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let config = self.config(public.map_or(&url, |other| &other.url))?;
        let served = self.served(&config, shelf)?;
        tokio::spawn(serve(listener, served, self.stop.clone()));
        Ok(Instance { url })
    }

    /// People without an instance.
    pub(crate) fn people_alone(&self) -> Result<People> {
        let exchange: Arc<dyn Exchange> = Arc::new(HttpExchange::new()?);
        let counted = LoginMetrics::register(&Metrics::new()?)?;
        let config = self.config("http://127.0.0.1:1")?;
        self.people_of(&config, (exchange, counted), Arc::new(LocalShelf::default()))
    }

    fn config(&self, public: &str) -> Result<StaticConfig> {
        let (fedora, path) = (&self.fedora.url, self.folder.path().join("secret"));
        std::fs::write(&path, SERVICE.1)?;
        let issuer = self.issuer.as_ref().map(|name| format!(", issuer: '{name}'"));
        let text = format!(
            "configuration:
  koji: {{profile: sim, build_target: eln, stable_tag: eln, scratch_build: false, fail_fast: true}}
  bodhi: {{staging: false}}
  open_id_connect: {{auth_url: '{fedora}/openidc/Authorization', token_endpoint: '{fedora}/openidc/Token',
    userinfo_endpoint: '{fedora}/openidc/UserInfo', client_id: {}, admin_groups: [{ADMINS}, releng]}}
  email: false
ebs:
  koji: {{hub_url: '{fedora}/kojihub'}}
  bodhi: {{url: '{fedora}/'}}
  database: {{url: 'sqlite:none'}}
  http: {{public_url: '{public}'}}
  login: {{client_secret_file: '{}'{}}}
",
            SERVICE.0,
            path.display(),
            issuer.unwrap_or_default(),
        );
        Ok(parse_static("static.yaml", &text)?.config)
    }

    fn served(&self, config: &StaticConfig, shelf: Arc<dyn Shelf>) -> Result<Served> {
        let exchange: Arc<dyn Exchange> = Arc::new(HttpExchange::new()?);
        let metrics = Metrics::new()?;
        let means = Means { exchange: &exchange, kerberos: None };
        let hub = Arc::new(clients::hub(&means, config, KojiMetrics::register(&metrics)?));
        let updates = Arc::new(clients::bodhi(&means, config, BodhiMetrics::register(&metrics)?));
        let store = Arc::new(self.store.clone());
        let (health, clock) = (Health::default(), Arc::clone(&self.clock) as Arc<dyn Clock>);
        let board = Board::new(Arc::clone(&clock), BoardMetrics::register(&metrics)?);
        let told = (Probe::new(), health.clone(), board.clone());
        let shown = watch::channel(Vec::new()).1;
        let pages = StorePages::new(Arc::clone(&store) as Arc<_>, config, told, shown);
        let counted = LoginMetrics::register(&metrics)?;
        let people = Some(Arc::new(self.people_of(config, (exchange, counted), shelf)?));
        let witness = Witness {
            store: Arc::clone(&store) as Arc<_>,
            board: board.clone(),
            clock: Arc::clone(&clock),
            hub: Arc::clone(&hub) as Arc<dyn Hub>,
            questions: Arc::new(Semaphore::new(QUESTIONS)),
        };
        let tokens = Some(self.folder.path().join("tokens"));
        std::fs::write(self.folder.path().join("tokens"), "")?;
        Ok(Served {
            health,
            store: Arc::clone(&store) as Arc<_>,
            pages: Arc::new(pages),
            metrics,
            desk: Desk {
                store: Arc::clone(&store) as Arc<_>,
                clock: Arc::clone(&clock),
                tokens,
                people,
            },
            log: Logging { control: LogControl::idle("info"), instance: "one".to_owned() },
            witness,
            asking: Asking { hub, updates, store, board, clock: Arc::new(System) },
        })
    }

    fn people_of(
        &self,
        config: &StaticConfig,
        (exchange, metrics): (Arc<dyn Exchange>, LoginMetrics),
        shelf: Arc<dyn Shelf>,
    ) -> Result<People> {
        let oidc = config.open_id_connect.clone().context("no provider")?;
        let login = config.ebs.login.clone().context("no login")?;
        let (admin_groups, site) = (oidc.admin_groups.clone(), login.public_url.clone());
        let settings = ProviderSettings { oidc, login, exchange, limit: LIMIT };
        let (provider, clock) =
            (Provider::new(settings)?, Arc::clone(&self.clock) as Arc<dyn Clock>);
        Ok(People { provider, shelf, clock, chance: Arc::new(System), admin_groups, site, metrics })
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// An answer, with its body read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// Where it sends a browser.
    pub(crate) fn to(&self) -> &str {
        self.headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default()
    }
}

/// A browser that is shown every redirect, and keeps cookies as one does.
pub(crate) struct Browser {
    client: reqwest::Client,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new() -> Result<Self> {
        let builder = reqwest::Client::builder().redirect(Policy::none()).no_proxy();
        let client = builder.timeout(Duration::from_secs(20)).build()?;
        Ok(Self { client, cookies: BTreeMap::new() })
    }

    pub(crate) async fn get(&mut self, url: &str) -> Result<Answer> {
        let request = self.client.get(url).header(COOKIE, self.jar());
        self.answer(request).await
    }

    /// Gets with the cookies, through a proxy that has a password of its own.
    pub(crate) async fn get_through(&mut self, url: &str) -> Result<Answer> {
        let request = self.client.get(url).header(COOKIE, self.jar());
        self.answer(request.basic_auth("proxy", Some("password"))).await
    }

    /// Posts with the cookies, and with a token if there is one.
    pub(crate) async fn post(&mut self, url: &str, token: Option<&str>) -> Result<Answer> {
        let request = self.client.post(url).header(COOKIE, self.jar());
        let request = token.iter().fold(request, |request, token| request.bearer_auth(token));
        self.answer(request).await
    }

    fn jar(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    async fn answer(&mut self, request: reqwest::RequestBuilder) -> Result<Answer> {
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        for line in headers.get_all(SET_COOKIE) {
            let line = line.to_str()?;
            let pair = line.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("a cookie without a value")?;
            if line.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(Answer { status, headers, text: answer.text().await? })
    }

    /// From the login to the way back, which is not gone yet: the callback's address.
    pub(crate) async fn leaves(&mut self, at: &Instance, return_to: &str) -> Result<String> {
        let mut url = Url::parse(&format!("{}/login", at.url))?;
        url.query_pairs_mut().append_pair("return_to", return_to);
        let begun = self.get(url.as_str()).await?;
        ensure!(begun.status == StatusCode::TEMPORARY_REDIRECT, "{begun:?}");
        let there = self.client.get(begun.to()).send().await?;
        let back = there.headers().get(LOCATION).context("the provider sends nobody back")?;
        Ok(back.to_str()?.to_owned())
    }

    /// Logs in; the answer at the end.
    pub(crate) async fn logs_in(&mut self, at: &Instance, return_to: &str) -> Result<Answer> {
        let back = self.leaves(at, return_to).await?;
        self.get(&back).await
    }

    /// The session's id.
    pub(crate) fn session(&self) -> Option<String> {
        self.cookies.get("ebs_session").cloned()
    }
}
