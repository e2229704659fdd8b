//! People ask a whole coordinator for a change: nobody may, a stranger may not, and the leader answers.

use anyhow::Result;
use ebs_shared::{
    clock::System,
    token::{Scope, Token},
};
use fedora_sim::script::Script;
use serde_json::Value;

use crate::ground::{Coordinator, Ground};

const GIVE_UP: &str = "api/dead/b1.1.submit_builds%231/give-up";

/// Status and body of the answer to a request with this token.
async fn ask(coordinator: &Coordinator, token: Option<&str>) -> Result<(u16, Value)> {
    let url = format!("{}/{GIVE_UP}", coordinator.url);
    let request = reqwest::Client::new().post(url).body(r#"{"reason": "it is mended"}"#);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

#[tokio::test]
async fn a_change_needs_a_token_and_is_answered_by_the_leader() -> Result<()> {
    let mut ground = Ground::new(Script::default()).await?;
    let coordinator = ground.start().await?;
    coordinator.until("it leads", |status| status["leader"]["here"] == true).await?;
    let (status, body) = ask(&coordinator, Some("ebs_guess")).await?;
    assert_eq!((status, body["error"].as_str()), (403, Some("changes_off")), "{body}");
    coordinator.end().await?;

    let (secret, token) = Token::make("alice", Scope::Operate, None, &System)?;
    ground.tokens = Some(token.to_string());
    let coordinator = ground.start().await?;
    coordinator.until("it leads", |status| status["leader"]["here"] == true).await?;
    let (status, body) = ask(&coordinator, None).await?;
    assert_eq!((status, body["error"].as_str()), (401, Some("token_missing")), "{body}");
    let (status, body) = ask(&coordinator, Some("ebs_guess")).await?;
    assert_eq!((status, body["error"].as_str()), (401, Some("token_refused")), "{body}");
    let (status, body) = ask(&coordinator, Some(&secret)).await?;
    assert_eq!((status, body["error"].as_str()), (409, Some("refused")), "{body}");
    assert_eq!(body["text"], "no job `b1.1.submit_builds#1` is set aside");

    let audit = reqwest::Client::new().get(format!("{}/api/audit", coordinator.url));
    let audit: Value = audit.bearer_auth(&secret).send().await?.json().await?;
    assert_eq!(audit.as_array().map(Vec::len), Some(1), "only what was let in: {audit}");
    assert_eq!(audit[0]["who"], "token/alice");
    assert_eq!(audit[0]["why"], "it is mended");
    assert_eq!(audit[0]["result"], "refused: no job `b1.1.submit_builds#1` is set aside");
    assert_eq!(coordinator.json("status.json").await?["dead"], serde_json::json!([]));
    coordinator.end().await
}
