//! Against a provider that is played: who it is that walks there is proven by cookies here, by a ticket in the integration tests.

use std::{collections::BTreeMap, sync::Mutex};

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use url::form_urlencoded;

use super::*;
use crate::exchange::{Ask, NoReply, Reply};

const BASE: &str = "https://id.example.org/openidc";

/// A provider.
#[derive(Default)]
struct Played {
    /// Where its page sends a visitor on to.
    elsewhere: Option<&'static str>,
    /// What its last page is, if it is not the code's.
    page: Option<&'static str>,
    /// Whether it can show a code on a page.
    oob: bool,
    /// How long its tokens live, in seconds.
    lives: u64,
    /// Whether it takes no refresh token.
    forgetful: bool,
    /// Forms that came to its token endpoint.
    granted: Mutex<Vec<BTreeMap<String, String>>>,
}

fn reply(status: u16, body: String) -> Reply {
    let status = StatusCode::from_u16(status).unwrap();
    Reply { status, headers: HeaderMap::new(), body: body.into() }
}

fn sent_to(place: &str) -> Reply {
    let mut reply = reply(302, String::new());
    reply.headers.insert(header::LOCATION, HeaderValue::from_str(place).unwrap());
    reply
}

fn pairs(text: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(text).into_owned().collect()
}

impl Played {
    fn page(&self, ask: &Ask) -> Reply {
        let asked = pairs(ask.url.query().unwrap_or_default().as_bytes());
        assert_eq!(asked["client_id"], "bodhi-client");
        if let Some(place) = self.elsewhere {
            return sent_to(place);
        }
        // The first visit gets a cookie and is sent round once.
        let Some(cookie) = ask.headers.get(header::COOKIE) else {
            let mut reply = sent_to(ask.url.as_str());
            reply
                .headers
                .insert(header::SET_COOKIE, HeaderValue::from_static("walk=w%3D1; Path=/; Secure"));
            return reply;
        };
        assert_eq!(cookie, "walk=w%3D1");
        let said = format!("code=c-1&state={}", asked["state"]);
        match (self.page, self.oob) {
            (Some(page), _) => reply(200, page.to_owned()),
            (None, true) => {
                reply(200, format!("<html><head><title> {said} </title></head></html>"))
            }
            (None, false) => sent_to(&format!("{}?{said}", asked["redirect_uri"])),
        }
    }

    fn token(&self, ask: &Ask) -> Reply {
        let form = pairs(&ask.body);
        let refused = self.forgetful && form["grant_type"] == "refresh_token";
        let mut granted = self.granted.lock().unwrap();
        granted.push(form);
        if refused {
            return reply(400, "{\"error\": \"invalid_grant\"}".to_owned());
        }
        let number = granted.len();
        reply(
            200,
            format!(
                "{{\"access_token\": \"a{number}\", \"refresh_token\": \"r{number}\", \"expires_in\": {}}}",
                self.lives
            ),
        )
    }

    fn grants(&self) -> Vec<String> {
        self.granted.lock().unwrap().iter().map(|form| form["grant_type"].clone()).collect()
    }
}

#[async_trait]
impl Exchange for Played {
    async fn exchange(&self, ask: Ask) -> Result<Reply, NoReply> {
        Ok(match (ask.method.clone(), ask.url.path()) {
            (Method::GET, "/openidc/.well-known/openid-configuration") => {
                let modes = if self.oob { "[\"query\", \"oob\"]" } else { "[\"query\"]" };
                reply(
                    200,
                    format!(
                        "{{\"authorization_endpoint\": \"{BASE}/Authorization\", \"token_endpoint\": \"{BASE}/Token\", \
                         \"response_modes_supported\": {modes}}}"
                    ),
                )
            }
            (Method::GET, "/openidc/Authorization") => self.page(&ask),
            (Method::POST, "/openidc/Token") => self.token(&ask),
            (method, path) => panic!("{method} {path} was not to be asked"),
        })
    }
}

fn source(provider: Played) -> (KerberosToken, Arc<Played>) {
    let provider = Arc::new(provider);
    let ticket = Kerberos::new(crate::config::Kerberos {
        keytab_file: "/nowhere".into(),
        principal: "ebs@EXAMPLE.ORG".to_owned(),
    });
    let limit = Duration::from_secs(10);
    let exchange = Arc::clone(&provider) as Arc<dyn Exchange>;
    (KerberosToken::new(ticket, exchange, &BASE.parse().unwrap(), limit), provider)
}

async fn said(provider: Played) -> String {
    source(provider).0.token(None).await.unwrap_err().to_string()
}

#[tokio::test]
async fn the_code_is_read_on_a_page_or_in_the_address_that_it_is_sent_to() {
    for oob in [true, false] {
        let (source, provider) = source(Played { oob, lives: 3600, ..Played::default() });
        assert_eq!(source.token(None).await.unwrap().expose(), "a1");
        let form = provider.granted.lock().unwrap()[0].clone();
        assert_eq!((form["code"].as_str(), form["client_id"].as_str()), ("c-1", "bodhi-client"));
        assert_eq!(form["redirect_uri"].starts_with("urn:"), oob);
    }
}

#[tokio::test]
async fn a_token_is_kept_and_one_that_bodhi_refused_is_got_anew() {
    let (source, provider) = source(Played { oob: true, lives: 3600, ..Played::default() });
    let first = source.token(None).await.unwrap();
    assert_eq!(source.token(None).await.unwrap(), first);
    assert_eq!(source.token(Some(&first)).await.unwrap().expose(), "a2");
    assert_eq!(provider.grants(), ["authorization_code", "authorization_code"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_refreshed_a_minute_before_it_ends() {
    let (source, provider) = source(Played { oob: true, lives: 100, ..Played::default() });
    source.token(None).await.unwrap();
    tokio::time::advance(Duration::from_secs(39)).await;
    assert_eq!(source.token(None).await.unwrap().expose(), "a1");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(source.token(None).await.unwrap().expose(), "a2");
    assert_eq!(provider.grants(), ["authorization_code", "refresh_token"]);
    assert_eq!(provider.granted.lock().unwrap()[1]["refresh_token"], "r1");
}

#[tokio::test]
async fn if_refreshing_is_refused_we_log_in_again() {
    let provider = Played { oob: true, lives: 1, forgetful: true, ..Played::default() };
    let (source, provider) = source(provider);
    source.token(None).await.unwrap();
    assert_eq!(source.token(None).await.unwrap().expose(), "a3");
    assert_eq!(provider.grants(), ["authorization_code", "refresh_token", "authorization_code"]);
}

#[tokio::test]
async fn nobody_is_sent_anywhere_else_and_no_form_is_filled_in() {
    let away = Played { elsewhere: Some("https://evil.example.org/"), ..Played::default() };
    assert!(
        said(away).await.contains("sends us to https://evil.example.org, which is not followed")
    );
    let plain = Played {
        elsewhere: Some("http://id.example.org/openidc/Authorization"),
        ..Played::default()
    };
    assert!(said(plain).await.contains("which is not followed"));
    let page = "<html><title>Log in</title><form><input name=password></form></html>";
    let form = Played { page: Some(page), oob: true, ..Played::default() };
    assert!(said(form).await.contains("not the answer to our question"));
    let ring = Played {
        elsewhere: Some("/openidc/Authorization?client_id=bodhi-client"),
        ..Played::default()
    };
    assert!(said(ring).await.contains("more than 12 redirects"));
}
