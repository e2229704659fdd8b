//! Who is not let in, and why.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use ebs_coordinator::{login::ReturnTo, report::chain};
use fedora_sim::idp::script::PeopleFault;
use reqwest::StatusCode;
use url::Url;

use crate::ground::{Browser, Ground, SERVICE};

#[tokio::test]
async fn whatever_the_provider_does_wrong_nobody_has_a_session() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    let (failed, denied) = (StatusCode::INTERNAL_SERVER_ERROR, StatusCode::UNAUTHORIZED);
    for (fault, status) in [
        (PeopleFault::Denied, denied),
        (PeopleFault::CodeRefused, failed),
        (PeopleFault::Silent, failed),
        (PeopleFault::Garbage, failed),
        (PeopleFault::Endless, failed),
        (PeopleFault::NoIdToken, failed),
        (PeopleFault::WrongNonce, failed),
        (PeopleFault::WrongAudience, failed),
        (PeopleFault::Expired, failed),
        (PeopleFault::WrongSubject, failed),
        (PeopleFault::NoUserInfo, failed),
        (PeopleFault::Redirected, failed),
    ] {
        ground.fails(fault);
        let mut browser = Browser::new()?;
        let came = browser.logs_in(&one, "/trigger").await?;
        ensure!(came.status == status, "{fault:?}: {came:?}");
        ensure!(browser.session().is_none() && ground.sessions().await? == 0, "{fault:?}");
        ensure!(!came.text.contains("sim-person"), "{fault:?}: {came:?}");
    }
    ground.fails(None);
    ground.people(|people| people.person.nickname = Some("two words".to_owned()));
    ensure!(Browser::new()?.logs_in(&one, "/").await?.status == failed, "no name for an audit");
    let counted = Browser::new()?.get(&format!("{}/metrics", one.url)).await?.text;
    for line in ["denied\"} 1", "provider_failed\"} 11", "bad_name\"} 1", "full\"} 0"] {
        let line = format!("ebs_logins_total{{outcome=\"{line}");
        ensure!(counted.contains(&line), "no {line} in {counted}");
    }
    Ok(())
}

#[tokio::test]
async fn why_nobody_has_logged_in_is_told_without_a_secret_or_a_name() -> Result<()> {
    let ground = Ground::new().await?;
    let people = ground.people_alone()?;
    let mut browser = Browser::new()?;
    for (fault, told) in [
        (PeopleFault::CodeRefused, "refuses to exchange the code: invalid_grant"),
        (PeopleFault::Silent, "the identity provider did not exchange the code"),
        (PeopleFault::Garbage, "it is no token response"),
        (PeopleFault::Endless, "more than 262144 bytes"),
        (PeopleFault::NoIdToken, "no ID token"),
        (PeopleFault::WrongNonce, "nonce mismatch"),
        (PeopleFault::WrongAudience, "another-service"),
        (PeopleFault::Expired, "expired"),
        (PeopleFault::WrongSubject, "somebody else than the ID token"),
        (PeopleFault::NoUserInfo, "refuses to tell who it is: 502"),
    ] {
        ground.fails(fault);
        let begun = people.begin(None, ReturnTo::default()).await?;
        let back = Url::parse(browser.get(begun.address.as_str()).await?.to())?;
        let given: BTreeMap<_, _> = back.query_pairs().into_owned().collect();
        let brought = (given["state"].as_str(), given["code"].as_str());
        let Err(error) = people.finish(brought, Some(&begun.browser)).await else {
            bail!("{fault:?}: somebody has logged in")
        };
        let text = format!("{} {error:?}", chain(&error));
        ensure!(text.contains(told), "{fault:?}: {text}");
        for secret in [brought.0, brought.1, SERVICE.1, "sim-person", "alice", "a1"] {
            ensure!(!text.contains(secret), "{fault:?}: {secret} in {text}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_login_is_ended_once_and_in_the_browser_that_began_it() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    let mut browser = Browser::new()?;
    let back = browser.leaves(&one, "/").await?;
    let mut copy = Browser::new()?;
    copy.cookies = browser.cookies.clone();
    ensure!(browser.get(&back).await?.status == StatusCode::TEMPORARY_REDIRECT);
    let again = copy.get(&back).await?;
    ensure!(again.status == StatusCode::BAD_REQUEST, "the provider is not asked again: {again:?}");
    let session = browser.session().context("no session")?;
    ensure!(browser.get(&back).await?.status == StatusCode::BAD_REQUEST, "it is used up");
    ensure!(browser.session() == Some(session), "and the session goes on");

    // Somebody has another log in under his name: that one's browser began nothing.
    let mut attacker = Browser::new()?;
    let planted = attacker.leaves(&one, "/").await?;
    let mut victim = Browser::new()?;
    ensure!(victim.get(&planted).await?.status == StatusCode::BAD_REQUEST);
    let _ = victim.leaves(&one, "/").await?;
    let planted = attacker.leaves(&one, "/").await?;
    ensure!(victim.get(&planted).await?.status == StatusCode::BAD_REQUEST);
    ensure!(victim.session().is_none() && ground.sessions().await? == 1);
    Ok(())
}

#[tokio::test]
async fn two_logins_of_one_browser_do_not_disturb_each_other() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    let mut browser = Browser::new()?;
    let first = browser.leaves(&one, "/trigger").await?;
    let second = browser.leaves(&one, "/status.json").await?;
    let mut other_tab = Browser::new()?;
    other_tab.cookies = browser.cookies.clone();
    ensure!(browser.get(&first).await?.to() == "/trigger");
    ensure!(other_tab.get(&second).await?.to() == "/status.json");
    Ok(())
}

#[tokio::test]
async fn a_way_back_without_what_it_needs_is_refused() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    let mut browser = Browser::new()?;
    let strange = "0".repeat(64);
    for query in [
        String::new(),
        "?code=a".to_owned(),
        format!("?state={strange}"),
        format!("?code=a&state={strange}"),
        "?code=a&state=*".to_owned(),
        "?code=a&state=".to_owned(),
        format!("?code=a&code=b&state={strange}"),
    ] {
        let came = browser.get(&format!("{}/oidc/callback{query}", one.url)).await?;
        ensure!(came.status == StatusCode::BAD_REQUEST, "{query}: {came:?}");
    }
    let said = format!("?error=%3Cb%3Eaccess&state={strange}");
    let came = browser.get(&format!("{}/oidc/callback{said}", one.url)).await?;
    ensure!(came.status == StatusCode::UNAUTHORIZED && !came.text.contains("access"), "{came:?}");
    Ok(())
}

#[tokio::test]
async fn nobody_is_sent_to_another_site() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    let mut browser = Browser::new()?;
    for to in [
        "https://elsewhere.example.org/",
        "//elsewhere.example.org",
        "/%5Celsewhere.example.org",
        "/%09/elsewhere.example.org",
        "/%0d%0aSet-Cookie:a=b",
        "/%00",
        "trigger",
        "",
    ] {
        for page in ["login", "logout"] {
            let answer = browser.get(&format!("{}/{page}?return_to={to}", one.url)).await?;
            ensure!(answer.status == StatusCode::BAD_REQUEST, "{page} {to}: {answer:?}");
        }
    }
    ensure!(browser.cookies.is_empty());
    Ok(())
}

