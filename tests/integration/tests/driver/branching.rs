//! Around branching: builds of the former trigger tag beside those of the one that the configuration names.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Result;
use ebs_coordinator::{
    driver::{Handle, Input},
    intake::{TRIGGER_TAGS, TagKeeper, TriggerTags, Watched, load_trigger_tags},
    store::Store,
    web::{Health, Need},
};
use ebs_domain::{batch::Member, id::TagName};
use tokio::{task::JoinHandle, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::world::{World, tag};

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
    world.fedora.state().tags.remove(&tag("former"));
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

/// How long a former tag triggers.
const OVERLAP: Duration = Duration::from_secs(1000);

/// Keeps the tags for one term; what is watched, and how the term ends.
fn keep(world: &World) -> (Watched, CancellationToken, JoinHandle<()>) {
    let (driver, mut inputs) = Handle::channel();
    let store = Arc::clone(&world.store);
    tokio::spawn(async move {
        while let Some(Input::Intake { marks, stored, .. }) = inputs.recv().await {
            store.rows().marks.extend(marks);
            let _ = stored.send(());
        }
    });
    let ((tell, watched), over) = (Watched::unknown(), CancellationToken::new());
    let keeper = TagKeeper {
        store: Arc::clone(&world.store) as Arc<dyn Store>,
        driver,
        snapshot: world.parts.snapshot.clone(),
        clock: Arc::clone(&world.parts.clock),
        overlap: OVERLAP,
        tags: tell,
        health: Health::default().part("trigger_tags", Need::Leading, None),
    };
    let task = tokio::spawn(keeper.run(over.clone()));
    (watched, over, task)
}

#[tokio::test(start_paused = true)]
async fn a_change_between_two_terms_is_seen_and_the_former_tag_is_watched_for_its_time()
-> Result<()> {
    let world = World::new(&[])?;
    let before = TriggerTags::first(tag("former"), world.parts.clock.now());
    world.store.rows().marks.insert(TRIGGER_TAGS.to_owned(), serde_json::to_string(&before)?);
    let both: [TagName; 2] = [tag("rawhide"), tag("former")];
    let (watched, over, task) = keep(&world);
    assert_eq!(watched.tags().await?, both);
    sleep(OVERLAP / 2).await;
    over.cancel();
    task.await?;
    let stored = load_trigger_tags(&*world.store).await?.map(|tags| (tags.current, tags.former));
    assert_eq!(stored.map(|(current, former)| (current, former.len())), Some((tag("rawhide"), 1)));
    let (watched, over, task) = keep(&world);
    assert_eq!(watched.tags().await?, both);
    sleep(OVERLAP / 2 + Duration::from_secs(60)).await;
    assert_eq!(watched.tags().await?, both[..1]);
    over.cancel();
    task.await?;
    Ok(())
}
