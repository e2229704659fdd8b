//! Bodhi as the simulator plays it against exchanges recorded from a real server: the same status, content type, members and
//! kinds of values, and the same errors.

#![cfg(test)]

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::{Context, Result};
use fedora_sim::{Running, script::Script, world::NewBuild};
use serde_json::{Value, json};

struct Recorded {
    status: u16,
    content_type: String,
    body: String,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../recordings/bodhi")
}

fn recorded(name: &str) -> Result<Recorded> {
    let index: Value = serde_json::from_str(&fs::read_to_string(folder().join("index.json"))?)?;
    let exchanges = index["exchanges"].as_array().context("no exchanges")?;
    let found = exchanges
        .iter()
        .find(|one| one["name"] == name)
        .with_context(|| format!("no exchange {name}"))?;
    let reply = &found["reply"];
    let headers = reply["headers"].as_array().context("no headers")?;
    let content_type = headers.iter().find(|pair| pair[0] == "Content-Type").context("no type")?;
    Ok(Recorded {
        status: u16::try_from(reply["status"].as_u64().context("no status")?)?,
        content_type: content_type[1].as_str().context("no type")?.to_owned(),
        body: fs::read_to_string(folder().join(reply["body"].as_str().context("no body")?))?,
    })
}

/// A client that keeps cookies, as far as these tests need it.
struct Client {
    sim: Running,
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
    csrf: String,
}

struct Got {
    status: u16,
    content_type: String,
    body: String,
}

impl Client {
    async fn start() -> Result<Self> {
        Self::start_with(json!({})).await
    }

    /// A simulator with gating off, and a client logged in as `ebs`.
    async fn start_with(patch: Value) -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let long = json!({"tag_ms": 3_600_000});
        let mut bodhi =
            json!({"gating": false, "timing": long, "tokens": {"token": "ebs", "theirs": "other"}});
        if let (Some(all), Some(patch)) = (bodhi.as_object_mut(), patch.as_object()) {
            all.extend(patch.clone());
        }
        let script = Script::default().patched(json!({"bodhi": bodhi}))?;
        let sim = fedora_sim::start(script, "127.0.0.1:0".parse()?).await?;
        let http =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        let mut client = Self { sim, http, cookies: BTreeMap::new(), csrf: String::new() };
        client.log_in("token").await?;
        Ok(client)
    }

    async fn log_in(&mut self, token: &str) -> Result<()> {
        let request = self.http.get(self.url("/oidc/login-token")).bearer_auth(token);
        assert_eq!(self.send(request).await?.status, 202);
        let got = self.get("/csrf").await?;
        let body: Value = serde_json::from_str(&got.body)?;
        self.csrf = body["csrf_token"].as_str().context("no token")?.to_owned();
        Ok(())
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sim.url)
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Result<Got> {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("cookie", cookies.join("; "));
        let response = request.send().await?;
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let kind = response
            .headers()
            .get("content-type")
            .map(|kind| kind.to_str().unwrap_or_default().to_owned());
        Ok(Got {
            status: response.status().as_u16(),
            content_type: kind.unwrap_or_default(),
            body: response.text().await?,
        })
    }

    async fn get(&mut self, path: &str) -> Result<Got> {
        let request = self.http.get(self.url(path)).header("accept", "application/json");
        self.send(request).await
    }

    async fn post(&mut self, path: &str, mut body: Value) -> Result<Got> {
        if body.get("csrf_token").is_none() {
            body["csrf_token"] = json!(self.csrf);
        }
        let request =
            self.http.post(self.url(path)).header("accept", "application/json").json(&body);
        self.send(request).await
    }

    async fn create(&mut self, tag: &str) -> Result<Got> {
        self.post("/updates/", update(tag)).await
    }

    /// A side tag of `ebs` with builds of these packages in it.
    fn side_tag(&self, packages: &[&str]) -> Result<String> {
        self.side_tag_of(&packages.iter().map(|name| (*name, "1")).collect::<Vec<_>>())
    }

    fn side_tag_of(&self, packages: &[(&str, &str)]) -> Result<String> {
        self.sim.world.change(|state| {
            let base = state.tag_named("eln-build").context("no tag")?.id;
            let user = state.user_named("ebs").context("no user")?.id;
            let tag = state.create_side_tag(base, user, None, false)?;
            for (name, release) in packages {
                let nvr = format!("{name}-1-{release}.eln151");
                let known = state.build_named(&nvr).map(|build| build.id);
                let build = known.unwrap_or_else(|| {
                    state.import_build(NewBuild {
                        name: (*name).to_owned(),
                        version: "1".to_owned(),
                        release: format!("{release}.eln151"),
                        epoch: None,
                        draft: false,
                        task: None,
                        owner: user,
                        source: String::new(),
                        extra: Value::Null,
                    })
                });
                state.tag_build(tag, build, user)?;
            }
            Ok(state.tag(tag).context("no tag")?.name.clone())
        })
    }
}

