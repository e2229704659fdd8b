//! Logging in to Koji and Bodhi by Kerberos and by certificate, with a real KDC, and a real web server before the simulated Fedora.

#![cfg(test)]

mod ground;

use std::time::Duration;

use anyhow::{Context as _, Result};
use ebs_integration::wait;
use ebs_shared::clock::{Clock as _, System};
use ground::{Ground, Plan};
use serde_json::{Value, json};

/// What it says holds all of these.
fn holds(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "`{word}` is missing in: {said}");
    }
}

#[tokio::test]
async fn a_keytab_is_enough_to_change_koji_and_to_post_an_update_at_bodhi() -> Result<()> {
    let ground = Ground::start(Plan::default()).await?;
    let mut probe = ground.probe(&ground.by_kerberos("ebs@EBS.TEST")?)?;
    let made = probe.ask("koji").await?;
    assert_eq!(made["user"], "ebs", "{made}");
    let tag = made["tag"].as_str().context("a tag")?.to_owned();
    ground.build(&tag)?;
    let update = probe.ask(&format!("bodhi {tag} bash-5.3-1.eln151")).await?;
    assert_eq!(update["builds"], json!(["bash-5.3-1.eln151"]), "{update}");
    // One ticket for both.
    assert_eq!(ground.kdc.first_tickets()?, 1);
    ground.end().await;
    Ok(())
}

#[tokio::test]
async fn a_ticket_is_renewed_before_it_ends_and_nobody_notices() -> Result<()> {
    // It is renewed when half of its life is over, and always when half a minute is left.
    let plan =
        Plan { life: Some(Duration::from_secs(34)), session_ms: Some(200), ..Plan::default() };
    let ground = Ground::start(plan).await?;
    let mut probe = ground.probe(&ground.by_kerberos("ebs@EBS.TEST")?)?;
    let first = probe.ask("ticket").await?["ends"].as_i64().context("an end")?;
    assert_eq!(ground.kdc.first_tickets()?, 1);
    wait::until("a second ticket has replaced the first", async || {
        // Most of these renew the hub's session, by a negotiation of their own.
        let made = probe.ask("koji").await?;
        anyhow::ensure!(made["user"] == "ebs", "{made}");
        Ok(ground.kdc.first_tickets()? == 2)
    })
    .await?;
    let now = probe.ask("ticket").await?["ends"].as_i64().context("an end")?;
    assert!(now > first, "{now} is not after {first}");
    ground.end().await;
    Ok(())
}

#[tokio::test]
async fn a_ticket_that_has_run_out_unused_is_replaced() -> Result<()> {
    let plan = Plan { life: Some(Duration::from_secs(2)), ..Plan::default() };
    let ground = Ground::start(plan).await?;
    let mut probe = ground.probe(&ground.by_kerberos("ebs@EBS.TEST")?)?;
    let ends = probe.ask("ticket").await?["ends"].as_i64().context("an end")?;
    wait::until("it has run out", async || Ok(System.now().millis() > ends)).await?;
    assert_eq!(probe.ask("koji").await?["user"], "ebs");
    ground.end().await;
    Ok(())
}

#[tokio::test]
async fn a_keytab_with_an_old_key_is_named_and_one_with_the_new_key_needs_no_restart() -> Result<()>
{
    let ground = Ground::start(Plan::default()).await?;
    let newer = ground.kdc.keytab("ebs", "newer.keytab")?;
    let mut probe = ground.probe(&ground.by_kerberos("ebs@EBS.TEST")?)?;
    let said = probe.fails("koji").await?;
    holds(&said, &["refuses our login", "ebs.keytab is not the KDC's", "fetch a new keytab"]);
    let said = probe.fails("bodhi eln-build-side-1 bash-5.3-1.eln151").await?;
    holds(&said, &["refuses our login", "no access token", "fetch a new keytab"]);
    std::fs::rename(newer, &ground.keytab)?;
    assert_eq!(probe.ask("koji").await?["user"], "ebs");
    std::fs::remove_file(&ground.keytab)?;
    let said = ground.probe(&ground.by_kerberos("ebs@EBS.TEST")?)?.ask("koji").await;
    holds(&format!("{:#}", said.unwrap_err()), &["ebs.kerberos.keytab_file", "No such file"]);
    ground.end().await;
    Ok(())
}

