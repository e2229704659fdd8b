//! A flood of bus messages of which few matter: the real consumer and the real sorting, on a real RabbitMQ and a real store.

mod led;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use ebs_coordinator::{
    driver::{Handle, Input},
    intake::{IntakeMetrics, Live, Watched},
    store::{Change, SqlStore, Store},
};
use ebs_domain::id::Epoch;
use ebs_integration::{
    publisher::{MATTERS, Publisher},
    rabbit::Rabbit,
};
use ebs_shared::{
    bus::{
        amqp::{BusStatus, Consumer, Timing},
        config::BusConfig,
        message::{Origin, Reader},
    },
    clock::System,
    telemetry::Metrics,
};
use led::led_store;
use tempfile::TempDir;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

const TOPIC: &str = "org.fedoraproject.test.buildsys.tag";
const HUB: &str = "https://koji.example.org";
const QUEUE: &str = "ours";
const LIMIT: Duration = Duration::from_secs(60);

/// What the broker may send ahead.
const PREFETCH: u64 = 50;

/// The door: stores the id of each sighting, as a mark, unless the store is away. How often each was stored.
struct Door {
    away: Arc<AtomicBool>,
    refused: watch::Receiver<usize>,
    stored: watch::Receiver<BTreeMap<String, usize>>,
}

impl Door {
    fn open(store: SqlStore, epoch: Epoch, mut inputs: mpsc::Receiver<Input>) -> Self {
        let away = Arc::new(AtomicBool::new(false));
        let away_now = Arc::clone(&away);
        let (stored_now, stored) = watch::channel(BTreeMap::new());
        let (refused_now, refused) = watch::channel(0);
        tokio::spawn(async move {
            while let Some(input) = inputs.recv().await {
                let Input::Intake { sightings, stored, .. } = input else { continue };
                if away_now.load(Ordering::SeqCst) {
                    refused_now.send_modify(|count| *count += 1);
                    continue;
                }
                let ids: Vec<String> =
                    sightings.into_iter().filter_map(|seen| seen.message).collect();
                let mark = |id: &String| Change::PutMark { name: id.clone(), value: String::new() };
                if store.commit(epoch, ids.iter().map(mark).collect()).await.is_ok() {
                    stored_now.send_modify(|counts: &mut BTreeMap<String, usize>| {
                        ids.into_iter().for_each(|id| *counts.entry(id).or_default() += 1);
                    });
                    let _ = stored.send(());
                }
            }
        });
        Self { away, refused, stored }
    }
}

/// The intake of a coordinator.
struct Intake {
    _folder: TempDir,
    door: Door,
    status: watch::Receiver<BusStatus>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Intake {
    async fn start(rabbit: &Rabbit) -> Result<Self> {
        let (folder, store, epoch) = led_store().await?;
        let (driver, inputs) = Handle::channel();
        let door = Door::open(store, epoch, inputs);
        let reader = Reader::new("org.fedoraproject.test", Origin::of(HUB)?);
        let pause = Duration::from_millis(50);
        let timing = Timing { pause, pause_max: pause, ..Timing::default() };
        let config = BusConfig::parse(&bus_file(&rabbit.url()))?;
        let consumer = Consumer::new(config, reader, timing, Arc::new(System), Arc::new(System));
        let live = Live {
            driver,
            tags: Watched::fixed(vec!["f45".parse()?]),
            clock: Arc::new(System),
            connected: Arc::default(),
            metrics: IntakeMetrics::register(&Metrics::new()?)?,
        };
        let (status, stop) = (consumer.status(), CancellationToken::new());
        let task = tokio::spawn(consumer.run(Arc::new(live), stop.clone()));
        let intake = Self { _folder: folder, door, status, stop, task };
        intake.until("connected", |status| status.connected_since.is_some()).await?;
        Ok(intake)
    }

    async fn until(&self, what: &str, holds: impl FnMut(&BusStatus) -> bool) -> Result<BusStatus> {
        let mut status = self.status.clone();
        let seen = tokio::time::timeout(LIMIT, status.wait_for(holds)).await;
        Ok(seen.with_context(|| format!("never: {what}; {:?}", self.status.borrow()))??.clone())
    }

    async fn end(self) -> Result<()> {
        self.stop.cancel();
        Ok(tokio::time::timeout(LIMIT, self.task).await??)
    }
}

fn bus_file(url: &str) -> String {
    format!(
        "amqp_url = '{url}'\n[queues.{QUEUE}]\ndurable = true\nauto_delete = false\nexclusive = false\narguments = {{}}\n\
         [[bindings]]\nqueue = '{QUEUE}'\nexchange = 'amq.topic'\nrouting_keys = ['#']\n\
         [qos]\nprefetch_size = 0\nprefetch_count = {PREFETCH}\n[client_properties]\napp = 'a test'\n"
    )
}

#[tokio::test]
async fn a_flood_and_what_cannot_be_stored_now_starve_nothing_and_all_that_matters_is_stored_once()
-> Result<()> {
    let rabbit = Rabbit::start()?;
    let intake = Intake::start(&rabbit).await?;
    let mut publisher = Publisher::connect(&rabbit.url(), TOPIC, HUB).await?;
    publisher.flood(5_000, &["foo"]).await?;
    intake.until("the flood is over", |status| status.acknowledged == 5_000).await?;
    assert_eq!(intake.door.stored.borrow().len(), 50);

    intake.door.away.store(true, Ordering::SeqCst);
    for _ in 0..30 {
        publisher.tag(MATTERS, "foo").await?;
    }
    publisher.flood(500, &["foo"]).await?;
    let mut refused = intake.door.refused.clone();
    tokio::time::timeout(LIMIT, refused.wait_for(|refused| *refused >= 3)).await??;
    let status = intake.status.borrow().clone();
    // What is held is bounded; the rest waits at the broker, and nothing was given up or sent back.
    assert_eq!(status.acknowledged, 5_000, "{status:?}");
    ensure!(status.received - status.acknowledged <= PREFETCH, "{status:?}");
    assert!(publisher.waiting(QUEUE).await? >= 530 - u32::try_from(PREFETCH)?);

    intake.door.away.store(false, Ordering::SeqCst);
    let sent = publisher.sent;
    let status = intake.until("all acknowledged", |status| status.acknowledged == sent).await?;
    assert_eq!((status.received, status.redelivered, status.connections), (sent, 0, 1));
    assert_eq!(publisher.waiting(QUEUE).await?, 0);
    let once: BTreeMap<String, usize> = publisher.matter.into_iter().map(|id| (id, 1)).collect();
    assert_eq!(once.len(), 85);
    assert_eq!(*intake.door.stored.borrow(), once);
    intake.end().await
}
