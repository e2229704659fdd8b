//! People ask a whole coordinator for a change: nobody may, a stranger may not, and the leader answers.

use anyhow::Result;
use ebs_shared::{
    clock::System,
    token::{Scope, Token},
};
use fedora_sim::{control::Announce, script::Script};
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

#[tokio::test]
async fn rows_of_another_service_are_taken_from_who_may_and_in_portions() -> Result<()> {
    let mut ground = Ground::new(Script::default()).await?;
    let (secret, token) = Token::make("alice", Scope::Operate, None, &System)?;
    let (reader, other) = Token::make("bob", Scope::Read, None, &System)?;
    ground.tokens = Some(format!("{token}\n{other}"));
    let coordinator = ground.start().await?;
    let settled = |status: &Value| {
        status["leader"]["here"] == true && status["configuration"]["snapshot"].is_u64()
    };
    coordinator.until("it leads", settled).await?;
    let post = async |token: &str, body: &Value| -> Result<(u16, Value)> {
        let request = reqwest::Client::new().post(format!("{}/api/v1/import", coordinator.url));
        let answer = request.bearer_auth(token).body(body.to_string()).send().await?;
        let (status, text) = (answer.status().as_u16(), answer.text().await?);
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    };
    let row =
        |number: usize| serde_json::json!({ "component": "bash", "build": number, "created": 1 });
    let rows = |count: usize| {
        let rows: Vec<Value> = (0..count).map(row).collect();
        serde_json::json!({ "reason": "switch", "triggers": rows })
    };
    assert_eq!(post(&reader, &rows(1)).await?.0, 403);
    let odd = serde_json::json!({ "reason": "switch", "triggers": [{ "component": "bash" }] });
    for (body, error) in [(odd, "bad_body"), (rows(0), "bad_rows"), (rows(201), "bad_rows")] {
        let (status, answer) = post(&secret, &body).await?;
        assert_eq!((status, answer["error"].as_str()), (400, Some(error)), "{answer}");
    }
    // Longer than any body that is read.
    assert_eq!(post(&secret, &rows(5_000)).await?.0, 413);
    let (status, answer) = post(&secret, &rows(200)).await?;
    assert_eq!(
        (status, answer["result"].as_str()),
        (200, Some("nothing to take over")),
        "{answer}"
    );
    let verdicts = answer["triggers"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(
        verdicts.len() == 200 && verdicts.iter().all(|row| row["fate"] == "refused"),
        "{answer}"
    );
    coordinator.end().await
}

/// Status and text of the answer to what a client of the Python service posts.
async fn post(coordinator: &Coordinator, token: &str, body: (&str, &str)) -> Result<(u16, String)> {
    let (media_type, text) = body;
    let request = reqwest::Client::new().post(format!("{}/trigger", coordinator.url));
    let request = request.header("Content-Type", media_type).body(text.to_owned());
    let answer = request.bearer_auth(token).send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

#[tokio::test]
async fn clients_of_the_python_service_trigger_as_they_did() -> Result<()> {
    let mut ground = Ground::new(Script::default()).await?;
    // It was tagged before we began: nothing is built by itself.
    ground.tag("bash", "5", Announce::Lost)?;
    let (secret, token) = Token::make("alice", Scope::Operate, None, &System)?;
    ground.tokens = Some(token.to_string());
    let coordinator = ground.start().await?;
    let settled = |status: &Value| {
        status["leader"]["here"] == true && status["configuration"]["snapshot"].is_u64()
    };
    coordinator.until("it leads", settled).await?;
    let json = "Application/JSON; charset=utf-8";
    let odd = [
        (415, ("text/plain", r#"["bash"]"#)),
        (400, (json, "[bash")),
        (400, (json, r#"{"names": ["bash"]}"#)),
        (400, (json, r#"["bash", 7]"#)),
    ];
    for (code, body) in odd {
        let (status, text) = post(&coordinator, &secret, body).await?;
        assert_eq!(status, code, "{body:?}: {text}");
    }
    let (status, text) = post(&coordinator, "ebs_guess", (json, r#"["bash"]"#)).await?;
    assert_eq!(status, 401, "{text}");
    let (status, text) = post(&coordinator, &secret, (json, r#"["zsh", "bash", "emacs"]"#)).await?;
    let expected = "User: token/alice\nTriggered: bash\nNot triggered: emacs: no list and no override names it\n\
                    Not triggered: zsh: it has no build in f45\n";
    assert_eq!((status, text.as_str()), (200, expected));
    let built = |status: &Value| status["triggers_by_answer"]["built"] == 1;
    coordinator.until("it is built", built).await?;
    coordinator.until("its batch is over", |status| status["current"].is_null()).await?;
    let (status, text) = post(&coordinator, &secret, (json, r#"["bash"]"#)).await?;
    assert_eq!((status, text.as_str()), (200, "User: token/alice\nTriggered: bash\n"));
    let again = |status: &Value| status["triggers_by_answer"]["built"] == 2;
    coordinator.until("it is built again, as the Python service would", again).await?;
    let (status, text) = post(&coordinator, &secret, (json, "[]")).await?;
    assert_eq!((status, text.as_str()), (200, "User: token/alice\nTriggered: \n"));
    coordinator.end().await
}
