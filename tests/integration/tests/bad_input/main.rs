//! Bad input and bad neighbours: a coordinator neither panics nor loses a trigger, and says what it waits for.

mod asking;
mod bodies;
mod branching;
mod ground;
mod reconcile;
mod snapshots;

use anyhow::Result;
use ebs_coordinator::store::{StoreError, StoreErrorKind};
use ebs_integration::rabbit::Rabbit;
use fedora_sim::{
    control::Announce,
    script::{Faults, Script, Trouble},
};
use ground::{Ground, overrides};
use serde_json::Value;
use sqlx::Connection as _;

/// A Fedora whose hub is away from the beginning, and whose archive is not.
fn hub_away(trouble: Trouble) -> Script {
    Script { faults: Faults { now: Some(trouble), ..Faults::default() }, ..Script::default() }
}

fn is_waiting(status: &Value) -> bool {
    status["current"]["waiting"].is_string()
}

/// Nothing failed, and every trigger was built.
fn all_built(batch: &Value) {
    assert_eq!((&batch["failed"], &batch["others"]), (&Value::from(0), &Value::from(0)), "{batch}");
}

#[tokio::test]
async fn a_hub_that_cannot_be_reached_at_the_start_is_waited_for_and_the_batch_goes_on()
-> Result<()> {
    let ground = Ground::new(hub_away(Trouble::Cut)).await?;
    let coordinator = ground.start().await?;
    coordinator.until("it leads", |status| status["leader"]["here"] == true).await?;
    ground.tag("bash", "5", Announce::Once)?;
    let status = coordinator.until("it says that it waits", is_waiting).await?;
    assert_eq!(status["current"]["phase"], "preparing");
    let waiting = status["current"]["waiting"].as_str().unwrap_or_default();
    assert!(waiting.contains("Koji has not been available since"), "{waiting}");
    // A trigger of the meantime is stored, for the next batch.
    ground.tag("zsh", "5", Announce::Once)?;
    coordinator.until("the trigger is stored", |status| status["pending_total"] == 1).await?;
    ground.fedora()?.world.change(|state| state.script.faults.now = None);
    let done = |status: &Value| status["recent"].as_array().is_some_and(|all| all.len() == 2);
    let status = coordinator.until("both batches are done", done).await?;
    for batch in status["recent"].as_array().into_iter().flatten() {
        assert_eq!(batch["outcome"], "done");
        assert_eq!(batch["succeeded"], 1);
        all_built(batch);
    }
    coordinator.end().await
}

#[tokio::test]
async fn it_starts_where_nobody_listens_and_goes_on_when_fedora_is_there() -> Result<()> {
    let mut ground = Ground::new(Script::default()).await?;
    ground.away().await;
    let coordinator = ground.start().await?;
    coordinator.until("it leads", |status| status["leader"]["here"] == true).await?;
    ground.back(Script::default()).await?;
    ground.tag("bash", "5", Announce::Once)?;
    all_built(&coordinator.batch_with(1).await?);
    coordinator.end().await
}

#[tokio::test]
async fn a_hub_that_answers_with_web_pages_fails_no_build() -> Result<()> {
    let ground = Ground::new(hub_away(Trouble::Html)).await?;
    let coordinator = ground.start().await?;
    coordinator.until("it leads", |status| status["leader"]["here"] == true).await?;
    ground.tag("bash", "5", Announce::Once)?;
    coordinator.until("it says that it waits", is_waiting).await?;
    ground.fedora()?.world.change(|state| state.script.faults.now = None);
    all_built(&coordinator.batch_with(1).await?);
    coordinator.end().await
}

#[tokio::test]
async fn a_wrong_password_is_shown_fails_no_build_and_ends_with_the_right_one() -> Result<()> {
    let mut ground = Ground::new(Script::default()).await?;
    ground.password = "guessed";
    let coordinator = ground.start().await?;
    coordinator.until("it leads", |status| status["leader"]["here"] == true).await?;
    ground.tag("bash", "5", Announce::Once)?;
    let told = |status: &Value| {
        let waiting = status["current"]["waiting"].as_str().unwrap_or_default();
        waiting.contains("create_side_tag") && waiting.contains("the hub refuses our login")
    };
    let status = coordinator.until("it says that it is refused", told).await?;
    assert!(!status.to_string().contains("guessed"));
    assert_eq!(status["current"]["phase"], "preparing");
    coordinator.end().await?;

    ground.password = "ebspw";
    let coordinator = ground.start().await?;
    all_built(&coordinator.batch_with(1).await?);
    coordinator.end().await
}

#[tokio::test]
async fn a_broker_that_refuses_is_shown_and_the_archive_brings_the_triggers() -> Result<()> {
    let rabbit = Rabbit::start()?;
    let mut ground = Ground::new(Script::default()).await?;
    let url = rabbit.url().replace("guest:guest", "guest:wrong");
    ground.bus = Some(format!(
        "amqp_url = '{url}'\n[queues.ours]\ndurable = true\nauto_delete = false\nexclusive = false\narguments = {{}}\n\
         [[bindings]]\nqueue = 'ours'\nexchange = 'amq.topic'\nrouting_keys = ['#']\n[client_properties]\napp = 'a test'\n"
    ));
    let coordinator = ground.start().await?;
    ebs_integration::wait::until("the refusal is shown", async || {
        let ready = coordinator.json("ready").await?;
        let conditions = ready["conditions"].as_array();
        Ok(ready["ok"] == false
            && conditions.into_iter().flatten().any(|condition| {
                let fault = condition["fault"].as_str().unwrap_or_default();
                condition["name"] == "consumer" && fault.contains("ACCESS_REFUSED")
            }))
    })
    .await?;
    let alive = coordinator.json("alive").await?;
    assert_eq!(alive["ok"], true, "starting it again would not help: {alive}");
    coordinator.end().await?;

    // What was told meanwhile is in the archive: it comes with the right password.
    ground.tag("bash", "5", Announce::Once)?;
    ground.bus = ground.bus.map(|text| text.replace("guest:wrong", "guest:guest"));
    let coordinator = ground.start().await?;
    all_built(&coordinator.batch_with(1).await?);
    coordinator.end().await
}

