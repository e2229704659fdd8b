//! A whole batch in the distributed form, in which everything wants a secret and everything is logged: no secret is found in
//! what was written, and one trace id is in the lines of every process. Needs the programs built: `cargo build --workspace`.

#![cfg(test)]

mod lines;
mod scene;
mod sought;

use std::time::Duration;

use anyhow::{Result, ensure};

use scene::Scene;
use sought::{Found, Sought};

/// The longest that the batch may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Fails, naming what is found where, but not the secrets.
fn nothing(found: &[Found]) -> Result<()> {
    ensure!(found.is_empty(), "secrets are written down: {found:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_what_a_whole_run_writes_and_one_trace_goes_through_all_of_it() -> Result<()>
{
    let scene = Scene::start().await?;
    let played = scene.play(LIMIT).await;
    let written = scene.written().await;
    let logs = scene.stop().await?;
    let secrets = [scene::secrets()?, played?].concat();
    let mut found = Vec::new();
    let sought = Sought::of(&secrets, &logs.token);
    for (place, bytes) in written?.iter().chain(&logs.files) {
        found.extend(sought.found_in(place, bytes));
    }
    for spans in &logs.spans {
        found.extend(sought.found_in("spans", spans));
    }
    nothing(&found)?;
    lines::all_are_objects(&logs)?;
    let trace = lines::one_trace(&logs)?;
    lines::spans_have(&logs, &trace)
}
