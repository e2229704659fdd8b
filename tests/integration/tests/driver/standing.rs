//! The loops that feed the driver, each of which stands still: readiness names it.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use async_trait::async_trait;
use ebs_coordinator::{
    driver::Handle,
    feeds,
    intake::{CATCH_UP_SILENT, CAUGHT_UP_TO, CatchUp, Watched},
    store::{Candidate, Change, Lease, NewRequest, Store},
    web::{Health, Need, Reporter},
};
use ebs_shared::{
    bus::{
        datagrepper::Archive,
        message::{Origin, Reader},
    },
    clock::System,
    exchange::{Ask, Exchange, NoReply, Reply},
    queue::Producer,
};
use ebs_simulation::memory::Memory;
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{queue::Queue, world::World};

/// A network from which nothing ever comes, not even an end.
struct Silent;

#[async_trait]
impl Exchange for Silent {
    async fn exchange(&self, _ask: Ask) -> Result<Reply, NoReply> {
        std::future::pending().await
    }
}

fn of_a_term(health: &Health, name: &'static str) -> Reporter {
    health.part(name, Need::Leading, Some(feeds::ROUND))
}

/// The parts that do not hold, with why.
fn faults(health: &Health) -> Vec<String> {
    let conditions = health.conditions();
    let ready = health.suffices(&conditions);
    let fault = |it: ebs_coordinator::web::Condition| Some(format!("{}: {}", it.name, it.fault?));
    let faults: Vec<String> = conditions.into_iter().filter_map(fault).collect();
    assert_eq!(ready, faults.is_empty());
    faults
}

fn leading() -> Health {
    let health = Health::default();
    health.set_leading(true);
    health.set_started();
    health
}

#[tokio::test(start_paused = true)]
async fn readers_of_a_queue_that_never_answers_are_named() -> Result<()> {
    let (health, queue, over) = (leading(), Arc::new(Queue::new()), CancellationToken::new());
    let (to, _inputs) = mpsc::channel(9);
    let producer = || Arc::clone(&queue) as Arc<dyn Producer>;
    let results = feeds::read_results(producer(), to, of_a_term(&health, "results"), over.clone());
    let upkeep = feeds::maintain(
        producer(),
        Duration::from_secs(5),
        of_a_term(&health, "upkeep"),
        over.clone(),
    );
    assert_eq!(faults(&health), ["results: not started yet", "upkeep: not started yet"]);
    let (results, upkeep) = (tokio::spawn(results), tokio::spawn(upkeep));
    sleep(Duration::from_secs(600)).await;
    assert_eq!(faults(&health), Vec::<String>::new());
    queue.stand_still();
    sleep(Duration::from_secs(100)).await;
    let faults = faults(&health);
    assert!(faults[0].starts_with("results: not heard of for "), "{faults:?}");
    assert!(faults[1].starts_with("upkeep: not heard of for "), "{faults:?}");
    results.abort();
    upkeep.abort();
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_requests_that_nobody_takes_anything_from_is_named() -> Result<()> {
    let (health, memory) = (leading(), Arc::new(Memory::default()));
    let (to, inputs) = mpsc::channel(1);
    let store = Arc::clone(&memory) as Arc<dyn Store>;
    let told = of_a_term(&health, "requests");
    let reads = tokio::spawn(feeds::read_requests(store, to, told, CancellationToken::new()));
    sleep(Duration::from_secs(600)).await;
    assert_eq!(faults(&health), Vec::<String>::new());
    let now = World::new(&[])?.parts.clock.now();
    let ask = NewRequest {
        who: "token/alice".to_owned(),
        asked: now,
        action: "redrive".to_owned(),
        subject: "job".to_owned(),
        why: "why not".to_owned(),
        payload: "{}".to_owned(),
    };
    memory.ask(ask).await?;
    sleep(Duration::from_secs(100)).await;
    assert!(faults(&health)[0].starts_with("requests: not heard of for "));
    drop(inputs);
    reads.await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_catch_up_that_never_ends_is_named() -> Result<()> {
    let (health, memory, over) = (leading(), Arc::new(Memory::default()), CancellationToken::new());
    let world = World::new(&[])?;
    let (driver, mut inputs) = Handle::channel();
    let reader = Reader::new("org.fedoraproject.prod", Origin::of("http://127.0.0.1:1/kojihub")?);
    let base = "http://127.0.0.1:1/datagrepper/".parse()?;
    // Not even the limit of a page ends it.
    let never = Duration::from_secs(24 * 3600);
    let catch_up = || -> Result<CatchUp> {
        Ok(CatchUp {
            archive: Archive::new(Arc::new(Silent), &base, reader.clone(), never)?,
            store: Arc::clone(&memory) as Arc<dyn Store>,
            driver: driver.clone(),
            tags: Watched::fixed(vec![world.parts.snapshot.borrow().plan.trigger_tag.clone()]),
            clock: Arc::new(System),
            connected: Arc::default(),
            every: None,
            read: tokio::sync::watch::Sender::new(None),
            health: health.part("archive", Need::Leading, Some(CATCH_UP_SILENT)),
        })
    };
    let waits = tokio::spawn(catch_up()?.run(over.clone()));
    // Without a mark there is nothing to read: it sets one and waits for a connection.
    let Some(ebs_coordinator::driver::Input::Intake { stored, .. }) = inputs.recv().await else {
        anyhow::bail!("it stores no mark")
    };
    let _ = stored.send(());
    sleep(CATCH_UP_SILENT * 5).await;
    assert_eq!(faults(&health), Vec::<String>::new());
    over.cancel();
    waits.await?;

    let candidate = Candidate { owner: "a".to_owned(), instance: "a".to_owned(), ttl: never };
    let Lease::Leading { epoch } = memory.lead(&candidate).await? else {
        anyhow::bail!("somebody else leads")
    };
    let mark = Change::PutMark { name: CAUGHT_UP_TO.to_owned(), value: "1".to_owned() };
    memory.commit(epoch, vec![mark]).await?;
    let hangs = tokio::spawn(catch_up()?.run(CancellationToken::new()));
    sleep(CATCH_UP_SILENT * 2).await;
    assert_eq!(faults(&health), ["archive: not started yet"]);
    hangs.abort();
    Ok(())
}