#[tokio::test]
async fn a_mistyped_principal_is_named_whether_the_keytab_or_the_kdc_does_not_know_it() -> Result<()>
{
    let mut ground = Ground::start(Plan::default()).await?;
    let mut probe = ground.probe(&ground.by_kerberos("esb@EBS.TEST")?)?;
    holds(
        &probe.fails("koji").await?,
        &["refuses our login", "has no key of esb@EBS.TEST", "ebs.kerberos.principal"],
    );
    ground.kdc.add("esb")?;
    ground.keytab = ground.kdc.keytab("esb", "esb.keytab")?;
    ground.kdc.remove("esb")?;
    let mut probe = ground.probe(&ground.by_kerberos("esb@EBS.TEST")?)?;
    holds(
        &probe.fails("koji").await?,
        &["refuses our login", "the KDC does not know esb@EBS.TEST", "ebs.kerberos.principal"],
    );
    ground.end().await;
    Ok(())
}

#[tokio::test]
async fn a_clock_that_is_ten_minutes_off_is_named_and_the_work_stays_open() -> Result<()> {
    let ground = Ground::start(Plan { clock: Some("+10m"), ..Plan::default() }).await?;
    let mut probe = ground.probe(&ground.by_kerberos("ebs@EBS.TEST")?)?;
    holds(
        &probe.fails("koji").await?,
        &["refuses our login", "the clock here and that of localhost differ", "NTP"],
    );
    let said = probe.fails("bodhi eln-build-side-1 bash-5.3-1.eln151").await?;
    holds(&said, &["refuses our login", "the clock here and that of localhost differ"]);
    ground.end().await;
    Ok(())
}

#[tokio::test]
async fn a_kdc_that_is_down_at_the_start_is_waited_for() -> Result<()> {
    let mut ground = Ground::start(Plan::default()).await?;
    ground.kdc.kill()?;
    let mut probe = ground.probe(&ground.by_kerberos("ebs@EBS.TEST")?)?;
    let said = probe.fails("koji").await?;
    holds(&said, &["the hub is not available", "Cannot contact any KDC"]);
    let said = probe.fails("bodhi eln-build-side-1 bash-5.3-1.eln151").await?;
    holds(&said, &["not available", "Cannot contact any KDC"]);
    ground.kdc.resume()?;
    assert_eq!(probe.ask("koji").await?["user"], "ebs");
    // What it has is enough while the KDC is away once more.
    ground.kdc.kill()?;
    assert_eq!(probe.ask("koji").await?["user"], "ebs");
    ground.end().await;
    Ok(())
}

/// The seconds that the metric has for a credential.
fn left(answer: &Value, credential: &str) -> Option<i64> {
    let start = format!("ebs_credential_left_seconds{{credential=\"{credential}\"}} ");
    let text = answer["metrics"].as_str()?;
    text.lines().find_map(|line| line.strip_prefix(&start))?.parse().ok()
}

#[tokio::test]
async fn the_end_of_the_ticket_is_a_metric_and_that_there_is_none_is_told() -> Result<()> {
    let mut ground = Ground::start(Plan::default()).await?;
    let mut probe = ground.probe(&ground.by_kerberos("ebs@EBS.TEST")?)?;
    ground.kdc.kill()?;
    let without = probe.ask("credentials").await?;
    assert_eq!(left(&without, "kerberos_ticket"), None, "{without}");
    let [standing] = without["standings"].as_array().context("a list")?.as_slice() else {
        anyhow::bail!("not one: {without}");
    };
    assert_eq!(standing["stage"], "unreadable", "{without}");
    holds(standing["fault"].as_str().context("a fault")?, &["Cannot contact any KDC"]);
    ground.kdc.resume()?;
    let with = probe.ask("credentials").await?;
    let seconds = left(&with, "kerberos_ticket").context("no metric")?;
    assert!((10 * 3600 - 60..=10 * 3600).contains(&seconds), "{seconds}");
    assert_eq!(with["standings"][0]["stage"], "fine", "{with}");
    ground.end().await;
    Ok(())
}

#[tokio::test]
async fn a_service_that_the_kdc_does_not_know_is_named() -> Result<()> {
    let ground = Ground::start(Plan::default()).await?;
    ground.kdc.remove("HTTP/localhost")?;
    let mut probe = ground.probe(&ground.by_kerberos("ebs@EBS.TEST")?)?;
    holds(&probe.fails("koji").await?, &["the KDC knows no service HTTP/localhost"]);
    ground.end().await;
    Ok(())
}

