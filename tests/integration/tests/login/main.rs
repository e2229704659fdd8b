//! People log in by OpenID Connect, over the wire: provider and Redis are real neighbours, the browser is a strict one.

mod ground;
mod refusals;
mod whole;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use ground::{ADMINS, Browser, Ground, alice, rsa_key};
use reqwest::StatusCode;

/// A change that an instance makes by itself.
const CHANGE: &str = "/loglevel/debug";

#[tokio::test]
async fn somebody_logs_in_and_changes_something_with_the_session_as_a_token() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    let mut browser = Browser::new()?;
    let page = format!("{}/trigger?show_token=1", one.url);

    let sent = browser.get(&page).await?;
    ensure!(sent.status == StatusCode::TEMPORARY_REDIRECT, "{sent:?}");
    ensure!(sent.to() == "/login?return_to=%2Ftrigger%3Fshow_token%3D1", "{sent:?}");
    let came = browser.logs_in(&one, "/trigger?show_token=1").await?;
    ensure!(came.status == StatusCode::TEMPORARY_REDIRECT, "{came:?}");
    ensure!(came.to() == "/trigger?show_token=1", "{came:?}");
    ensure!(came.headers["cache-control"] == "no-store");
    ensure!(came.headers["referrer-policy"] == "no-referrer");
    let session = browser.session().context("no session")?;
    ensure!(!browser.cookies.contains_key("ebs_login"), "the login is over");

    let shown = browser.get(&page).await?;
    ensure!(shown.status == StatusCode::OK, "{shown:?}");
    for part in ["<strong>alice</strong>", "<code>packager</code>", ADMINS, session.as_str()] {
        ensure!(shown.text.contains(part), "no {part} in {}", shown.text);
    }
    let hidden = browser.get(&format!("{}/trigger", one.url)).await?;
    ensure!(!hidden.text.contains(&session) && hidden.text.contains("Bearer TOKEN"));
    let overview = browser.get(&one.url).await?;
    ensure!(overview.text.contains(" · alice · "), "{}", overview.text);
    ensure!(overview.text.contains("<a href=\"/logout\">log out</a>"));

    let done = browser.post(&format!("{}{CHANGE}", one.url), Some(&session)).await?;
    ensure!(done.status == StatusCode::OK, "{done:?}");
    let audited = ground.audited().await?.context("nothing is audited")?;
    ensure!((audited.who.as_str(), audited.action.as_str()) == ("user/alice", "log"));
    Ok(())
}

#[tokio::test]
async fn a_cookie_alone_changes_nothing_and_nobody_changes_anything_without() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    let mut browser = Browser::new()?;
    let change = format!("{}{CHANGE}", one.url);
    let nobody = browser.post(&change, None).await?;
    ensure!(nobody.status == StatusCode::UNAUTHORIZED && nobody.text.contains("token_missing"));
    browser.logs_in(&one, "/").await?;
    let forged = browser.post(&change, None).await?;
    ensure!(forged.status == StatusCode::FORBIDDEN, "{forged:?}");
    ensure!(forged.text.contains("cookie_alone"), "{forged:?}");
    let guess = browser.post(&change, Some(&"0".repeat(64))).await?;
    ensure!(guess.status == StatusCode::UNAUTHORIZED, "the cookie helps no wrong token: {guess:?}");
    ensure!(ground.audited().await?.is_none());
    let page = browser.get_through(&format!("{}/trigger", one.url)).await?;
    ensure!(page.status == StatusCode::OK, "another's password is no token: {page:?}");
    let nobody = Browser::new()?.get_through(&format!("{}/trigger", one.url)).await?;
    ensure!(nobody.status == StatusCode::TEMPORARY_REDIRECT, "{nobody:?}");
    Ok(())
}

#[tokio::test]
async fn who_is_in_no_admin_group_is_told_which_there_are() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    ground.people(|people| people.person.groups = vec!["packager".to_owned()]);
    let mut browser = Browser::new()?;
    browser.logs_in(&one, "/").await?;
    let session = browser.session().context("they have logged in all the same")?;
    let page = browser.get(&format!("{}/trigger?show_token=1", one.url)).await?;
    let named = format!("{ADMINS}, releng");
    ensure!(page.status == StatusCode::FORBIDDEN && page.text.contains(&named), "{page:?}");
    ensure!(!page.text.contains(&session));
    let change = browser.post(&format!("{}{CHANGE}", one.url), Some(&session)).await?;
    ensure!(change.status == StatusCode::FORBIDDEN && change.text.contains(&named), "{change:?}");
    ensure!(change.text.contains("group_missing"), "{change:?}");
    Ok(())
}

#[tokio::test]
async fn another_instance_knows_the_session_and_ends_it_for_all() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    let other = ground.instance(Some(&one)).await?;
    let mut browser = Browser::new()?;
    // Begun at one, ended at the other.
    let back = browser.leaves(&one, "/trigger").await?.replace(&one.url, &other.url);
    let came = browser.get(&back).await?;
    ensure!(came.status == StatusCode::TEMPORARY_REDIRECT, "{came:?}");
    let session = browser.session().context("no session")?;
    for url in [&one.url, &other.url] {
        ensure!(browser.get(&format!("{url}/trigger")).await?.status == StatusCode::OK);
        ensure!(browser.post(&format!("{url}{CHANGE}"), Some(&session)).await?.status == 200);
    }
    let out = browser.get(&format!("{}/logout?return_to=/status.json", other.url)).await?;
    ensure!(out.status == StatusCode::TEMPORARY_REDIRECT && out.to() == "/status.json", "{out:?}");
    ensure!(browser.session().is_none() && ground.sessions().await? == 0);
    let gone = browser.post(&format!("{}{CHANGE}", one.url), Some(&session)).await?;
    ensure!(gone.status == StatusCode::UNAUTHORIZED, "{gone:?}");
    Ok(())
}

