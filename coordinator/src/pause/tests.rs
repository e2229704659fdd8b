use super::*;

fn pause(until: Option<i64>) -> OperatorPause {
    OperatorPause {
        v: VERSION,
        who: "token/alice".to_owned(),
        why: "mass rebuild".to_owned(),
        since: Timestamp::from_millis(10),
        until: until.map(Timestamp::from_millis),
    }
}

#[test]
fn a_pause_holds_until_its_time_and_one_without_a_time_until_it_is_ended() {
    let at = Timestamp::from_millis;
    assert!(pause(Some(20)).holds(at(19)) && !pause(Some(20)).holds(at(20)));
    assert!(pause(None).holds(at(i64::MAX)));
}

#[test]
fn a_pause_comes_back_as_it_was_stored_and_an_empty_text_is_none() {
    let text = pause(Some(20)).write().unwrap();
    assert_eq!(OperatorPause::read(Some(&text)).unwrap(), Some(pause(Some(20))));
    assert_eq!(OperatorPause::read(Some("")).unwrap(), None);
    assert_eq!(OperatorPause::read(None).unwrap(), None);
}

#[test]
fn a_pause_of_a_newer_program_or_a_broken_one_is_an_error_not_no_pause() {
    let newer = pause(None).write().unwrap().replace("\"v\":1", "\"v\":9");
    assert!(OperatorPause::read(Some(&newer)).unwrap_err().to_string().contains("newer program"));
    assert!(OperatorPause::read(Some("{")).is_err());
}
