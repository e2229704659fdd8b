use super::*;

fn faults(health: &Health) -> Vec<(&'static str, Option<String>)> {
    health.conditions().into_iter().map(|condition| (condition.name, condition.fault)).collect()
}

fn ready(health: &Health) -> bool {
    health.suffices(&health.conditions())
}

#[tokio::test]
async fn a_part_does_not_hold_before_it_reports() {
    let health = Health::default();
    let database = health.part("database", Need::Always, None);
    health.set_started();
    assert_eq!(faults(&health), [("database", Some("not started yet".to_owned()))]);
    assert!(!ready(&health));
    database.well();
    assert!(ready(&health));
    database.ill("no answer");
    assert_eq!(faults(&health), [("database", Some("no answer".to_owned()))]);
    assert!(!ready(&health));
    assert!(health.alive(), "trouble is no hanging");
}

#[tokio::test]
async fn what_only_the_leader_needs_does_not_keep_a_standby_from_being_ready() {
    let health = Health::default();
    health.part("database", Need::Always, None).well();
    health.part("consumer", Need::Leading, None).ill("the broker refuses");
    health.set_started();
    assert!(ready(&health));
    health.set_leading(true);
    assert!(!ready(&health));
}

#[tokio::test]
async fn a_part_that_falls_silent_hangs_after_its_deadline() {
    let health = Health::default();
    let timers = health.part("timers", Need::Alive, Some(Duration::ZERO));
    health.part("queue", Need::Always, Some(Duration::from_secs(3600))).well();
    health.set_started();
    timers.well();
    // The deadline is over as soon as the clock has moved on.
    while health.alive() {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        faults(&health),
        [("queue", None), ("timers", Some("not heard of for 0 s".to_owned()))]
    );
    assert!(!ready(&health));
}

#[tokio::test]
async fn nothing_is_ready_before_starting_is_done() {
    let health = Health::default();
    assert!(!ready(&health));
    health.set_started();
    assert!(ready(&health));
}