fn update(tag: &str) -> Value {
    json!({"type": "unspecified", "from_tag": tag, "notes": "ELN rebuild batch 317"})
}

/// What kind of value stands where: names of members and types, but no contents.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("text"),
        Value::Array(list) => list.first().map_or(json!([]), |first| json!([shape(first)])),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
    }
}

/// Location and name of each error, and its text without the parts that differ.
fn errors(body: &Value) -> Vec<(String, String)> {
    let list = body["errors"].as_array().cloned().unwrap_or_default();
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    list.iter().map(|one| (text(one, "location"), text(one, "name"))).collect()
}

#[track_caller]
fn compare(name: &str, got: &Got) {
    let wanted = recorded(name).unwrap();
    assert_eq!(got.status, wanted.status, "{name}: {}", got.body);
    assert_eq!(got.content_type.to_lowercase(), wanted.content_type.to_lowercase(), "{name}");
    if wanted.content_type.starts_with("application/json") {
        let (got, wanted): (Value, Value) =
            (serde_json::from_str(&got.body).unwrap(), serde_json::from_str(&wanted.body).unwrap());
        assert_eq!(errors(&got), errors(&wanted), "{name}: {got}");
        assert_eq!(shape(&got), shape(&wanted), "{name}");
    }
}

#[tokio::test]
async fn plain_reads_agree() -> Result<()> {
    let mut client = Client::start().await?;
    for (name, path) in [
        ("api-version", "/api_version"),
        ("healthz-live", "/healthz/live"),
        ("healthz-ready", "/healthz/ready"),
        ("csrf-logged-in", "/csrf"),
        ("get-unknown-alias", "/updates/FEDORA-2026-0000000000"),
        ("no-slash-get", "/updates?rows_per_page=1"),
        ("list-builds-none", "/updates/?builds=nosuch-1-1.eln150"),
        ("list-bad-status", "/updates/?status=bad"),
        ("list-bad-two", "/updates/?status=bad&releases=F99"),
        ("list-rows-too-many", "/updates/?rows_per_page=1001"),
        ("list-rows-zero", "/updates/?rows_per_page=0"),
        ("list-page-zero", "/updates/?page=0"),
        ("list-user-none", "/updates/?user=nobody"),
        ("list-bad-date", "/updates/?submitted_since=junk"),
        ("releases-all", "/releases/"),
        ("releases-pending", "/releases/?state=pending"),
        ("releases-bad-state", "/releases/?state=bad"),
        ("releases-eln", "/releases/ELN"),
        ("releases-eln-lower", "/releases/eln"),
        ("releases-eln-long", "/releases/Fedora%20ELN"),
        ("releases-rawhide", "/releases/rawhide"),
        ("releases-unknown", "/releases/F99"),
        ("releases-no-slash", "/releases?state=pending"),
    ] {
        compare(name, &client.get(path).await?);
    }
    Ok(())
}

#[tokio::test]
async fn logins_agree() -> Result<()> {
    let mut client = Client::start().await?;
    let url = client.url("/oidc/login-token");
    for (name, header) in [
        ("login-token-ok", Some("Bearer token")),
        ("login-token-bad", Some("Bearer of nothing")),
        ("login-token-missing", None),
        ("login-token-basic", Some("Basic YTpi")),
    ] {
        let request = header
            .iter()
            .fold(client.http.get(&url), |request, value| request.header("authorization", *value));
        compare(name, &client.send(request).await?);
    }
    Ok(())
}

