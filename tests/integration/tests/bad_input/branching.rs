//! Bodhi gives Rawhide another name while the coordinator runs, as at branching.

use anyhow::Result;
use fedora_sim::{
    control::{Announce, NewTag},
    script::{Script, TagScript},
};
use serde_json::{Value, json};

use crate::ground::{Coordinator, Ground};

/// Rawhide becomes `f46`.
fn branch(ground: &Ground) -> Result<()> {
    ground.fedora()?.world.change(|state| {
        let tag = TagScript { name: "f46".to_owned(), ..TagScript::default() };
        state.script.tags.push(tag);
        state.script.trigger_tag = "f46".to_owned();
        state.populate_missing();
    });
    Ok(())
}

/// A build enters this tag, and the archive alone tells of it.
fn tag(ground: &Ground, tag: &str, name: &str, version: &str) -> Result<()> {
    let new = NewTag {
        name: name.to_owned(),
        version: version.to_owned(),
        release: format!("1.{}", tag.replace('f', "fc")),
        commit: format!("{:040x}", name.len() * 100 + version.len()),
        tag: Some(tag.to_owned()),
        announce: Announce::Dropped,
        ..NewTag::default()
    };
    ground.fedora()?.world.change(|state| state.tag_for_test(&new))?;
    Ok(())
}

fn tags(status: &Value) -> Vec<&str> {
    let tags = status["trigger_tags"].as_array().into_iter().flatten();
    tags.filter_map(|view| view["tag"].as_str()).collect()
}

async fn until_built(coordinator: &Coordinator, count: u64) -> Result<()> {
    let built = |status: &Value| status["triggers_by_answer"] == json!({"built": count});
    coordinator.until("all are built", built).await.map(drop)
}

#[tokio::test]
async fn when_rawhide_changes_its_name_both_tags_trigger_and_do_so_after_a_restart() -> Result<()> {
    let mut ground = Ground::new(Script::default()).await?;
    ground.trigger_tag = "rawhide";
    let coordinator = ground.start().await?;
    coordinator.until("it watches f45", |status| tags(status) == ["f45"]).await?;
    branch(&ground)?;
    let status = coordinator.until("both", |status| tags(status) == ["f46", "f45"]).await?;
    let views = &status["trigger_tags"];
    assert_eq!(views[0]["instead_of"], "f45");
    assert!(views[0]["since"].is_i64() && views[1]["until"].as_i64() > views[0]["since"].as_i64());
    tag(&ground, "f45", "bash", "5")?;
    tag(&ground, "f46", "zsh", "5")?;
    until_built(&coordinator, 2).await?;
    coordinator.end().await?;

    let coordinator = ground.start().await?;
    coordinator.until("both again", |status| tags(status) == ["f46", "f45"]).await?;
    tag(&ground, "f45", "bash", "17")?;
    until_built(&coordinator, 3).await?;
    coordinator.end().await
}
