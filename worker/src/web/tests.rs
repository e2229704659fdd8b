use std::time::Duration;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_worker_whose_claim_loop_stands_still_is_not_alive() {
    let shown =
        Shown { metrics: Metrics::new().unwrap(), pulse: Pulse::new(Duration::from_secs(60)) };
    let asked = || alive(State(shown.clone()));
    assert_eq!(asked().await, (StatusCode::OK, "alive\n".to_owned()));
    tokio::time::advance(Duration::from_secs(61)).await;
    let text = "the claim loop has stood still for 61 s\n".to_owned();
    assert_eq!(asked().await, (StatusCode::SERVICE_UNAVAILABLE, text));
    shown.pulse.beat();
    assert_eq!(asked().await.0, StatusCode::OK);
}
