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

#[tokio::test(start_paused = true)]
async fn a_part_that_falls_silent_hangs_after_its_deadline() {
    let (health, minute) = (Health::default(), Duration::from_secs(60));
    let timers = health.part("timers", Need::Alive, Some(minute));
    health.part("queue", Need::Always, Some(60 * minute)).well();
    health.watch("worker", Need::Always, Pulse::new(60 * minute));
    health.set_started();
    timers.well();
    tokio::time::advance(minute).await;
    assert!(ready(&health) && health.alive());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(!ready(&health) && !health.alive());
    let silent = Some("not heard of for 61 s".to_owned());
    assert_eq!(faults(&health), [("queue", None), ("timers", silent), ("worker", None)]);
    tokio::time::advance(60 * minute).await;
    assert_eq!(faults(&health).iter().filter(|(_, fault)| fault.is_some()).count(), 3);
    timers.beat();
    assert!(health.alive());
}

#[tokio::test]
async fn nothing_is_ready_before_starting_is_done() {
    let health = Health::default();
    assert!(!ready(&health));
    health.set_started();
    assert!(ready(&health));
}