#[tokio::test]
async fn refused_bodies_agree() -> Result<()> {
    let mut client = Client::start().await?;
    let tag = client.side_tag(&["tar"])?;
    let with = |key: &str, value: Value| {
        let mut body = update(&tag);
        body[key] = value;
        body
    };
    let without = |key: &str| {
        let mut body = update(&tag);
        body.as_object_mut().map(|map| map.remove(key));
        body
    };
    let several = json!({"type": "weird", "severity": "x", "suggest": "y", "stable_karma": 0, "unstable_karma": 0,
        "stable_days": -1, "from_tag": tag, "notes": "ELN rebuild batch 317"});
    for (name, body) in [
        ("create-bad-wrong-csrf", with("csrf_token", json!("f".repeat(40)))),
        ("create-bad-missing-type", without("type")),
        ("create-bad-type", with("type", json!("weird"))),
        ("create-bad-missing-notes", without("notes")),
        ("create-bad-short-notes", with("notes", json!("h"))),
        ("create-bad-long-notes", with("notes", json!("x".repeat(10_001)))),
        ("create-bad-several", several),
        ("create-bad-security-severity", with("type", json!("security"))),
        ("create-bad-no-tag-no-builds", without("from_tag")),
        ("create-bad-from-tag-null", with("from_tag", json!(null))),
        ("create-bad-from-tag-empty", with("from_tag", json!(""))),
        ("create-bad-unknown-side-tag", update("eln-build-side-1")),
        ("create-bad-not-a-side-tag", update("eln")),
        ("create-bad-build-unknown", with("builds", json!(["nosuch-1-1.eln150"]))),
        ("no-slash-post", update(&tag)),
    ] {
        let path = if name == "no-slash-post" { "/updates" } else { "/updates/" };
        compare(name, &client.post(path, body).await?);
    }
    let empty = client.side_tag(&[])?;
    compare("create-bad-empty-side-tag", &client.create(&empty).await?);
    let url = client.url("/updates/");
    for (name, kind, text) in [
        ("create-bad-no-csrf", "application/json", update(&tag).to_string()),
        ("create-bad-empty-json", "application/json", "{}".to_owned()),
        ("create-bad-json", "application/json", "{bad".to_owned()),
        ("create-bad-json-array", "application/json", "[1]".to_owned()),
        ("create-bad-text-plain", "text/plain", "x".to_owned()),
    ] {
        let request = client.http.post(&url).header("content-type", kind).body(text);
        compare(name, &client.send(request).await?);
    }
    Ok(())
}

#[tokio::test]
async fn refused_persons_agree() -> Result<()> {
    let mut client = Client::start_with(json!({"newcomers": ["kojira"], "tokens": {"token": "ebs", "theirs": "other", "new": "kojira"}})).await?;
    let tag = client.side_tag(&["tar"])?;
    client.log_in("theirs").await?;
    compare("create-bad-other-users-side-tag", &client.create(&tag).await?);
    client.log_in("new").await?;
    compare("create-bad-not-packager", &client.create(&tag).await?);
    client.cookies.remove("auth_tkt");
    compare("create-bad-not-logged-in", &client.create(&tag).await?);
    client.cookies.insert("auth_tkt".to_owned(), "garbage".to_owned());
    compare("create-bad-invalid-cookie", &client.create(&tag).await?);
    client.log_in("token").await?;
    client.cookies.remove("session");
    compare("create-bad-csrf-no-session", &client.create(&tag).await?);
    Ok(())
}

#[tokio::test]
async fn created_updates_agree() -> Result<()> {
    let mut client = Client::start().await?;
    let tag = client.side_tag(&["x"])?;
    let made = client.create(&tag).await?;
    compare("create-ok-1-build", &made);
    let made: Value = serde_json::from_str(&made.body)?;
    let alias = made["alias"].as_str().context("no alias")?.to_owned();
    compare("get-pending", &client.get(&format!("/updates/{alias}")).await?);
    compare("create-bad-same-side-tag", &client.create(&tag).await?);
    let other = client.side_tag(&["x"])?;
    compare("create-bad-build-in-other-update", &client.create(&other).await?);
    compare("list-builds", &client.get("/updates/?builds=x-1-1.eln151&rows_per_page=100").await?);
    compare(
        "list-from-side-tag-name",
        &client.get(&format!("/updates/?from_side_tag_name={tag}")).await?,
    );
    let form = [
        ("type", "unspecified"),
        ("from_tag", &client.side_tag(&["y"])?),
        ("notes", "two"),
        ("csrf_token", &client.csrf.clone()),
    ];
    let request = client.http.post(client.url("/updates/")).form(&form);
    compare("create-ok-form", &client.send(request).await?);
    let newer = client.side_tag_of(&[("x", "2")])?;
    compare("create-ok-obsoletes", &client.create(&newer).await?);
    compare("get-obsolete", &client.get(&format!("/updates/{alias}")).await?);
    Ok(())
}