#[tokio::test]
async fn a_certificate_logs_in_and_a_renewed_one_needs_no_restart() -> Result<()> {
    let ground = Ground::start(Plan { session_ms: Some(300), ..Plan::default() }).await?;
    let made = ground.front.certificates();
    let koji = format!(
        "hub_url: '{}/kojihub', authority_file: {}, certificate_file: {}, key_file: {}",
        ground.front.certificate_url(),
        made.certificate("ca").display(),
        made.certificate("client").display(),
        made.key("client").display(),
    );
    let config = ground.file("", &koji, &ground.front.url())?;
    let mut probe = ground.probe(&config)?;
    assert_eq!(probe.ask("koji").await?["user"], "ebs");
    let answer = probe.ask("credentials").await?;
    for credential in ["koji_authority", "koji_certificate"] {
        let seconds = left(&answer, credential).context("no metric")?;
        assert!((47 * 3600..=48 * 3600).contains(&seconds), "{credential}: {seconds}");
    }
    std::fs::write(made.key("client"), "no key\n")?;
    let said = wait::until_some("the session must be renewed", async || {
        Ok(probe.ask("koji").await?["error"].as_str().map(str::to_owned))
    });
    holds(&said.await?, &["the hub is not available", "client.pem cannot be used"]);
    made.renew_client("ebs")?;
    assert_eq!(probe.ask("koji").await?["user"], "ebs");
    ground.end().await;
    Ok(())
}

#[tokio::test]
async fn a_web_server_that_asks_for_the_certificate_too_late_is_named() -> Result<()> {
    let ground = Ground::start(Plan { late: true, ..Plan::default() }).await?;
    let made = ground.front.certificates();
    let koji = format!(
        "hub_url: '{}/kojihub', authority_file: {}, certificate_file: {}, key_file: {}",
        ground.front.certificate_url(),
        made.certificate("ca").display(),
        made.certificate("client").display(),
        made.key("client").display(),
    );
    let config = ground.file("", &koji, &ground.front.url())?;
    let said = ground.probe(&config)?.fails("koji").await?;
    holds(&said, &["refuses our login", "SSLVerifyClient optional"]);
    ground.end().await;
    Ok(())
}

#[tokio::test]
async fn by_tls_kerberos_works_the_same() -> Result<()> {
    let ground = Ground::start(Plan::default()).await?;
    let kerberos = format!(
        "  kerberos: {{keytab_file: {}, principal: 'ebs@EBS.TEST'}}\n",
        ground.keytab.display()
    );
    let (url, made) = (ground.front.tls_url(), ground.front.certificates());
    let authority = format!("authority_file: {}", made.certificate("ca").display());
    let koji = format!("hub_url: '{url}/kojihub', {authority}");
    let bodhi = format!("url: '{url}/', idp_url: '{url}/openidc', {authority}");
    let mut probe = ground.probe(&ground.file_with(&kerberos, &koji, &bodhi)?)?;
    let tag = probe.ask("koji").await?["tag"].as_str().context("a tag")?.to_owned();
    ground.build(&tag)?;
    let update = probe.ask(&format!("bodhi {tag} bash-5.3-1.eln151")).await?;
    assert_eq!(update["builds"], json!(["bash-5.3-1.eln151"]), "{update}");
    ground.end().await;
    Ok(())
}

#[tokio::test]
async fn a_web_server_without_tls_that_does_not_prove_itself_is_not_believed() -> Result<()> {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::header_exists};

    let ground = Ground::start(Plan::default()).await?;
    let false_hub = MockServer::start().await;
    Mock::given(header_exists("authorization"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&false_hub)
        .await;
    let offer = ResponseTemplate::new(401).insert_header("www-authenticate", "Negotiate");
    Mock::given(wiremock::matchers::any()).respond_with(offer).mount(&false_hub).await;
    let kerberos = format!(
        "  kerberos: {{keytab_file: {}, principal: 'ebs@EBS.TEST'}}\n",
        ground.keytab.display()
    );
    let koji = format!("hub_url: 'http://localhost:{}/kojihub'", false_hub.address().port());
    let config = ground.file(&kerberos, &koji, &ground.front.url())?;
    let said = ground.probe(&config)?.fails("koji").await?;
    holds(&said, &["refuses our login", "localhost does not prove that it is itself"]);
    ground.end().await;
    Ok(())
}
