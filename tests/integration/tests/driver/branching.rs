//! Around branching: builds of the former trigger tag beside those of the one that the configuration names.

use std::collections::BTreeMap;

use anyhow::Result;
use ebs_domain::batch::Member;

use crate::world::World;

const PACKAGES: [&str; 4] = ["acl", "bash", "sed", "zlib-ng"];

/// The Rawhide builds that the batch was made of, by component.
fn taken(world: &World) -> BTreeMap<String, String> {
    let members: Vec<Member> = world
        .store
        .rows()
        .members
        .values()
        .filter_map(|row| serde_json::from_str(&row.state).ok())
        .collect();
    let rows = world.store.rows();
    let names = rows.members.keys().map(|(_, component)| component.to_string());
    names.zip(members.into_iter().map(|member| member.rawhide_nvr)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_build_of_the_former_tag_is_confirmed_there_and_yields_to_a_newer_one_of_the_new_tag()
-> Result<()> {
    let mut world = World::new(&PACKAGES)?;
    world.start_worker()?;
    let mut sightings = vec![
        // In the former tag alone, in both with either one newer, and in the new one alone.
        world.sighting("former", "acl", "1")?,
        world.sighting("former", "bash", "9")?,
        world.sighting("former", "sed", "10")?,
        world.sighting("rawhide", "zlib-ng", "1")?,
    ];
    // These two are in the new tag too; only one of them has triggered from there.
    world.sighting("rawhide", "bash", "10")?;
    sightings.push(world.sighting("rawhide", "sed", "9")?);
    let leader = world.lead().await?;
    leader.sight(sightings).await?;
    world.until("the batch is done", |world| world.store.phase() == "done").await?;
    let expected = [
        ("acl", "acl-1-1.fc45"),
        ("bash", "bash-10-1.fc45"),
        ("sed", "sed-10-1.fc45"),
        ("zlib-ng", "zlib-ng-1-1.fc45"),
    ];
    let expected = expected.map(|(name, nvr)| (name.to_owned(), nvr.to_owned()));
    assert_eq!(taken(&world), expected.into());
    leader.stop().await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_former_tag_that_is_gone_holds_up_nothing() -> Result<()> {
    let mut world = World::new(&["acl", "bash"])?;
    world.start_worker()?;
    let sightings =
        vec![world.sighting("former", "acl", "1")?, world.sighting("rawhide", "bash", "1")?];
    world.fedora.state().tags.remove(&crate::world::tag("former"));
    let leader = world.lead().await?;
    leader.sight(sightings).await?;
    world.until("the batch is done", |world| world.store.phase() == "done").await?;
    let answers: Vec<_> = world
        .store
        .rows()
        .triggers
        .values()
        .map(|row| row.trigger.shown.clone().unwrap_or_default())
        .collect();
    assert_eq!(answers, ["withdrawn", "built"]);
    leader.stop().await?;
    Ok(())
}
