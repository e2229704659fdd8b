use ebs_domain::time::Timestamp;
use ebs_shared::{
    bus::amqp::{BusFault, NotStored},
    config::parse_static,
    telemetry::Metrics,
};
use tokio::time::advance;

use super::*;
use crate::{
    store::{StoreError, StoreErrorKind},
    web::Condition,
};

const CONFIG: &str = "configuration:
  koji: {profile: sim, build_target: eln, stable_tag: eln, username: ebs, scratch_build: false, fail_fast: true, wait_repo: true}
  bodhi: {staging: false}
  open_id_connect: false
  email: false
ebs:
  koji: {hub_url: 'http://127.0.0.1:1/kojihub'}
  bodhi: {url: 'http://127.0.0.1:1/'}
  database: {url: 'sqlite:ebs.sqlite'}
  bus: {fedora_messaging_config: /dev/null, enabled: false}
";

/// A coordinator that leads, as far as it is looked at.
struct Looked {
    health: Health,
    probe: Probe,
    watchful: Watchful,
    bus: watch::Sender<BusStatus>,
}

impl Looked {
    /// All is as it should be.
    fn well() -> Self {
        let mut config = parse_static("static.yaml", CONFIG).unwrap().config;
        // That there is such a file is not needed to look.
        config.ebs.bus.enabled = true;
        let (health, probe) = (Health::default(), Probe::new());
        let metrics = WatchMetrics::register(&Metrics::new().unwrap()).unwrap();
        let watchful = Watchful::new(&health, &probe, metrics, &config);
        let bus = watch::Sender::new(BusStatus::default());
        health.set_leading(true);
        watchful.watch_bus(Some(bus.subscribe()));
        let looked = Self { health, probe, watchful, bus };
        looked.go_round();
        looked
    }

    /// Every loop goes round once.
    fn go_round(&self) {
        self.watchful.lease_beat()(Ok(()));
        self.probe.show(|progress| progress.turned = Some(Instant::now()));
        self.bus.send_modify(|status| {
            status.connected_since = Some(Timestamp::from_millis(1));
            (status.round, status.unstored) = (Some(Instant::now()), false);
        });
    }

    /// What is not well, after a look; whether it is ready goes with it.
    fn ill(&self) -> Vec<(&'static str, String)> {
        self.watchful.look();
        let conditions = self.health.conditions();
        let ill = |Condition { name, fault, .. }: &Condition| Some((*name, fault.clone()?));
        let ill: Vec<_> = conditions.iter().filter_map(ill).collect();
        assert_eq!(self.health.suffices(&conditions), ill.is_empty());
        ill
    }
}

fn named(name: &'static str, fault: &str) -> Vec<(&'static str, String)> {
    vec![(name, fault.to_owned())]
}

#[tokio::test(start_paused = true)]
async fn a_leader_whose_loops_go_round_is_ready() {
    let looked = Looked::well();
    for _ in 0..100 {
        assert_eq!(looked.ill(), []);
        advance(Duration::from_secs(5)).await;
        looked.go_round();
    }
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_stands_still_is_named() {
    let looked = Looked::well();
    let turned = Instant::now();
    advance(SILENT + Duration::from_secs(1)).await;
    looked.go_round();
    looked.probe.show(|progress| progress.turned = Some(turned));
    assert_eq!(looked.ill(), named("leader", "the loop has stood still for 31 s"));
    looked.probe.show(|progress| progress.turned = None);
    assert_eq!(looked.ill(), named("leader", "the loop has not gone round yet"));
}

#[tokio::test(start_paused = true)]
async fn a_lease_loop_that_stands_still_is_named_and_makes_the_process_hang() {
    let looked = Looked::well();
    // Two leases of a minute, and the database's own limits.
    for _ in 0..34 {
        advance(Duration::from_secs(5)).await;
        looked.probe.show(|progress| progress.turned = Some(Instant::now()));
        looked.bus.send_modify(|status| status.round = Some(Instant::now()));
    }
    assert!(!looked.health.alive());
    assert_eq!(looked.ill(), named("lease", "not heard of for 170 s"));
}

#[tokio::test(start_paused = true)]
async fn a_database_that_refuses_the_lease_is_no_hanging() {
    let looked = Looked::well();
    let error = StoreError { what: "take the lease", kind: StoreErrorKind::Fenced };
    looked.watchful.lease_beat()(Err(&error));
    assert!(looked.health.alive());
    let fault = "failed to take the lease in the store: another instance leads now";
    assert_eq!(looked.ill(), named("lease", fault));
}

#[tokio::test(start_paused = true)]
async fn a_connected_consumer_that_can_store_nothing_is_not_ready() {
    let looked = Looked::well();
    let fault = BusFault::Store(NotStored("the driver is gone".to_owned()));
    looked.bus.send_modify(|status| {
        (status.unstored, status.last_fault) = (true, Some((Timestamp::from_millis(0), fault)));
    });
    let fault = "not stored: the driver is gone (at 1970-01-01T00:00:00.000Z)";
    assert_eq!(looked.ill(), named("consumer", fault));
    looked.go_round();
    assert_eq!(looked.ill(), [], "what is stored again is forgotten as a fault");
}

#[tokio::test(start_paused = true)]
async fn a_connected_consumer_that_stands_still_is_named() {
    let looked = Looked::well();
    let round = Instant::now();
    advance(Duration::from_secs(40)).await;
    looked.go_round();
    looked.bus.send_modify(|status| status.round = Some(round));
    assert_eq!(looked.ill(), named("consumer", "the loop has stood still for 40 s"));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_does_not_do_its_work_is_named() {
    let looked = Looked::well();
    looked.probe.show(|progress| progress.queue_error = Some("no memory".to_owned()));
    assert_eq!(looked.ill(), named("queue", "no memory"));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_looks_at_any_more_is_not_well() {
    let looked = Looked::well();
    assert_eq!(looked.ill(), []);
    advance(SILENT + Duration::from_secs(1)).await;
    let conditions = looked.health.conditions();
    let ill: Vec<_> = conditions.iter().filter(|it| it.fault.is_some()).map(|it| it.name).collect();
    assert_eq!(ill, ["consumer", "leader", "queue"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_term_needs_to_be_heard_of_anew() {
    let looked = Looked::well();
    assert_eq!(looked.ill(), []);
    looked.health.set_leading(false);
    let standby = looked.health.conditions();
    assert!(looked.health.suffices(&standby), "a standby has no loops of a leader");
    looked.health.set_leading(true);
    let again = looked.health.conditions();
    assert!(!looked.health.suffices(&again));
    let waits = |it: &&Condition| it.fault.as_deref() == Some("not started yet");
    assert_eq!(again.iter().filter(waits).count(), 3);
}
