use proptest::prelude::*;

use super::*;
use crate::policy::{Listed, Pattern, Rules};

/// A build of this NVR, epoch and time.
fn build(nvr: &str, epoch: Option<i64>, made: i64) -> Latest {
    let made = Some(EventId::new(made));
    Latest { build: BuildId::new(1), nvr: nvr.parse().unwrap(), epoch, made }
}

fn stands(rawhide: (&str, Option<i64>, i64), eln: (&str, Option<i64>, i64)) -> Standing {
    let of = |(release, epoch, made): (&str, _, _)| build(&format!("a-{release}"), epoch, made);
    standing(Some(&of(rawhide)), Some(&of(eln)))
}

#[test]
fn what_is_in_rawhide_alone_is_missing_in_eln_alone_not_to_be_built_and_nowhere_neither() {
    let there = build("a-1-1.fc45", None, 1);
    assert_eq!(standing(Some(&there), None), Standing::Missing);
    assert_eq!(standing(None, Some(&there)), Standing::ElnOnly);
    assert_eq!(standing(None, None), Standing::Nowhere);
}

#[test]
fn newer_is_decided_by_epoch_version_and_release_without_the_dist_whenever_it_was_built() {
    let stale = Standing::Stale(Newer::Version);
    for (rawhide, eln, expected) in [
        (("1-2.fc45", None), ("1-1.eln150", None), stale),
        (("1-1.fc45", None), ("1-2.eln150", None), Standing::ElnNewer),
        (("1.10-1.fc45", None), ("1.9-5.eln150", None), stale),
        (("1-10.fc45", None), ("1-9.eln150", None), stale),
        (("1-1.fc45", Some(1)), ("2-1.eln150", None), stale),
        (("2-1.fc45", None), ("1-1.eln150", Some(1)), Standing::ElnNewer),
        (("1-1.fc45", Some(0)), ("1-1.eln150", None), Standing::Current),
        (("1.0~rc1-1.fc45", None), ("1.0-1.eln150", None), Standing::ElnNewer),
        (("1-1.fc45.1", None), ("1-1.eln150", None), stale),
        (("1-1.fc45", None), ("1-1.eln150.1", None), Standing::ElnNewer),
        (("1-1.fc45", None), ("1-1.eln150~bootstrap", None), stale),
        (("1-1.fc45~bootstrap", None), ("1-1.eln150", None), Standing::ElnNewer),
        (("1-1.fc45", None), ("1-1.eln150,draft_77", None), Standing::Current),
    ] {
        for (first, second) in [(1, 2), (2, 2)] {
            let told = stands((rawhide.0, rawhide.1, first), (eln.0, eln.1, second));
            assert_eq!(told, expected, "{rawhide:?} {eln:?}");
        }
        if expected != Standing::Current {
            assert_eq!(stands((rawhide.0, rawhide.1, 2), (eln.0, eln.1, 1)), expected);
        }
    }
}

#[test]
fn of_the_same_version_the_later_build_is_the_newer_and_without_a_later_one_eln_is_current() {
    let of = |rawhide, eln| stands(("1-1.fc45", None, rawhide), ("1-1.eln150", None, eln));
    assert_eq!(of(2, 1), Standing::Stale(Newer::BuildTime));
    assert_eq!(of(1, 2), Standing::Current);
    assert_eq!(of(1, 1), Standing::Current);
    let unknown = Latest { made: None, ..build("a-1-1.fc45", None, 1) };
    let eln = build("a-1-1.eln150", None, 1);
    assert_eq!(standing(Some(&unknown), Some(&eln)), Standing::Current);
}

/// `ipa` is `freeipa` in Rawhide, `kernel` is excluded.
fn policy() -> Policy {
    let exclude = vec![Pattern::new("^kernel$").unwrap()];
    let listed = [("bash", "bash"), ("ipa", "freeipa"), ("kernel", "kernel"), ("sed", "sed")];
    let listed = listed.map(|(component, upstream)| Listed {
        component: component.parse().unwrap(),
        upstream: upstream.parse().unwrap(),
        origin: "eln/source".to_owned(),
    });
    Policy::new(1, Rules { exclude, ..Rules::default() }, listed)
}

fn tag(nvrs: &[&str]) -> Tag {
    let builds = nvrs.iter().map(|nvr| build(nvr, None, 1));
    builds.map(|latest| (latest.nvr.package().unwrap(), latest)).collect()
}

fn told(rawhide: &[&str], eln: &[&str]) -> (Vec<(String, Standing)>, Vec<String>) {
    let (policy, rawhide, eln) = (policy(), tag(rawhide), tag(eln));
    let judged = judge(&policy, &rawhide, &eln);
    assert_eq!(judged.excluded, 1, "kernel");
    let stands = judged.wanted.iter().map(|it| (it.component.to_string(), it.standing));
    (stands.collect(), judged.not_wanted.iter().map(|it| it.nvr.to_string()).collect())
}

#[test]
fn a_renamed_component_is_one_thing_in_both_tags_and_wanted_under_either_name() {
    let nowhere = || ("sed".to_owned(), Standing::Nowhere);
    for (eln, expected) in [
        (vec![], Standing::Missing),
        (vec!["ipa-1-1.eln150"], Standing::Stale(Newer::Version)),
        (vec!["ipa-1-2.eln150"], Standing::Current),
        (vec!["freeipa-1-2.eln150"], Standing::Current),
        (vec!["freeipa-1-1.eln150", "ipa-1-2.eln150"], Standing::Current),
        (vec!["freeipa-1-2.eln150", "ipa-1-1.eln150"], Standing::Current),
    ] {
        let (stands, not_wanted) = told(&["freeipa-1-2.fc45", "bash-1-1.fc45"], &eln);
        let bash = ("bash".to_owned(), Standing::Missing);
        assert_eq!(stands, [bash, ("ipa".to_owned(), expected), nowhere()], "{eln:?}");
        assert_eq!(not_wanted, Vec::<String>::new(), "{eln:?}");
    }
}

#[test]
fn what_is_in_eln_and_on_no_list_is_not_wanted_and_what_is_excluded_is_neither_stale_nor_unwanted()
{
    let (stands, not_wanted) = told(
        &["kernel-2-1.fc45", "emacs-2-1.fc45"],
        &["kernel-1-1.eln150", "emacs-1-1.eln150", "sed-1-1.eln150"],
    );
    assert_eq!(not_wanted, ["emacs-1-1.eln150"]);
    let names: Vec<&str> = stands.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["bash", "ipa", "sed"]);
    assert_eq!(stands[2].1, Standing::ElnOnly);
}

proptest! {
    #[test]
    fn invariant_what_is_stale_one_way_is_not_stale_the_other_way(
        left in "[0-9]{1,2}(\\.[0-9])?-[0-9]{1,2}\\.(fc45|eln150)(\\.1|~bootstrap)?",
        right in "[0-9]{1,2}(\\.[0-9])?-[0-9]{1,2}\\.(fc45|eln150)(\\.1|~bootstrap)?",
        made in (0..3_i64, 0..3_i64),
    ) {
        let one = stands((&left, None, made.0), (&right, None, made.1));
        let other = stands((&right, None, made.1), (&left, None, made.0));
        let stale = |standing| matches!(standing, Standing::Stale(_));
        prop_assert!(!(stale(one) && stale(other)));
        prop_assert_eq!(one == Standing::Stale(Newer::Version), other == Standing::ElnNewer);
    }
}
