use std::time::Duration;

use tokio::time::{Instant, advance, timeout};

use super::Lease;

#[tokio::test(start_paused = true)]
async fn a_lease_runs_out_and_is_renewed_from_when_the_beat_was_sent() {
    let (lease, view) = Lease::from(Instant::now(), Duration::from_secs(60));
    advance(Duration::from_secs(45)).await;
    assert_eq!(view.remaining(), Duration::from_secs(15));
    let sent = Instant::now();
    advance(Duration::from_secs(5)).await;
    lease.renew(sent);
    assert_eq!(view.remaining(), Duration::from_secs(55));
    advance(Duration::from_secs(100)).await;
    assert_eq!(view.remaining(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_more_than_is_left_waits_for_the_next_beat() {
    let (lease, view) = Lease::from(Instant::now(), Duration::from_secs(60));
    advance(Duration::from_secs(20)).await;
    let waiting = tokio::spawn({
        let view = view.clone();
        async move { view.outlast(Duration::from_secs(50)).await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    lease.renew(Instant::now());
    waiting.await.expect("it waits without failing");
    drop(lease);
    advance(Duration::from_secs(30)).await;
    assert!(
        timeout(Duration::from_secs(600), view.outlast(Duration::from_secs(50))).await.is_err()
    );
}
