//! A whole coordinator, started from its file: whoever logs in there pauses it, as with the Python service.

use anyhow::{Context, Result, ensure};
use ebs_coordinator::{
    app::{self, Setup},
    configuration::Kept,
    reload::Fixed,
};
use ebs_integration::wait::until;
use ebs_shared::{
    config::{load_static, source::Link},
    telemetry::LogControl,
};
use reqwest::StatusCode;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::ground::{ADMINS, Browser, Ground, Instance, SERVICE};

/// A running coordinator.
struct Whole {
    at: Instance,
    stop: CancellationToken,
    task: JoinHandle<Result<()>>,
}

impl Whole {
    /// One with a queue in its process, and its sessions there too.
    async fn start(ground: &Ground) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (folder, fedora) = (ground.folder(), &ground.fedora.url);
        let path = |name: &str| folder.join(name).display().to_string();
        for (name, text) in
            [("secret", SERVICE.1), ("password", "ebspw"), ("token", "sim-token-ebs")]
        {
            std::fs::write(path(name), text)?;
        }
        let fixed = format!(
            "configuration:
  koji: {{profile: sim, build_target: eln, stable_tag: eln, username: ebs, scratch_build: false, fail_fast: true}}
  bodhi: {{staging: false}}
  open_id_connect: {{auth_url: '{fedora}/openidc/Authorization', token_endpoint: '{fedora}/openidc/Token',
    userinfo_endpoint: '{fedora}/openidc/UserInfo', client_id: {}, admin_groups: [{ADMINS}]}}
  email: false
ebs:
  koji: {{hub_url: '{fedora}/kojihub', user: ebs, password_file: '{}'}}
  bodhi: {{url: '{fedora}/', token_file: '{}'}}
  bus: {{enabled: false}}
  database: {{url: 'sqlite:{}'}}
  http: {{listen: '127.0.0.1:0', public_url: '{url}'}}
  login: {{client_secret_file: '{}'}}
  timers: {{poll_min: 50ms, poll_max: 300ms, grace: 2s}}
",
            SERVICE.0,
            path("password"),
            path("token"),
            path("whole.sqlite"),
            path("secret"),
        );
        std::fs::write(path("static.yaml"), fixed)?;
        let dynamic = "configuration:\n  control: {pause: false, trigger_tag: f45}\ncomponents:\n  overrides: {bash: {}}\n";
        std::fs::write(path("dynamic.yaml"), dynamic)?;
        let config = load_static(&folder.join("static.yaml"))?.config;
        let fixed = Fixed { path: folder.join("static.yaml"), instance: None };
        let kept = Kept { fixed, dynamic: Link::File(folder.join("dynamic.yaml")) };
        let (log, stop) = (LogControl::idle("info"), CancellationToken::new());
        let setup = Setup { config, kept, listener, log, stop: stop.clone() };
        Ok(Self { at: Instance { url }, stop, task: tokio::spawn(app::run(setup)) })
    }

    /// Waits until it leads by a configuration.
    async fn leads(&self, browser: &mut Browser) -> Result<()> {
        let status = format!("{}/ready", self.at.url);
        until("it leads", async || {
            let told = browser.get(&status).await;
            Ok(told.is_ok_and(|told| told.text.contains("\"leading\":true")))
        })
        .await
    }

    async fn end(self) -> Result<()> {
        self.stop.cancel();
        self.task.await?
    }
}

#[tokio::test]
async fn somebody_who_has_logged_in_pauses_and_unpauses_a_coordinator() -> Result<()> {
    let ground = Ground::new().await?;
    let whole = Whole::start(&ground).await?;
    let mut browser = Browser::new()?;
    whole.leads(&mut browser).await?;
    let url = &whole.at.url;
    let (pause, unpause) = (format!("{url}/control/pause"), format!("{url}/control/unpause"));

    let sent = browser.get(&pause).await?;
    ensure!(sent.status == StatusCode::TEMPORARY_REDIRECT, "{sent:?}");
    ensure!(sent.to() == "/login?return_to=%2Fcontrol%2Fpause", "{sent:?}");
    ensure!(browser.post(&pause, None).await?.status == StatusCode::UNAUTHORIZED);
    browser.logs_in(&whole.at, "/control/pause").await?;
    let session = browser.session().context("no session")?;
    let shown = browser.get(&pause).await?;
    ensure!(shown.status == StatusCode::OK && shown.text.contains("Not paused"), "{shown:?}");
    ensure!(browser.post(&pause, None).await?.status == StatusCode::FORBIDDEN, "a cookie alone");

    let paused = browser.post(&pause, Some(&session)).await?;
    ensure!(paused.status == StatusCode::OK, "{paused:?}");
    let shown = browser.get(&unpause).await?;
    ensure!(shown.text.contains("user/alice says so"), "{shown:?}");
    let ended = browser.post(&unpause, Some(&session)).await?;
    ensure!(ended.status == StatusCode::OK, "{ended:?}");
    ensure!(browser.get(&pause).await?.text.contains("Not paused"));

    let page = browser.get(&format!("{url}/control/stop")).await?;
    ensure!(page.status == StatusCode::NOT_FOUND, "{page:?}");
    let other = browser.post(&format!("{url}/control/stop"), Some(&session)).await?;
    ensure!(other.status == StatusCode::NOT_FOUND, "{other:?}");
    whole.end().await
}
