use ebs_domain::id::{BuildId, TriggerId};

use super::*;
use crate::store::NewTrigger;

fn trigger(cause: &Cause) -> TriggerRow {
    let trigger = NewTrigger {
        component: "bash".parse().unwrap(),
        tag: "f45".to_owned(),
        build: BuildId::new(7),
        nvr: "bash-5-1.fc45".to_owned(),
        cause: serde_json::to_string(cause).unwrap(),
        by_person: cause.is_deliberate(),
        message: None,
        created: Timestamp::from_millis(5),
        answer: None,
        shown: None,
    };
    TriggerRow { id: TriggerId::new(1), trigger, batch: None }
}

#[test]
fn what_archive_or_kojis_record_found_is_shown_as_late_and_nothing_else_is() {
    let (who, why) = ("token/alice".to_owned(), "mended".to_owned());
    let source = "git+https://src.example.org/rpms/bash#0123".parse().unwrap();
    let causes = [
        Cause::Message,
        Cause::CatchUp,
        Cause::KojiRecord,
        Cause::Person { who, why: why.clone(), force: false, again: false },
        Cause::Reconcile { why, source },
    ];
    let told = causes.map(|cause| {
        let view = trigger_view(&trigger(&cause)).unwrap();
        assert_eq!(view.late, cause.is_late(), "{cause:?}");
        assert_eq!(view.cause.contains("late"), view.late, "{cause:?}");
        view.cause
    });
    let words = ["message", "late: archive", "late: Koji's record", "token/alice", "reconcile"];
    assert_eq!(told, words);
}
