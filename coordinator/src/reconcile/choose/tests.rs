use super::*;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn source() -> ScmUrl {
    format!("git+https://src.example.org/rpms/bash#{COMMIT}").parse().unwrap()
}

/// A trigger of the build in question, with this answer.
fn heard(answer: Answer) -> Earlier {
    Earlier { build: BuildId::new(7), cause: Cause::Message, answer: Some(answer) }
}

/// One of reconcile, for this source.
fn reconciled(source: &ScmUrl, build: i64, answer: Answer) -> Earlier {
    let cause = Cause::Reconcile { why: "ELN has none".to_owned(), source: source.clone() };
    Earlier { build: BuildId::new(build), cause, answer: Some(answer) }
}

fn judged(earlier: &[Earlier]) -> Option<Fate> {
    before(earlier, BuildId::new(7), &source()).map(|(fate, _)| fate)
}

fn timed_out() -> Answer {
    Answer::TimedOut { batch: BatchId::new(3) }
}

fn failed(class: FailureClass) -> Answer {
    Answer::Failed { batch: BatchId::new(3), class }
}

#[test]
fn what_waits_is_in_the_batch_or_is_denied_is_not_triggered_again() {
    let waits = Known { waits: true, in_batch: Some(BatchId::new(4)), ..Known::default() };
    assert_eq!(now(&waits).unwrap().0, Fate::Waits);
    let in_batch = Known { in_batch: Some(BatchId::new(4)), ..Known::default() };
    assert_eq!(now(&in_batch), Some((Fate::InBatch, "it is in batch 4".to_owned())));
    let denied = Some(("build".to_owned(), Timestamp::from_millis(1_795_348_800_000)));
    let (fate, text) = now(&Known { denied, ..Known::default() }).unwrap();
    assert!(fate == Fate::Denied && text.starts_with("denied until 2026-11-22T12:00"), "{text}");
    assert_eq!(now(&Known::default()), None);
}

#[test]
fn what_ended_by_infrastructure_time_out_or_a_strangers_cancel_comes_back_twice_per_commit() {
    let cancelled = Answer::Cancelled { batch: BatchId::new(3) };
    for end in [timed_out(), cancelled, failed(FailureClass::Infrastructure)] {
        let first = heard(end.clone());
        let back = || reconciled(&source(), 7, end.clone());
        assert_eq!(judged(std::slice::from_ref(&first)), None, "{end:?}");
        assert_eq!(judged(&[back(), first.clone()]), None, "{end:?}");
        assert_eq!(judged(&[back(), back(), first]), Some(Fate::CameBack), "{end:?}");
    }
}

#[test]
fn another_commit_begins_anew_and_the_same_commit_in_another_build_does_not() {
    let other: ScmUrl =
        format!("git+https://src.example.org/rpms/bash#{}", COMMIT.replace('0', "f"))
            .parse()
            .unwrap();
    let of_other = || reconciled(&other, 6, timed_out());
    assert_eq!(judged(&[of_other(), of_other()]), None);
    let elsewhere: ScmUrl =
        format!("git+https://mirror.example.org/bash#{COMMIT}").parse().unwrap();
    let of_same = || reconciled(&elsewhere, 6, timed_out());
    assert_eq!(judged(&[of_same(), of_same()]), Some(Fate::CameBack));
}

#[test]
fn what_is_built_dropped_or_refused_by_policy_waits_for_a_person() {
    let (batch, nvr) = (BatchId::new(3), "bash-1-1.eln150".to_owned());
    for end in [
        Answer::Built { batch, nvr: nvr.clone() },
        Answer::ScratchBuilt { batch },
        Answer::AlreadyBuilt { nvr },
        Answer::Dropped { batch },
        Answer::InBatch { batch },
        Answer::NoSource,
        failed(FailureClass::Policy),
        failed(FailureClass::Tagging),
    ] {
        let superseded = heard(Answer::Superseded { by: "bash-1-1.fc45".to_owned() });
        assert_eq!(judged(&[superseded, heard(end.clone())]), Some(Fate::Ended), "{end:?}");
    }
}

#[test]
fn what_is_not_denied_any_more_was_not_listed_or_not_tagged_then_may_be_triggered() {
    let since = Timestamp::from_millis(0);
    for end in [
        failed(FailureClass::Dependency),
        failed(FailureClass::Build),
        Answer::Denied { since },
        Answer::NotListed,
        Answer::Withdrawn,
    ] {
        assert_eq!(judged(&[heard(end.clone())]), None, "{end:?}");
    }
    let other =
        Earlier { build: BuildId::new(6), ..heard(Answer::Dropped { batch: BatchId::new(1) }) };
    assert_eq!(judged(&[other]), None, "another build of the component");
}
