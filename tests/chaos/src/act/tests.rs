use ebs_stage::status::Batch;

use super::*;

fn answered(triggers: u64) -> Status {
    let triggers_by_answer = BTreeMap::from([("built".to_owned(), triggers)]);
    Status { triggers_by_answer, ..Status::default() }
}

#[test]
fn the_service_is_at_rest_when_every_tagged_build_is_answered_and_nothing_is_open() {
    assert!(is_at_rest(&answered(3), 3));
}

#[test]
fn a_build_whose_message_is_still_on_its_way_is_waited_for() {
    assert!(!is_at_rest(&answered(2), 3));
}

#[test]
fn an_open_batch_a_pending_trigger_and_an_open_effect_are_waited_for() {
    assert!(!is_at_rest(&Status { current: Some(Batch::default()), ..answered(3) }, 3));
    assert!(!is_at_rest(&Status { pending_total: 1, ..answered(3) }, 3));
    assert!(!is_at_rest(&Status { effects_open: 1, ..answered(3) }, 3));
}