#[tokio::test]
async fn requests_agree() -> Result<()> {
    let mut client = Client::start().await?;
    let tag = client.side_tag(&["x"])?;
    let made: Value = serde_json::from_str(&client.create(&tag).await?.body)?;
    let path = format!("/updates/{}/request", made["alias"].as_str().context("no alias")?);
    for (name, request) in [
        ("request-stable-on-pending", "stable"),
        ("request-unpush-on-pending", "unpush"),
        ("request-bad-value", "weird"),
        ("request-revoke-pending-no-request", "revoke"),
        ("request-testing-on-pending", "testing"),
        ("request-revoke-ok", "revoke"),
    ] {
        compare(name, &client.post(&path, json!({"request": request})).await?);
    }
    let unknown = "/updates/FEDORA-2026-0000000000/request";
    compare("request-unknown-alias", &client.post(unknown, json!({"request": "revoke"})).await?);
    let moved = client.side_tag(&["x"])?;
    compare("create-ok-builds-of-unpushed", &client.create(&moved).await?);
    Ok(())
}

#[tokio::test]
async fn a_long_nvr_breaks_the_server_and_its_next_request() -> Result<()> {
    let mut client = Client::start().await?;
    let long = client.side_tag(&[&"x".repeat(100)])?;
    compare("create-crash-long-nvr", &client.create(&long).await?);
    let tag = client.side_tag(&["x"])?;
    compare("after-crash-post", &client.create(&tag).await?);
    assert_eq!(client.create(&tag).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_refusal_can_hide_a_created_update() -> Result<()> {
    let mut client =
        Client::start_with(json!({"outcomes": {"x": ["created_but400"], "y": ["created_but502"]}}))
            .await?;
    let tag = client.side_tag(&["x"])?;
    compare("create-bad-but-created", &client.create(&tag).await?);
    compare(
        "find-after-failed-create",
        &client
            .get(&format!(
                "/updates/?from_side_tag_name={tag}&builds=x-1-1.eln151&rows_per_page=100"
            ))
            .await?,
    );
    compare("create-again-after-failed", &client.create(&tag).await?);
    let tag = client.side_tag(&["y"])?;
    assert_eq!(client.create(&tag).await?.status, 502);
    assert!(
        client
            .get(&format!("/updates/?from_side_tag_name={tag}"))
            .await?
            .body
            .contains("\"total\":1")
    );
    Ok(())
}

#[tokio::test]
async fn updates_end_as_the_script_says_and_a_stable_one_takes_its_side_tag_along() -> Result<()> {
    let quick = json!({"gating": true, "timing": {"tag_ms": 0, "sign_ms": 0, "gate_ms": 0, "approve_ms": 0},
        "outcomes": {"b": ["obsoleted"], "c": ["unpushed"], "d": ["gating_failed"], "e": ["conflict"], "f": ["never_stable"]}});
    let mut client = Client::start_with(quick).await?;
    for (package, status, gating) in [
        ("a", "stable", "ignored"),
        ("b", "obsolete", "waiting"),
        ("c", "unpushed", "waiting"),
        ("d", "testing", "failed"),
        ("e", "pending", "ignored"),
        ("f", "testing", "ignored"),
    ] {
        let tag = client.side_tag(&[package])?;
        let made: Value = serde_json::from_str(&client.create(&tag).await?.body)?;
        let alias = made["alias"].as_str().context("no alias")?;
        let shown: Value =
            serde_json::from_str(&client.get(&format!("/updates/{alias}")).await?.body)?;
        assert_eq!(
            (&shown["update"]["status"], &shown["update"]["test_gating_status"]),
            (&json!(status), &json!(gating)),
            "{package}"
        );
        let stable = client.sim.world.read(|state| {
            let build = state.build_named(&format!("{package}-1-1.eln151")).map(|build| build.id);
            let eln = state.tag_named("eln").map(|tag| tag.id);
            eln.zip(build).is_some_and(|(eln, build)| state.is_tagged(eln, build))
        });
        assert_eq!(stable, status == "stable", "{package}");
        assert_eq!(
            client.sim.world.read(|state| state.tag_named(&tag).is_none()),
            status == "stable",
            "{package}"
        );
    }
    Ok(())
}
