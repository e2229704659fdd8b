use std::cmp::Ordering;

use proptest::prelude::*;

use super::Nvr;

fn nvr(text: &str) -> Nvr {
    text.parse().unwrap()
}

#[test]
fn an_nvr_is_split_at_its_last_two_dashes() {
    let nvr = nvr("java-21-openjdk-21.0.5.0.11-1.eln150");
    assert_eq!(
        (nvr.name(), nvr.version(), nvr.release()),
        ("java-21-openjdk", "21.0.5.0.11", "1.eln150")
    );
}

#[test]
fn a_text_without_two_dashes_or_with_an_empty_part_is_no_nvr() {
    for text in ["", "bash", "bash-5", "-5-1", "bash--1", "bash-5-", "ba sh-5-1", "a/b-5-1"] {
        assert!(text.parse::<Nvr>().is_err(), "{text}");
    }
}

#[test]
fn a_draft_loses_its_suffix_by_promotion_and_nothing_else() {
    assert_eq!(nvr("baz-2.0-1.eln,draft_4").promoted(), nvr("baz-2.0-1.eln"));
    assert_eq!(nvr("baz-2.0-1.eln,draft_x").promoted(), nvr("baz-2.0-1.eln,draft_x"));
    assert_eq!(nvr("baz-2.0-1.eln").promoted(), nvr("baz-2.0-1.eln"));
}

#[test]
fn the_dist_part_of_a_release_goes_and_what_stands_around_it_stays() {
    for (release, plain) in [
        ("3.fc45", "3"),
        ("3.eln150", "3"),
        ("3.eln150.1", "3.1"),
        ("3.fc45~bootstrap", "3~bootstrap"),
        ("0.5.20260101git.fc45", "0.5.20260101git"),
        ("3.eln150,draft_77", "3"),
        ("3", "3"),
        ("3.1", "3.1"),
        ("3.fc", "3.fc"),
        ("3.fc45a", "3.fc45a"),
        ("3.elnx", "3.elnx"),
        ("3.", "3."),
        ("fc45", "fc45"),
        (".fc45", ".fc45"),
    ] {
        let text = format!("a-b-1.fc45-{release}");
        assert_eq!(nvr(&text).without_dist(), nvr(&format!("a-b-1.fc45-{plain}")), "{release}");
    }
}

#[test]
fn versions_are_compared_as_rpm_does_and_never_as_text() {
    for (left, right, order) in [
        ("a-1.9-1", "a-1.10-1", Ordering::Less),
        ("a-1.0~rc1-1", "a-1.0-1", Ordering::Less),
        ("a-1.0^git1-1", "a-1.0-1", Ordering::Greater),
        ("a-1.0-2.eln", "a-1.0-10.eln", Ordering::Less),
        ("a-1.05-1", "a-1.5-1", Ordering::Equal),
    ] {
        assert_eq!(nvr(left).compare(None, &nvr(right), None), order, "{left} {right}");
    }
}

#[test]
fn an_epoch_outweighs_the_version_and_an_absent_one_is_zero() {
    let (old, new) = (nvr("a-9-1"), nvr("a-1-1"));
    assert_eq!(old.compare(None, &new, Some(1)), Ordering::Less);
    assert_eq!(new.compare(None, &new, Some(0)), Ordering::Equal);
}

#[test]
fn bodhi_takes_one_hundred_characters_and_no_more() {
    let longest = format!("{}-1-1", "n".repeat(96));
    assert!(nvr(&longest).fits_bodhi());
    assert!(!nvr(&format!("n{longest}")).fits_bodhi());
}

proptest! {
    #[test]
    fn any_text_is_an_nvr_or_an_error_and_an_nvr_comes_back_as_it_was(text in ".{0,40}") {
        if let Ok(nvr) = text.parse::<Nvr>() {
            prop_assert_eq!(format!("{}-{}-{}", nvr.name(), nvr.version(), nvr.release()), text);
        }
    }
}
