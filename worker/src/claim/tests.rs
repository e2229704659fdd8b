use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use ebs_domain::id::Epoch;
use ebs_shared::{
    clock::System,
    pulse::Pulse,
    queue::{
        Beat, Consumer, Finished, Held, JobEnd, Lane, LocalQueue, LocalSettings, NewJob, Presence,
        Producer, QueueError,
    },
    telemetry::Metrics,
};
use tokio::{
    sync::Semaphore,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::Claim;
use crate::{Handler, LeaseView, Verdict, WorkerMetrics, WorkerSettings};

const LEASE: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(3600);

/// Does what the payload says: `now`, `wait` (for a permit), `hang`, `lost`, `fail`, `foreign`, `panic`.
struct Scripted {
    permits: Semaphore,
    begun: Mutex<Vec<String>>,
}

#[async_trait]
impl Handler for Scripted {
    async fn handle(&self, held: &Held, lease: &LeaseView) -> Verdict {
        self.begun.lock().unwrap().push(held.id.clone());
        assert!(lease.remaining() <= LEASE);
        match held.payload.as_str() {
            "wait" => self.permits.acquire().await.unwrap().forget(),
            "hang" => std::future::pending().await,
            "fail" => {
                return Verdict::Failed {
                    error: "broken".to_owned(),
                    delay: Duration::ZERO,
                    again: false,
                };
            }
            "foreign" => return Verdict::NotMine,
            "panic" => panic!("the handler breaks"),
            _ => {}
        }
        Verdict::Done(format!("report of {}", held.id))
    }
}

struct Bench {
    queue: LocalQueue,
    handler: Arc<Scripted>,
    metrics: WorkerMetrics,
    pulse: Pulse,
    stop: CancellationToken,
    worker: JoinHandle<()>,
}

impl Bench {
    fn start(slots: usize) -> Self {
        let queue = LocalQueue::new(LocalSettings { lease: LEASE, ..LocalSettings::default() });
        let handler = Arc::new(Scripted { permits: Semaphore::new(0), begun: Mutex::default() });
        let (metrics, stop) =
            (WorkerMetrics::register(&Metrics::new().unwrap()).unwrap(), CancellationToken::new());
        let settings = WorkerSettings { slots, ..WorkerSettings::named("one") };
        let pulse = settings.pulse();
        let claim = Claim {
            consumer: Arc::new(queue.consumer("one")),
            handler: Arc::clone(&handler),
            chance: Arc::new(System),
            metrics: metrics.clone(),
            settings,
            pulse: pulse.clone(),
        };
        let worker = tokio::spawn(claim.run(stop.clone()));
        Self { queue, handler, metrics, pulse, stop, worker }
    }

    async fn put(&self, id: &str, lane: Lane, payload: &str) {
        let job = NewJob {
            id: id.to_owned(),
            lane,
            kind: "poll_tag",
            what: String::new(),
            payload: payload.to_owned(),
            max_attempts: 3,
            redeliver_after: Duration::from_secs(600),
        };
        self.queue.enqueue(Epoch::new(1), &[job]).await.unwrap();
    }

    fn begun(&self) -> Vec<String> {
        self.handler.begun.lock().unwrap().clone()
    }

    async fn result(&self) -> (String, JobEnd) {
        let mut results = self.queue.results(1, LONG, false).await.unwrap();
        let result = results.pop().expect("a result comes in time");
        (result.job, result.end)
    }

    /// Lets time pass, and the queue be maintained.
    async fn pass(&self, span: Duration) {
        let until = Instant::now() + span;
        while Instant::now() < until {
            self.queue.maintain().await.unwrap();
            sleep(Duration::from_secs(1)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_are_done_and_told() {
    let bench = Bench::start(4);
    bench.put("a", Lane::Submit, "now").await;
    bench.put("b", Lane::Watch, "fail").await;
    let ends = BTreeMap::from([bench.result().await, bench.result().await]);
    assert_eq!(ends["a"], JobEnd::Done("report of a".to_owned()));
    assert_eq!(
        ends["b"],
        JobEnd::Dead { error: "broken".to_owned(), attempts: 1, workers: vec!["one".to_owned()] }
    );
    let workers = bench.queue.workers().await.unwrap();
    assert_eq!(
        workers.iter().map(|w| (w.worker.as_str(), w.slots)).collect::<Vec<_>>(),
        [("one", 4)]
    );
}

#[tokio::test(start_paused = true)]
async fn one_slot_is_kept_for_polls_and_none_is_exceeded() {
    let bench = Bench::start(3);
    for id in ["s1", "s2", "s3", "s4"] {
        bench.put(id, Lane::Submit, "wait").await;
    }
    bench.pass(Duration::from_secs(5)).await;
    assert_eq!(bench.begun(), ["s1", "s2"]);
    bench.put("w1", Lane::Watch, "wait").await;
    bench.put("w2", Lane::Watch, "wait").await;
    bench.pass(Duration::from_secs(5)).await;
    assert_eq!(bench.begun(), ["s1", "s2", "w1"]);
    assert_eq!((bench.metrics.slots.get(), bench.metrics.busy.get()), (3, 3));
    bench.handler.permits.add_permits(6);
    for _ in 0..6 {
        bench.result().await;
    }
}

#[tokio::test(start_paused = true)]
async fn polls_may_use_all_slots() {
    let bench = Bench::start(3);
    for id in ["w1", "w2", "w3", "w4"] {
        bench.put(id, Lane::Watch, "wait").await;
    }
    bench.pass(Duration::from_secs(5)).await;
    assert_eq!(bench.begun(), ["w1", "w2", "w3"]);
}

#[tokio::test(start_paused = true)]
async fn a_long_job_keeps_its_lease_by_beats() {
    let bench = Bench::start(2);
    bench.put("a", Lane::Submit, "wait").await;
    bench.pass(LEASE * 5).await;
    assert_eq!(bench.begun(), ["a"]);
    bench.handler.permits.add_permits(1);
    assert_eq!(bench.result().await.1, JobEnd::Done("report of a".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_job_beyond_its_deadline_fails_and_waits() {
    let bench = Bench::start(2);
    bench.put("a", Lane::Submit, "hang").await;
    bench.pass(Duration::from_secs(605)).await;
    assert_eq!(bench.queue.depths().await.unwrap().scheduled, 1);
    bench.pass(Duration::from_secs(590)).await;
    assert_eq!(bench.begun(), ["a"]);
    bench.pass(Duration::from_secs(15)).await;
    assert_eq!(bench.begun(), ["a", "a"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_of_another_version_is_handed_back() {
    let bench = Bench::start(2);
    bench.put("a", Lane::Watch, "foreign").await;
    bench.pass(Duration::from_secs(2)).await;
    assert_eq!(bench.queue.depths().await.unwrap().scheduled, 1);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_costs_its_job_only() {
    let bench = Bench::start(2);
    bench.put("a", Lane::Submit, "panic").await;
    bench.pass(Duration::from_secs(2)).await;
    bench.put("b", Lane::Submit, "now").await;
    assert_eq!(bench.result().await.0, "b");
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_work_end_within_the_grace() {
    let bench = Bench::start(4);
    bench.put("a", Lane::Submit, "wait").await;
    bench.pass(Duration::from_secs(2)).await;
    bench.stop.cancel();
    bench.pass(Duration::from_secs(2)).await;
    assert!(bench.queue.workers().await.unwrap().iter().all(|worker| worker.draining));
    bench.put("b", Lane::Submit, "now").await;
    bench.handler.permits.add_permits(1);
    assert_eq!(bench.result().await.0, "a");
    timeout(Duration::from_secs(5), bench.worker).await.unwrap().unwrap();
    assert_eq!(bench.handler.begun.lock().unwrap().as_slice(), ["a"]);
    assert!(bench.queue.workers().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_outlasts_the_grace_is_handed_back_and_waits_for_its_doubt() {
    let bench = Bench::start(4);
    bench.put("a", Lane::Submit, "hang").await;
    bench.pass(Duration::from_secs(2)).await;
    bench.stop.cancel();
    timeout(Duration::from_secs(25), bench.worker).await.unwrap().unwrap();
    let depths = bench.queue.depths().await.unwrap();
    assert_eq!((depths.scheduled, depths.lanes[0].0), (1, 0));
    let other = bench.queue.consumer("two");
    use ebs_shared::queue::Consumer;
    bench.queue.maintain().await.unwrap();
    assert!(other.take(&Lane::ALL, 1, Duration::ZERO).await.unwrap().is_empty());
    tokio::time::advance(Duration::from_secs(601)).await;
    bench.queue.maintain().await.unwrap();
    assert_eq!(other.take(&Lane::ALL, 1, Duration::ZERO).await.unwrap()[0].attempt, 2);
}

#[tokio::test(start_paused = true)]
async fn a_worker_with_nothing_to_do_or_with_all_slots_taken_is_seen_to_live() {
    let bench = Bench::start(2);
    let limit = WorkerSettings::named("one").grace + Duration::from_secs(61);
    bench.pass(limit).await;
    assert_eq!(bench.pulse.silence(), None);
    bench.put("s", Lane::Submit, "hang").await;
    bench.put("w", Lane::Watch, "hang").await;
    bench.pass(limit).await;
    assert_eq!(bench.begun(), ["s", "w"]);
    assert_eq!(bench.pulse.silence(), None);
}

/// A queue that takes every question and never answers.
struct Deaf;

#[async_trait]
impl Consumer for Deaf {
    async fn take(&self, _: &[Lane], _: usize, _: Duration) -> Result<Vec<Held>, QueueError> {
        std::future::pending().await
    }
    async fn beat(&self, _: &Held) -> Result<Beat, QueueError> {
        std::future::pending().await
    }
    async fn complete(&self, _: &Held, _: &str) -> Result<Finished, QueueError> {
        std::future::pending().await
    }
    async fn fail(&self, _: &Held, _: &str, _: Duration, _: bool) -> Result<Finished, QueueError> {
        std::future::pending().await
    }
    async fn release(&self, _: &Held, _: Duration) -> Result<Finished, QueueError> {
        std::future::pending().await
    }
    fn lease(&self) -> Duration {
        LEASE
    }
    async fn announce(&self, _: &Presence) -> Result<(), QueueError> {
        std::future::pending().await
    }
    async fn leave(&self) -> Result<(), QueueError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_loop_that_stands_still_is_seen() {
    let settings = WorkerSettings::named("one");
    let pulse = settings.pulse();
    let limit = settings.grace + Duration::from_secs(61);
    let claim = Claim {
        consumer: Arc::new(Deaf),
        handler: Arc::new(Scripted { permits: Semaphore::new(0), begun: Mutex::default() }),
        chance: Arc::new(System),
        metrics: WorkerMetrics::register(&Metrics::new().unwrap()).unwrap(),
        settings,
        pulse: pulse.clone(),
    };
    let worker = tokio::spawn(claim.run(CancellationToken::new()));
    sleep(limit).await;
    assert!(pulse.silence().is_some());
    worker.abort();
}
