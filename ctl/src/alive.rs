//! Whether a program is alive, for what starts it again if it is not. A worker answers in words, a coordinator in JSON.

use std::process::ExitCode;

use crate::{
    NOT_READY,
    client::{AskError, Client},
    model::Readiness,
};

/// What the program says of itself, and the exit code.
pub(crate) async fn told(client: &Client, json: bool) -> Result<(String, ExitCode), AskError> {
    let (alive, body) = client.alive().await?;
    let code = if alive { ExitCode::SUCCESS } else { ExitCode::from(NOT_READY) };
    let own = String::from_utf8_lossy(&body).trim().to_owned();
    Ok(match serde_json::from_slice::<Readiness>(&body) {
        Ok(answer) if !json => (words(&answer), code),
        Ok(_) | Err(_) => (own, code),
    })
}

fn words(answer: &Readiness) -> String {
    let faults = answer.conditions.iter().filter_map(|condition| {
        condition.fault.as_ref().map(|fault| format!("{}: {fault}", condition.name))
    });
    let faults: Vec<String> = faults.collect();
    match (answer.ok, faults.is_empty()) {
        (true, _) => "alive".to_owned(),
        (false, true) => "not alive".to_owned(),
        (false, false) => format!("not alive: {}", faults.join("; ")),
    }
}
