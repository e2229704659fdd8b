use std::time::Duration;

use ebs_domain::{
    batch::Effect,
    id::{BatchId, TagName},
    time::Timestamp,
};
use tokio::time::Instant;

use super::{super::now::Now, Ledger, Open, another_tag_first};

const WAIT: Duration = Duration::from_secs(600);
const CALL: Duration = Duration::from_secs(120);

fn tag(name: &str) -> TagName {
    name.parse().expect("a tag's name")
}

fn at(second: i64) -> Now {
    Now { wall: Timestamp::from_millis(second * 1000), mono: Instant::now() }
}

fn open(effect: Effect) -> Open {
    let now = at(0);
    Open::new(BatchId::new(1), 1, effect, now.wall, now.mono)
}

fn making_a_tag() -> Open {
    open(Effect::CreateSideTag { base: tag("eln-build") })
}

fn posting() -> Open {
    open(Effect::SubmitUpdate { tag: tag("eln-build-side-7"), group: 1, builds: Vec::new() })
}

/// Stored and read again, as at a restart.
fn restarted(open: &Open) -> Open {
    Open::restored(open.to_row().expect("a row"), CALL, Instant::now()).expect("its own row")
}

#[test]
fn two_side_tags_are_never_made_at_once_and_one_that_was_begun_goes_first() {
    let of = |batch: i64, second: i64, effect: Effect| {
        let now = at(second);
        Open::new(BatchId::new(batch), 1, effect, now.wall, now.mono)
    };
    let tag_of =
        |batch, second| of(batch, second, Effect::CreateSideTag { base: tag("eln-build") });
    let (one, two) = (tag_of(1, 1), tag_of(2, 2));
    let other = of(3, 0, Effect::RemoveSideTag { tag: tag("eln-build-side-7") });
    let mut ledger: Ledger =
        [&one, &two, &other].map(|open| (open.row.id.clone(), open.clone())).into();
    let waits =
        |ledger: &Ledger| [&one, &two, &other].map(|open| another_tag_first(ledger, &open.row.id));
    assert_eq!(waits(&ledger), [false, true, false], "the older first");
    ledger.get_mut(&two.row.id).expect("it is there").issue(at(3).wall);
    assert_eq!(waits(&ledger), [true, false, false], "one that was begun is seen through");
    ledger.remove(&two.row.id);
    assert_eq!(waits(&ledger), [false, false, false]);
}

#[test]
fn the_first_run_just_creates() {
    let mut open = making_a_tag();
    assert!(open.may_create(at(0).wall, WAIT));
    assert_eq!(open.entry.doubt, None);
    open.issue(at(1).wall);
    assert_eq!((open.row.run, open.due), (1, None));
}

#[test]
fn a_run_that_could_not_be_sent_leaves_no_doubt() {
    let mut open = making_a_tag();
    open.issue(at(1).wall);
    open.put_off("offline", at(2).wall, at(2).mono, Duration::from_secs(1));
    assert!(open.may_create(at(3).wall, WAIT));
    let restored = restarted(&open);
    assert_eq!(restored.entry.doubt, None, "its outcome was known before the restart");
}

#[test]
fn after_a_lost_reply_creating_waits_for_the_last_possible_effect() {
    let mut open = making_a_tag();
    open.issue(at(1).wall);
    open.doubt("no answer", at(10).wall, at(10), Duration::ZERO);
    assert!(!open.may_create(at(609).wall, WAIT));
    assert!(open.may_create(at(610).wall, WAIT));
}

#[test]
fn a_look_that_finds_nothing_does_not_begin_the_wait_anew() {
    let mut open = posting();
    open.issue(at(1).wall);
    open.doubt("no answer", at(10).wall, at(10), Duration::ZERO);
    for second in [100, 300, 605] {
        open.issue(at(second).wall);
        open.not_found("no update yet", at(second), Duration::ZERO);
    }
    assert!(open.may_create(at(610).wall, WAIT));
}

#[test]
fn a_leaders_creating_run_that_was_under_way_at_its_end_is_in_doubt() {
    let mut open = making_a_tag();
    open.issue(at(1).wall);
    let restored = restarted(&open);
    assert_eq!(restored.entry.doubt, Some(at(1).wall + CALL));
    assert!(restored.due.is_some(), "it is looked for at once");
    assert!(!restored.may_create(at(700).wall, WAIT));
    assert!(restored.may_create(at(721).wall, WAIT));
}

#[test]
fn a_workers_run_goes_on_without_its_leader() {
    let mut open = posting();
    open.issue(at(1).wall);
    let restored = restarted(&open);
    assert_eq!((restored.due, restored.entry.doubt), (None, None));
    assert_eq!(restored.job(), open.job());
}

#[test]
fn a_workers_run_that_was_due_at_the_end_is_issued_at_once() {
    let mut open = posting();
    assert!(restarted(&open).due.is_some());
    open.issue(at(1).wall);
    open.put_off("offline", at(2).wall, at(2).mono, WAIT);
    assert!(restarted(&open).due.is_some());
}

#[test]
fn a_wish_that_an_abort_settles_stays_so_over_a_restart() {
    let mut open = posting();
    open.issue(at(1).wall);
    open.entry.settle_only = true;
    let restored = restarted(&open);
    assert!(restored.entry.settle_only);
    assert!(!restored.may_create(at(10_000).wall, WAIT));
}

#[test]
fn it_is_without_trace_only_when_a_late_look_has_found_nothing() {
    let mut open = posting();
    assert!(open.is_without_trace(WAIT), "never sent");
    open.issue(at(1).wall);
    open.doubt("no answer", at(10).wall, at(10), Duration::ZERO);
    assert!(!open.is_without_trace(WAIT));
    open.issue(at(609).wall);
    open.not_found("no update yet", at(620), Duration::ZERO);
    assert!(!open.is_without_trace(WAIT), "the look began while it could still have its effect");
    open.issue(at(610).wall);
    open.not_found("no update yet", at(611), Duration::ZERO);
    assert!(open.is_without_trace(WAIT));
    open.doubt("no answer", at(700).wall, at(700), Duration::ZERO);
    assert!(!open.is_without_trace(WAIT), "it was sent again");
}

#[test]
fn the_entry_of_the_last_version_is_read() {
    let mut row = posting().to_row().expect("a row");
    row.payload = row.payload.replace(",\"looked\":null,\"settle_only\":false", "");
    assert!(!row.payload.contains("settle_only"));
    let restored = Open::restored(row, CALL, Instant::now()).expect("an old row");
    assert_eq!((restored.entry.looked, restored.entry.settle_only), (None, false));
}

/// Payloads as programs of each version wrote them, beside the other fixtures.
fn kept(version: u32) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = folder.join(format!("../tests/integration/fixtures/entry/v{version}.jsonl"));
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}: each version has its file", path.display()))
}

#[test]
fn payloads_of_every_version_are_read_and_those_of_ours_are_written_without_a_difference() {
    for version in 1..=super::ENTRY_VERSION {
        for line in kept(version).lines() {
            let entry: super::Entry = serde_json::from_str(line).expect(line);
            if version == super::ENTRY_VERSION {
                let now = serde_json::to_string(&entry).expect("it was read");
                assert_eq!(now, line, "written otherwise: raise the version and add its file");
            }
        }
    }
    assert_eq!(kept(super::ENTRY_VERSION).lines().count(), 8, "one of each kind of effect");
}
