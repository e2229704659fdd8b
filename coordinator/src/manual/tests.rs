use ebs_domain::{
    policy::{Listed, Pattern, Rules},
    time::Timestamp,
};

use super::*;

mod selection;

/// `ipa` is `freeipa` in Rawhide, `kernel` is excluded.
fn policy() -> Policy {
    let exclude = vec![Pattern::new("^kernel$").unwrap()];
    let listed = [("bash", "bash"), ("ipa", "freeipa"), ("kernel", "kernel")];
    let listed = listed.map(|(component, upstream)| Listed {
        component: component.parse().unwrap(),
        upstream: upstream.parse().unwrap(),
        origin: "eln/source".to_owned(),
    });
    Policy::new(1, Rules { exclude, ..Rules::default() }, listed)
}

fn source(commit: &str) -> String {
    format!("git+https://src.example.org/rpms/freeipa#{commit}")
}

/// Latest in Rawhide as this NVR of this commit.
fn latest(nvr: &str, commit: &str) -> Option<Latest> {
    let source = Some(source(commit).parse().unwrap());
    Some(Latest { build: BuildId::new(7), nvr: nvr.to_owned(), source })
}

fn rawhide() -> Known {
    Known { latest: latest("freeipa-4.12-3.fc45", "aaaa1111"), ..Known::default() }
}

fn denied() -> Option<DenyRow> {
    let at = Timestamp::from_millis;
    Some(DenyRow {
        source: source("aaaa1111").parse().unwrap(),
        component: "ipa".parse().unwrap(),
        class: "build".to_owned(),
        text: String::new(),
        batch: Some(BatchId::new(1)),
        task: None,
        first: at(0),
        last: at(0),
        count: 1,
        expires: at(1_795_348_800_000),
    })
}

/// With everything set aside that can be, or nothing.
fn decided(asked: &str, known: &Known, all: bool) -> (bool, String) {
    decided_past(asked, known, SetAside { denied: all, built: all })
}

fn decided_past(asked: &str, known: &Known, aside: SetAside) -> (bool, String) {
    let policy = policy();
    let component = meant(asked, Some(&policy)).unwrap();
    let verdict = decide(asked, component, &policy, (known, &"f45".parse().unwrap()), aside);
    assert_eq!(verdict.build.is_some(), verdict.will);
    (verdict.will, verdict.why)
}

#[test]
fn what_is_in_rawhide_alone_or_newer_or_older_than_in_eln_is_built_and_the_same_commit_is_not() {
    let stable = |nvr: &str, commit: &str| Some((nvr.to_owned(), Some(source(commit))));
    for (name, known, will, why) in [
        ("in Rawhide alone", rawhide(), true, "it waits for the next batch"),
        (
            "in ELN alone",
            Known { stable: stable("ipa-1-1.eln150", "b"), ..Known::default() },
            false,
            "it has no build in f45",
        ),
        ("neither", Known::default(), false, "it has no build in f45"),
        (
            "Rawhide newer",
            Known { stable: stable("ipa-4.12-2.eln150", "bbbb"), ..rawhide() },
            true,
            "it waits for the next batch",
        ),
        (
            "ELN newer",
            Known { stable: stable("ipa-4.13-1.eln150", "cccc"), ..rawhide() },
            true,
            "it waits for the next batch",
        ),
        (
            "equal",
            Known { stable: stable("ipa-4.12-3.eln150", "aaaa1111"), ..rawhide() },
            false,
            "already built as ipa-4.12-3.eln150; with `again` it is built again",
        ),
        (
            "equal NVR of another commit",
            Known { stable: stable("ipa-4.12-3.eln150", "dddd"), ..rawhide() },
            true,
            "it waits for the next batch",
        ),
    ] {
        for asked in ["ipa", "freeipa"] {
            assert_eq!(decided(asked, &known, false), (will, why.to_owned()), "{name}, {asked}");
        }
    }
}

#[test]
fn force_sets_the_deny_list_aside_again_what_is_built_and_neither_anything_else() {
    let denied = Known { denied: denied(), ..rawhide() };
    let (will, why) = decided("ipa", &denied, false);
    assert!(!will && why.starts_with("denied until 2026-11-22T12:00:00.000Z"), "{why}");
    let (force, again) =
        (SetAside { denied: true, built: false }, SetAside { denied: false, built: true });
    let past = "it waits for the next batch, past the deny list".to_owned();
    assert_eq!(decided_past("ipa", &denied, force), (true, past));
    assert!(!decided_past("ipa", &denied, again).0, "`again` is no word about the deny list");
    let stable = Some(("ipa-4.12-3.eln150".to_owned(), Some(source("aaaa1111"))));
    let built = Known { stable, ..rawhide() };
    let (will, why) = decided_past("ipa", &built, again);
    assert!(will && why.ends_with("though built as ipa-4.12-3.eln150"), "{why}");
    let (will, why) = decided_past("ipa", &built, force);
    assert!(!will && why.starts_with("already built as ipa-4.12-3.eln150"), "{why}");
    let both = Known { denied: denied.denied, ..built };
    assert!(!decided_past("ipa", &both, force).0 && !decided_past("ipa", &both, again).0);
    assert!(decided("ipa", &both, true).0);
    let (will, why) = decided("kernel", &rawhide(), true);
    assert_eq!((will, why.as_str()), (false, "excluded by the pattern `^kernel$`"));
    let (will, why) = decided("emacs", &rawhide(), true);
    assert_eq!((will, why.as_str()), (false, "no list and no override names it"));
}

#[test]
fn a_build_or_commit_that_is_named_has_to_be_the_latest() {
    for asked in [
        "freeipa-4.12-3.fc45",
        "git+https://x.org/rpms/freeipa#aaaa1111",
        "https://x.org/rpms/freeipa.git",
    ] {
        assert!(decided(asked, &rawhide(), false).0, "{asked}");
    }
    for asked in ["freeipa-4.12-2.fc45", "git+https://x.org/rpms/freeipa#bbbb"] {
        let (will, why) = decided(asked, &rawhide(), true);
        assert!(
            !will && why == "latest in f45 is freeipa-4.12-3.fc45: only that can be built",
            "{why}"
        );
    }
}

#[test]
fn what_waits_or_is_in_a_batch_is_told_and_asked_for_all_the_same() {
    let (will, why) = decided("ipa", &Known { waits: true, ..rawhide() }, false);
    assert_eq!((will, why.as_str()), (true, "it waits for the next batch, as it did before"));
    let known = Known { in_batch: Some(BatchId::new(7)), ..rawhide() };
    let (will, why) = decided("ipa", &known, false);
    assert_eq!((will, why.as_str()), (true, "it waits for the next batch; it is in batch 7 now"));
}

#[test]
fn a_build_without_a_source_cannot_be_built() {
    let mut known = rawhide();
    known.latest.as_mut().unwrap().source = None;
    let (will, why) = decided("ipa", &known, true);
    assert_eq!((will, why.as_str()), (false, "Koji knows no source of freeipa-4.12-3.fc45"));
}