#[tokio::test]
async fn while_redis_is_away_nobody_is_taken_for_nobody() -> Result<()> {
    let mut ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    let mut browser = Browser::new()?;
    browser.logs_in(&one, "/").await?;
    let (session, back) =
        (browser.session().context("no session")?, browser.leaves(&one, "/").await?);
    ground.redis.kill().await?;
    let away = StatusCode::SERVICE_UNAVAILABLE;
    for path in ["/trigger", "/login", "/logout"] {
        let answer = browser.get(&format!("{}{path}", one.url)).await?;
        ensure!(answer.status == away, "{path}: {answer:?}");
    }
    ensure!(browser.get(&back).await?.status == away);
    ensure!(browser.session() == Some(session.clone()), "it can be tried again");
    let change = format!("{}/loglevel/debug", one.url);
    for token in [None, Some(session.as_str())] {
        let answer = browser.post(&change, token).await?;
        ensure!(
            answer.status == away && answer.text.contains("sessions_unavailable"),
            "{answer:?}"
        );
    }
    let other = browser.post(&change, Some("ebs_other")).await?;
    ensure!(other.text.contains("token_refused"), "tokens are looked at all the same: {other:?}");
    let page = browser.get(&one.url).await?;
    ensure!(page.status == StatusCode::OK, "{page:?}");
    ensure!(page.text.contains("logins cannot be looked at now"), "{}", page.text);
    ground.redis.restart().await?;
    ensure!(browser.get(&format!("{}/trigger", one.url)).await?.status == StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn there_is_room_for_so_many_logins_and_no_more() -> Result<()> {
    let ground = Ground::new().await?;
    let one = ground.instance(None).await?;
    let fill = "for n = 1, 5000 do redis.call('ZADD', KEYS[1], 9e15, n) end";
    ground.redis.command::<()>(&["EVAL", fill, "1", "{ebs}:z:login"]).await?;
    let mut browser = Browser::new()?;
    let refused = browser.get(&format!("{}/login", one.url)).await?;
    ensure!(refused.status == StatusCode::SERVICE_UNAVAILABLE, "{refused:?}");
    // Those whose time is over make room.
    ground.redis.command::<()>(&["ZADD", "{ebs}:z:login", "1", "1"]).await?;
    let begun = browser.get(&format!("{}/login", one.url)).await?;
    ensure!(begun.status == StatusCode::TEMPORARY_REDIRECT, "{begun:?}");
    Ok(())
}