#[tokio::test]
async fn a_database_newer_than_the_program_ends_it_with_both_versions() -> Result<()> {
    const NEWER: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 9999, 'from the future', success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1";
    let ground = Ground::new(Script::default()).await?;
    let coordinator = ground.start().await?;
    coordinator.until("it leads", |status| status["leader"]["here"] == true).await?;
    coordinator.end().await?;
    let url = format!("sqlite://{}", ground.database().display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await?;
    sqlx::raw_sql(NEWER).execute(&mut connection).await?;
    connection.close().await?;

    let error = ground.start().await?.ended().await?.unwrap_err();
    let stored = error.downcast_ref::<StoreError>().map(|error| &error.kind);
    assert!(matches!(stored, Some(StoreErrorKind::TooNew { found: 9999, .. })), "{error:?}");
    let text = format!("{error:#}");
    assert!(text.contains("9999") && text.contains("run the newer program"), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_message_that_is_no_json_is_kept_and_stands_in_nobodys_way() -> Result<()> {
    let rabbit = Rabbit::start()?;
    let mut ground = Ground::new(Script::default()).await?;
    if let Some(fedora) = &mut ground.fedora {
        fedora.publish_to(rabbit.url());
    }
    ground.bus = Some(bodies::bus_file(&rabbit.url()));
    let coordinator = ground.start().await?;
    coordinator.listens().await?;
    bodies::publish_odd(&rabbit.url()).await?;
    ground.tag("bash", "5", Announce::NotJson)?;
    ground.tag("zsh", "5", Announce::Once)?;
    all_built(&coordinator.batch_with(1).await?);
    let url = format!("sqlite://{}", ground.database().display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await?;
    let mut kept = Vec::new();
    ebs_integration::wait::until("all are kept", async || {
        let rows: Vec<(String,)> = sqlx::query_as("SELECT body FROM odd_messages ORDER BY body")
            .fetch_all(&mut connection)
            .await?;
        kept = rows.into_iter().map(|(body,)| body).collect();
        Ok(kept.len() >= bodies::KEPT.len())
    })
    .await?;
    assert_eq!(kept, bodies::KEPT);
    coordinator.end().await
}

#[tokio::test]
async fn an_nvr_over_100_characters_is_built_and_left_out_of_the_update_by_name() -> Result<()> {
    let mut ground = Ground::new(Script::default()).await?;
    let long = "a-package-with-a-name-that-is-long-enough-to-be-too-long-for-bodhi-once-version-and-release-are-added";
    ground.components = overrides(&[long, "bash"]);
    let coordinator = ground.start().await?;
    coordinator.until("it leads", |status| status["leader"]["here"] == true).await?;
    ground.tag(long, "5", Announce::Once)?;
    ground.tag("bash", "5", Announce::Once)?;
    let batch = coordinator.batch_with(2).await?;
    assert_eq!(batch["updates"], 1, "{batch}");
    let left_out = batch.to_string();
    assert!(left_out.contains("100"), "the reason is told: {left_out}");
    coordinator.end().await
}

#[tokio::test]
async fn the_word_rawhide_as_trigger_tag_is_what_bodhi_says() -> Result<()> {
    let mut ground = Ground::new(Script::default()).await?;
    ground.trigger_tag = "rawhide";
    let coordinator = ground.start().await?;
    coordinator.until("it leads", |status| status["leader"]["here"] == true).await?;
    ground.tag("bash", "5", Announce::Once)?;
    all_built(&coordinator.batch_with(1).await?);
    coordinator.end().await
}

#[tokio::test]
async fn one_build_told_by_bus_and_archive_is_one_trigger() -> Result<()> {
    let rabbit = Rabbit::start()?;
    let mut ground = Ground::new(Script::default()).await?;
    if let Some(fedora) = &mut ground.fedora {
        fedora.publish_to(rabbit.url());
    }
    ground.bus = Some(bodies::bus_file(&rabbit.url()));
    let coordinator = ground.start().await?;
    coordinator.listens().await?;
    ground.tag("bash", "5", Announce::Twice)?;
    all_built(&coordinator.batch_with(1).await?);
    // A new start reads the archive again, from before its mark.
    coordinator.end().await?;
    let coordinator = ground.start().await?;
    ground.tag("zsh", "5", Announce::Dropped)?;
    all_built(&coordinator.batch_with(1).await?);
    let two_built =
        |status: &Value| status["triggers_by_answer"] == serde_json::json!({"built": 2});
    coordinator.until("both are built, each once", two_built).await?;
    coordinator.end().await
}

#[tokio::test]
async fn a_false_message_is_answered_withdrawn_and_another_hubs_is_not_ours() -> Result<()> {
    let ground = Ground::new(Script::default()).await?;
    let coordinator = ground.start().await?;
    coordinator.until("it leads", |status| status["leader"]["here"] == true).await?;
    ground.tag("bash", "5", Announce::False)?;
    ground.tag("zsh", "5", Announce::Centos)?;
    let answered = |status: &Value| {
        status["triggers_by_answer"] == serde_json::json!({"withdrawn": 1})
            && status["recent"][0]["outcome"] == "empty"
    };
    coordinator.until("the false one is answered", answered).await?;
    coordinator.end().await
}
