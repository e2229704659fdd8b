//! People who log in at a service: authorization code with PKCE, Basic at the token endpoint, an ID token, user info. Strict: what a
//! service must send is demanded, and a code is taken once.

use std::collections::BTreeMap;

use axum::{
    Json,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use ebs_domain::time::Timestamp;
use openidconnect::{
    Audience, EmptyAdditionalClaims, IssuerUrl, JsonWebKeyId, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, PrivateSigningKey as _, StandardClaims, SubjectIdentifier,
    core::{
        CoreHmacKey, CoreIdToken, CoreIdTokenClaims, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
        CoreRsaPrivateSigningKey,
    },
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::script::PeopleFault;
use crate::{tokens::Asked, world::State};

/// How long an ID token is good. Unit: milliseconds.
const LIFE_MS: i64 = 300_000;
/// More bytes than any answer has.
const ENDLESS: usize = 4 * 1024 * 1024;

type Form = BTreeMap<String, String>;

impl State {
    /// The way back to a service that somebody logs in at; nothing if it is not one of those.
    pub(super) fn authorize_person(&mut self, form: &Form) -> Option<Response> {
        let part = |key: &str| form.get(key).cloned().unwrap_or_default();
        let service = part("client_id");
        self.script.people.services.get(&service)?;
        let scopes = part("scope");
        let good = part("response_type") == "code"
            && part("code_challenge_method") == "S256"
            && scopes.split(' ').filter(|scope| *scope == "openid").count() == 1;
        let needed = ["redirect_uri", "state", "nonce", "code_challenge"].map(part);
        let Ok(mut back) = Url::parse(&needed[0]) else { return Some(bad("redirect_uri")) };
        if !good || needed.iter().any(String::is_empty) {
            return Some(bad("invalid_request"));
        }
        let [uri, state, nonce, challenge] = needed;
        if self.script.people.fault == Some(PeopleFault::Denied) {
            back.query_pairs_mut().append_pair("error", "access_denied");
        } else {
            self.logins.given += 1;
            let code = format!("sim-person-code-{}", self.logins.given);
            back.query_pairs_mut().append_pair("code", &code);
            self.logins.codes.insert(code, Asked { service, back: uri, nonce, challenge });
        }
        back.query_pairs_mut().append_pair("state", &state);
        Some((StatusCode::FOUND, [(header::LOCATION, back.to_string())]).into_response())
    }

    /// What a service is given for a code; nothing if the code is none of these. `issuer` is what the provider calls itself.
    pub(super) fn grant_person(
        &mut self,
        headers: &HeaderMap,
        form: &Form,
        (issuer, now): (&str, Timestamp),
    ) -> Option<Response> {
        let part = |key: &str| form.get(key).map(String::as_str).unwrap_or_default();
        if !part("code").starts_with("sim-person-code-") {
            return None;
        }
        // Whoever brings it, it is used up.
        let asked = self.logins.codes.remove(part("code"));
        let fault = self.script.people.fault;
        let verifier = PkceCodeVerifier::new(part("code_verifier").to_owned());
        let shown = basic(headers);
        let Some(asked) = asked.filter(|_| fault != Some(PeopleFault::CodeRefused)) else {
            return Some(bad("invalid_grant"));
        };
        let secret = self.script.people.services.get(&asked.service).cloned().unwrap_or_default();
        if shown != Some((asked.service.clone(), secret.clone())) {
            let body = Json(json!({"error": "invalid_client"}));
            return Some((StatusCode::UNAUTHORIZED, body).into_response());
        }
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        let same = part("redirect_uri") == asked.back && challenge.as_str() == asked.challenge;
        if !same || part("grant_type") != "authorization_code" {
            return Some(bad("invalid_grant"));
        }
        match fault {
            Some(PeopleFault::Garbage) => return Some("<html>proxy</html>".into_response()),
            Some(PeopleFault::Endless) => return Some(vec![b' '; ENDLESS].into_response()),
            Some(_) | None => {}
        }
        let token = format!("sim-person-token-{}", self.logins.given);
        self.logins.tokens.insert(token.clone(), self.script.people.person.clone());
        let mut given = json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600});
        if fault != Some(PeopleFault::NoIdToken) {
            given["id_token"] = self.id_token(&asked, &secret, (issuer, now))?.into();
        }
        Some(Json(given).into_response())
    }

    fn id_token(
        &self,
        asked: &Asked,
        secret: &str,
        (issuer, now): (&str, Timestamp),
    ) -> Option<String> {
        let (people, fault) = (&self.script.people, self.script.people.fault);
        let at = |millis: i64| DateTime::<Utc>::from_timestamp_millis(now.millis() + millis);
        let with = |which, wrong: &str, right: &str| {
            if fault == Some(which) { wrong } else { right }.to_owned()
        };
        let issuer = with(PeopleFault::WrongIssuer, "https://elsewhere.example.org/", issuer);
        let audience = with(PeopleFault::WrongAudience, "another-service", &asked.service);
        let nonce = with(PeopleFault::WrongNonce, "another-nonce", &asked.nonce);
        let end = if fault == Some(PeopleFault::Expired) { -1_000 } else { LIFE_MS };
        let claims = CoreIdTokenClaims::new(
            IssuerUrl::new(issuer).ok()?,
            vec![Audience::new(audience)],
            at(end)?,
            at(0)?,
            StandardClaims::new(SubjectIdentifier::new(people.person.sub.clone())),
            EmptyAdditionalClaims {},
        )
        .set_nonce(Some(Nonce::new(nonce)));
        let signed = match self.signing_key() {
            Some(key) if fault != Some(PeopleFault::WrongSignature) => {
                let alg = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
                CoreIdToken::new(claims, &key, alg, None, None)
            }
            Some(_) | None => {
                let (key, alg) = (CoreHmacKey::new(secret), CoreJwsSigningAlgorithm::HmacSha256);
                CoreIdToken::new(claims, &key, alg, None, None)
            }
        };
        signed.ok().map(|token| token.to_string())
    }

    fn signing_key(&self) -> Option<CoreRsaPrivateSigningKey> {
        let pem = self.script.people.signing_key.as_deref()?;
        CoreRsaPrivateSigningKey::from_pem(pem, Some(JsonWebKeyId::new("sim".to_owned()))).ok()
    }

    /// The keys that ID tokens are signed with, in public.
    pub(super) fn public_keys(&self) -> CoreJsonWebKeySet {
        let keys = self.signing_key().iter().map(|key| key.as_verification_key()).collect();
        CoreJsonWebKeySet::new(keys)
    }

    /// What is told of whoever an access token belongs to; nothing if it is none of these.
    pub(super) fn person_info(&self, token: &str) -> Option<Response> {
        let person = self.logins.tokens.get(token)?;
        let sub = match self.script.people.fault {
            Some(PeopleFault::NoUserInfo) => return Some(StatusCode::BAD_GATEWAY.into_response()),
            Some(PeopleFault::Redirected) => {
                let to = [(header::LOCATION, "/openidc/TokenInfo")];
                return Some((StatusCode::TEMPORARY_REDIRECT, to).into_response());
            }
            Some(PeopleFault::WrongSubject) => "somebody-else",
            Some(_) | None => &person.sub,
        };
        let mut told: Value = json!({"sub": sub, "groups": person.groups});
        if let Some(nickname) = &person.nickname {
            told["nickname"] = nickname.as_str().into();
        }
        Some(Json(told).into_response())
    }
}

fn bad(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response()
}

/// Name and secret as HTTP Basic has them, each decoded as a form's value first (RFC 6749, 2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(decoded(value)?).ok()?;
    let (name, secret) = text.split_once(':')?;
    let plain = |text: &str| {
        let mut pairs = form_urlencoded::parse(text.as_bytes());
        pairs.next().map(|(text, _)| text.into_owned())
    };
    Some((plain(name)?, plain(secret)?))
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
