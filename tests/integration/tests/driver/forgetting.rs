//! The timer that forgets what is over, in virtual time.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, bail};
use ebs_coordinator::{
    intake::CAUGHT_UP_TO,
    retention::{FORGET_SILENT, Forgetting},
    store::{Candidate, Change, Lease, NewTrigger, Store},
    web::{Health, Need},
};
use ebs_domain::{
    id::{BuildId, Epoch},
    time::Timestamp,
};
use ebs_shared::config::Retention;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::world::World;

const DAY: Duration = Duration::from_secs(24 * 3600);

const HOUR: Duration = Duration::from_secs(3600);

/// A trigger that was answered at once, and came at this time.
fn answered(number: i64, created: Timestamp) -> Result<Change> {
    Ok(Change::AddTrigger(NewTrigger {
        component: "bash".parse()?,
        tag: "rawhide".to_owned(),
        build: BuildId::new(number),
        nvr: format!("bash-{number}-1.fc45"),
        cause: r#"{"cause":"message"}"#.to_owned(),
        by_person: false,
        message: None,
        created,
        answer: Some(r#"{"answer":"not_listed"}"#.to_owned()),
        shown: Some("not_listed".to_owned()),
    }))
}

async fn lead(world: &World) -> Result<Epoch> {
    let candidate = Candidate { owner: "a".to_owned(), instance: "a".to_owned(), ttl: 1000 * DAY };
    let Lease::Leading { epoch } = world.store.lead(&candidate).await? else {
        bail!("somebody else leads")
    };
    Ok(epoch)
}

#[tokio::test(start_paused = true)]
async fn what_is_over_goes_when_its_time_has_come_and_not_before_it_is_caught_up_on() -> Result<()>
{
    let world = World::new(&[])?;
    let (epoch, now, health) = (lead(&world).await?, world.parts.clock.now(), Health::default());
    let mark = |at: Timestamp| Change::PutMark {
        name: CAUGHT_UP_TO.to_owned(),
        value: at.millis().to_string(),
    };
    // The archive was read last before the second came; the last one is the newest, which always stays.
    let changes = vec![
        answered(1, now - 250 * DAY)?,
        answered(2, now - 190 * DAY)?,
        answered(3, now - 179 * DAY)?,
        answered(4, now)?,
        mark(now - 200 * DAY),
    ];
    world.store.commit(epoch, changes).await?;
    let left = || world.store.rows().triggers.len();
    let forgetting = Forgetting {
        store: Arc::clone(&world.parts.store),
        clock: Arc::clone(&world.parts.clock),
        retention: Retention::default(),
        health: health.part("retention", Need::Leading, Some(FORGET_SILENT)),
    };
    let over = CancellationToken::new();
    let runs = tokio::spawn(forgetting.run(epoch, over.clone()));
    sleep(HOUR / 2).await;
    assert_eq!(left(), 3, "the first is older than all that is read again");
    world.store.commit(epoch, vec![mark(now)]).await?;
    sleep(HOUR).await;
    assert_eq!(left(), 2, "the second is known to have been read");
    sleep(DAY).await;
    assert_eq!(left(), 1, "the third is old enough now");
    assert_eq!(health.conditions()[0].fault, None);
    // Another leads: this one can remove nothing more, and says so.
    world
        .store
        .lead(&Candidate { owner: "b".to_owned(), instance: "a".to_owned(), ttl: DAY })
        .await?;
    sleep(HOUR).await;
    let fault = health.conditions()[0].fault.clone().unwrap_or_default();
    assert!(fault.contains("another instance leads now"), "{fault}");
    over.cancel();
    runs.await?;
    Ok(())
}
