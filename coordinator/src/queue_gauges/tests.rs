use std::time::Duration;

use ebs_domain::id::Epoch;
use ebs_shared::queue::{Consumer, LocalQueue, LocalSettings, NewJob};

use super::*;

fn job(id: &str, lane: Lane) -> NewJob {
    NewJob {
        id: id.to_owned(),
        lane,
        kind: "poll_repo",
        what: String::new(),
        payload: String::new(),
        max_attempts: 5,
        redeliver_after: Duration::ZERO,
    }
}

#[tokio::test(start_paused = true)]
async fn the_leader_shows_what_the_queue_holds_and_nothing_once_its_term_is_over() {
    let metrics = Metrics::new().unwrap();
    let gauges = QueueGauges::register(&metrics).unwrap();
    let queue = LocalQueue::new(LocalSettings::default());
    let jobs = [job("a#1", Lane::Submit), job("b#1", Lane::Watch), job("c#1", Lane::Watch)];
    queue.enqueue(Epoch::new(1), &jobs).await.unwrap();
    let worker = Presence {
        worker: "w".to_owned(),
        version: "1".to_owned(),
        slots: 4,
        busy: 1,
        draining: false,
    };
    queue.consumer("w").announce(&worker).await.unwrap();

    let over = CancellationToken::new();
    let running = tokio::spawn(gauges.run(Arc::new(queue), over.clone()));
    tokio::time::sleep(Duration::from_secs(12)).await;
    let shown = metrics.render().unwrap();
    for line in [
        "ebs_queue_jobs{lane=\"submit\"} 1",
        "ebs_queue_jobs{lane=\"watch\"} 2",
        "ebs_queue_oldest_seconds{lane=\"watch\"} 10",
        "ebs_workers 1",
        "ebs_workers_slots 4",
        "ebs_workers_busy 1",
    ] {
        assert!(shown.lines().any(|found| found == line), "{line} is not in:\n{shown}");
    }

    over.cancel();
    running.await.unwrap();
    let shown = metrics.render().unwrap();
    for line in ["ebs_queue_jobs{lane=\"watch\"} 0", "ebs_workers 0"] {
        assert!(shown.lines().any(|found| found == line), "{line} is not in:\n{shown}");
    }
}
