use super::*;

#[tokio::test(start_paused = true)]
async fn a_loop_stands_still_when_its_last_round_is_longer_ago_than_its_limit() {
    let pulse = Pulse::new(Duration::from_secs(30));
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(pulse.silence(), None);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(pulse.silence(), Some(Duration::from_secs(31)));
    pulse.clone().beat();
    assert_eq!(pulse.silence(), None, "a clone is of the same loop");
}
