use std::time::Duration;

use ebs_domain::{
    batch::{Haste, Watch},
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

/// A schedule with one tag to watch since `now`.
fn tag_polls(haste: Haste, now: Instant) -> Polls {
    let mut polls = Polls::new(PACE, "1".to_owned());
    watch_tag(&mut polls, haste, now);
    polls
}

fn watch_tag(polls: &mut Polls, haste: Haste, now: Instant) {
    let watch = Watch::Tag { tag: "side".parse().expect("it is one"), tasks: Vec::new(), haste };
    polls.watch([(BatchId::new(1), watch)].into_iter(), now);
}

#[test]
fn messages_hurry_the_poll_of_a_tag_that_is_waited_for_and_not_of_one_in_the_background() {
    let now = Instant::now();
    let answered = |haste| {
        let mut polls = tag_polls(haste, now);
        let id = polls.start_due(now + PACE.max).remove(0);
        polls.answered(&id, false, now + PACE.max);
        polls.nudge(now + PACE.max);
        polls.next().expect("it is watched") - (now + PACE.max)
    };
    assert_eq!(answered(Haste::Awaited), PACE.min);
    assert_eq!(answered(Haste::Background), PACE.max);
}

#[test]
fn a_tag_is_looked_at_soon_once_it_is_waited_for() {
    let now = Instant::now();
    let mut polls = tag_polls(Haste::Background, now);
    assert_eq!(polls.next(), Some(now + PACE.max));
    watch_tag(&mut polls, Haste::Awaited, now);
    assert_eq!(polls.next(), Some(now + PACE.min));
}

#[test]
fn the_first_look_at_a_tag_asks_for_no_tagging_tasks_and_the_second_does() {
    let now = Instant::now();
    let mut polls = Polls::new(PACE, "1".to_owned());
    let watch = || Watch::Tag {
        tag: "side".parse().expect("it is one"),
        tasks: vec![TaskId::new(7)],
        haste: Haste::Awaited,
    };
    polls.watch([(BatchId::new(1), watch())].into_iter(), now);
    let id = polls.start_due(now + PACE.min).remove(0);
    assert!(polls.get(&id).expect("it is watched").tagging_tasks().is_empty());
    polls.answered(&id, true, now + PACE.min);
    polls.watch([(BatchId::new(1), watch())].into_iter(), now + PACE.min);
    assert_eq!(polls.get(&id).expect("it is watched").tagging_tasks(), [TaskId::new(7)]);
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
