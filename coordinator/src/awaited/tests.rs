use super::{Awaited, VERSION};
use ebs_domain::time::Timestamp;

fn awaited(nvrs: &[&str]) -> Awaited {
    let missing = nvrs.iter().map(|nvr| (*nvr).to_owned()).collect();
    let missing = [("FEDORA-2026-1".to_owned(), missing)].into();
    Awaited { v: VERSION, until: Timestamp::from_millis(1_795_348_800_000), missing }
}

#[test]
fn what_is_waited_for_is_told_by_update_with_the_time_at_which_it_ends() {
    let told = awaited(&["gzip-1-1.fc45"]).words();
    let expected = "Of the update FEDORA-2026-1 there is still to come: gzip-1-1.fc45. It is waited for until 2026-11-22T12:00:00.000Z at the latest.";
    assert_eq!(told, [expected]);
}

#[test]
fn of_a_large_update_some_builds_are_named_and_the_others_counted() {
    let told = awaited(&["a-1-1", "b-1-1", "c-1-1", "d-1-1", "e-1-1", "f-1-1", "g-1-1"]).words();
    assert!(told[0].contains("e-1-1 and 2 more. "), "{told:?}");
}

#[test]
fn nothing_stored_waits_for_nothing_and_what_a_newer_program_wrote_is_an_error() {
    assert_eq!(Awaited::read(None).unwrap(), None);
    assert_eq!(Awaited::read(Some("")).unwrap(), None);
    let newer = serde_json::to_string(&Awaited { v: VERSION + 1, ..awaited(&[]) }).unwrap();
    assert!(Awaited::read(Some(&newer)).unwrap_err().to_string().contains("newer program"));
}
