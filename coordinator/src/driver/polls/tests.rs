use std::time::Duration;

use ebs_domain::{
    batch::Watch,
    id::{BatchId, TaskId},
};
use tokio::time::Instant;

use super::{Pace, Polls};

const PACE: Pace = Pace {
    min: Duration::from_secs(10),
    max: Duration::from_secs(300),
    deadline: Duration::from_secs(360),
};

/// A schedule with so many tasks to watch since `now`.
fn polls(term: &str, tasks: usize, now: Instant) -> Polls {
    let mut polls = Polls::new(PACE, term.to_owned());
    let tasks = (1..).take(tasks).map(TaskId::new).collect();
    polls.watch([(BatchId::new(1), Watch::Tasks(tasks))].into_iter(), now);
    polls
}

#[test]
fn one_poll_asks_for_at_most_five_hundred_tasks() {
    let now = Instant::now();
    assert_eq!(polls("1", 1200, now).start_due(now + PACE.min).len(), 3);
}

#[test]
fn a_lost_poll_is_asked_again_after_its_deadline_and_its_late_answer_is_stale() {
    let now = Instant::now();
    let mut polls = polls("1", 1, now);
    let begun = now + PACE.min;
    let id = polls.start_due(begun).remove(0);
    let first = polls.get(&id).expect("it is watched").run;
    assert!(polls.start_due(begun + PACE.deadline - Duration::from_secs(1)).is_empty());
    assert_eq!(polls.start_due(begun + PACE.deadline), std::slice::from_ref(&id));
    assert!(!polls.is_current(&id, first));
    assert!(polls.is_current(&id, first + 1));
}

#[test]
fn a_poll_whose_job_the_queue_lost_is_asked_anew_at_once() {
    let now = Instant::now();
    let mut polls = polls("1", 600, now);
    let begun = now + PACE.min;
    assert_eq!(polls.start_due(begun).len(), 2);
    let first = polls.jobs().next().expect("one is under way");
    assert_eq!(polls.lost(&[first.clone()].into(), begun), 1);
    assert_eq!(polls.start_due(begun).len(), 1);
    assert!(polls.jobs().all(|job| job != first), "it is another run");
    assert_eq!(polls.lost(&[first].into(), begun), 0, "the loss was known");
}

#[test]
fn polls_slow_down_while_nothing_changes_and_hurry_when_something_does() {
    let mut now = Instant::now();
    let mut polls = polls("1", 1, now);
    now += PACE.min;
    let id = polls.start_due(now).remove(0);
    for _ in 0..12 {
        polls.answered(&id, false, now);
        now += PACE.max;
        assert_eq!(polls.start_due(now).len(), 1);
    }
    polls.answered(&id, false, now);
    assert_eq!(polls.next(), Some(now + PACE.max));
    polls.nudge(now);
    assert_eq!(polls.next(), Some(now + PACE.min));
    now += PACE.min;
    polls.start_due(now);
    polls.answered(&id, true, now);
    assert_eq!(polls.next(), Some(now + PACE.min));
}

#[test]
fn no_poll_of_one_term_has_the_id_of_an_earlier_terms() {
    let now = Instant::now();
    let (mut one, mut two) = (polls("7.a", 1, now), polls("7.b", 1, now));
    assert_ne!(one.start_due(now + PACE.min), two.start_due(now + PACE.min));
}

#[test]
fn what_is_watched_no_more_is_not_polled() {
    let now = Instant::now();
    let mut polls = polls("1", 1, now);
    polls.watch(std::iter::empty(), now);
    assert!(polls.start_due(now + PACE.max).is_empty());
    assert_eq!(polls.next(), None);
}
