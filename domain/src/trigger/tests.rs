use super::{Answer, Cause};
use crate::{failure::FailureClass, id::BatchId, time::Timestamp};

fn every_answer() -> Vec<Answer> {
    let batch = BatchId::new(5);
    vec![
        Answer::InBatch { batch },
        Answer::Superseded { by: "a-1-1".to_owned() },
        Answer::NotListed,
        Answer::Excluded { pattern: "a*".to_owned() },
        Answer::Denied { since: Timestamp::from_millis(1) },
        Answer::AlreadyBuilt { nvr: "a-1-1".to_owned() },
        Answer::Withdrawn,
        Answer::NoSource,
        Answer::Built { batch, nvr: "a-1-1".to_owned() },
        Answer::ScratchBuilt { batch },
        Answer::Failed { batch, class: FailureClass::Build },
        Answer::TimedOut { batch },
        Answer::Cancelled { batch },
        Answer::Dropped { batch },
        Answer::Shadowed { batch },
    ]
}

#[test]
fn an_answer_is_stored_under_the_word_it_is_counted_by() {
    for answer in every_answer() {
        let stored = serde_json::to_value(&answer).unwrap();
        assert_eq!(stored["answer"], answer.word());
        assert_eq!(serde_json::from_value::<Answer>(stored).unwrap(), answer);
    }
}

#[test]
fn a_cause_is_stored_in_words_that_later_versions_must_read() {
    let person: Cause =
        serde_json::from_str(r#"{"cause":"person","who":"ann","why":"a test"}"#).unwrap();
    assert_eq!(
        person,
        Cause::Person {
            who: "ann".to_owned(),
            why: "a test".to_owned(),
            force: false,
            again: false
        }
    );
    assert_eq!(serde_json::to_string(&Cause::KojiRecord).unwrap(), r#"{"cause":"koji_record"}"#);
    let import = Cause::Import {
        who: "ann".to_owned(),
        why: "a test".to_owned(),
        since: Timestamp::from_millis(7),
    };
    let written = r#"{"cause":"import","who":"ann","why":"a test","since":7}"#;
    assert_eq!(serde_json::to_string(&import).unwrap(), written);
    assert_eq!(serde_json::from_str::<Cause>(written).unwrap(), import);
}

#[test]
fn what_comes_over_from_another_service_is_a_tagging_that_is_known_only_once_and_none_found_late() {
    let since = Timestamp::from_millis(7);
    let import = Cause::Import { who: "ann".to_owned(), why: "a test".to_owned(), since };
    assert!(!import.is_deliberate() && !import.is_late());
}