#[tokio::test]
async fn a_session_ends_after_a_day_and_a_login_under_way_after_ten_minutes() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    let mut browser = Browser::new()?;
    browser.logs_in(&one, "/").await?;
    let (page, second) = (format!("{}/trigger", one.url), Duration::from_secs(1));
    ground.clock.moves(Duration::from_secs(24 * 3600) - 60 * second);
    ensure!(browser.get(&page).await?.status == StatusCode::OK);
    ground.clock.moves(60 * second);
    ensure!(browser.get(&page).await?.status == StatusCode::TEMPORARY_REDIRECT);
    let session = browser.session().context("the browser still has it")?;
    let change = browser.post(&format!("{}{CHANGE}", one.url), Some(&session)).await?;
    ensure!(change.status == StatusCode::UNAUTHORIZED, "{change:?}");

    let mut late = Browser::new()?;
    let back = late.leaves(&one, "/").await?;
    ground.clock.moves(600 * second);
    ensure!(late.get(&back).await?.status == StatusCode::BAD_REQUEST);
    Ok(())
}

#[tokio::test]
async fn an_id_token_is_examined_with_the_providers_keys_where_its_name_is_known() -> Result<()> {
    let mut ground = Ground::new().await?;
    ground.issuer = Some(format!("{}/openidc/", ground.fedora.url));
    let (one, key) = (ground.instance(None).await?, rsa_key()?);
    ground.people(|people| people.signing_key = Some(key));
    let mut browser = Browser::new()?;
    let came = browser.logs_in(&one, "/trigger").await?;
    ensure!(came.to() == "/trigger", "{came:?}");
    use fedora_sim::idp::script::PeopleFault::{WrongIssuer, WrongSignature};
    for fault in [WrongSignature, WrongIssuer] {
        ground.fails(fault);
        let came = Browser::new()?.logs_in(&one, "/").await?;
        ensure!(came.status == StatusCode::INTERNAL_SERVER_ERROR, "{fault:?}: {came:?}");
    }
    ground.fails(None);
    // Where it calls itself otherwise, or does not tell of itself, nobody is believed.
    ground.issuer = Some(format!("{}/openidc", ground.fedora.url));
    let strict = ground.instance(None).await?;
    let came = Browser::new()?.logs_in(&strict, "/").await?;
    ensure!(came.status == StatusCode::INTERNAL_SERVER_ERROR, "{came:?}");
    ground.issuer = Some(format!("{}/openidc/", ground.fedora.url));
    let other = rsa_key()?;
    ground.people(|people| people.signing_key = Some(other));
    let fresh = ground.instance(None).await?;
    let came = Browser::new()?.logs_in(&fresh, "/trigger").await?;
    ensure!(came.to() == "/trigger", "a new key is fetched by who has none: {came:?}");
    Ok(())
}

#[tokio::test]
async fn without_a_nickname_they_are_known_by_the_providers_own_name() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.alone().await?;
    ground.people(|people| people.person.nickname = None);
    let mut browser = Browser::new()?;
    browser.logs_in(&one, "/").await?;
    let session = browser.session().context("no session")?;
    browser.post(&format!("{}{CHANGE}", one.url), Some(&session)).await?;
    ensure!(ground.audited().await?.context("nothing is audited")?.who == "user/a1");
    ensure!(ground.sessions().await? == 0, "it is kept in the process");
    Ok(())
}

#[tokio::test]
async fn names_and_groups_are_shown_as_text() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    ground.people(|people| {
        people.person.nickname = Some("<b>alice</b>".to_owned());
        people.person.groups.push("<script>alert(1)</script>".to_owned());
    });
    let mut browser = Browser::new()?;
    browser.logs_in(&one, "/").await?;
    for path in ["/trigger", "/"] {
        let page = browser.get(&format!("{}{path}", one.url)).await?;
        ensure!(page.status == StatusCode::OK, "{page:?}");
        ensure!(page.text.contains("alice") && !page.text.contains("<b>alice"), "{}", page.text);
        ensure!(!page.text.contains("<script>alert"), "{}", page.text);
    }
    Ok(())
}

#[tokio::test]
async fn nothing_that_lets_somebody_in_is_kept() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    let mut browser = Browser::new()?;
    let back = browser.leaves(&one, "/").await?;
    let login = browser.cookies["ebs_login"].clone();
    browser.get(&back).await?;
    let session = browser.session().context("no session")?;
    let back = url::Url::parse(&back)?;
    let written = String::from_utf8_lossy(&ground.redis.written()?).into_owned();
    ensure!(written.contains("alice"), "the session is kept");
    ensure!(!written.contains(&session) && !written.contains(&login));
    for (key, value) in back.query_pairs() {
        ensure!(!written.contains(&*value), "{key} is kept");
    }
    ensure!(!written.contains("sim-person-token"), "the access token is kept");
    Ok(())
}

#[tokio::test]
async fn logging_in_again_ends_the_session_before() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    let mut browser = Browser::new()?;
    browser.logs_in(&one, "/").await?;
    let before = browser.session().context("no session")?;
    ground.people(|people| people.person = alice());
    browser.logs_in(&one, "/").await?;
    ensure!(browser.session() != Some(before.clone()) && ground.sessions().await? == 1);
    let change = browser.post(&format!("{}{CHANGE}", one.url), Some(&before)).await?;
    ensure!(change.status == StatusCode::UNAUTHORIZED, "{change:?}");
    Ok(())
}
