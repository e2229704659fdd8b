use std::collections::BTreeSet;

use ebs_domain::{
    failure::FailureClass,
    package_list::Guards,
    policy::{Listed, Pattern, Rules},
};

use super::*;
use crate::findings::{Fate, Kind};

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(1_795_348_800_000 + minutes * 60_000)
}

/// `ipa` is `freeipa` in Rawhide; `kernel` is excluded; `gcc` has an order and is not seeded.
fn policy() -> Arc<Policy> {
    let pattern = |text: &str| Pattern::new(text).unwrap();
    let rules = Rules {
        exclude: vec![pattern("^kernel$")],
        skip_tag: vec![pattern("^gcc$")],
        ordering: vec![(pattern("^gcc$"), 10)],
    };
    let listed = |component: &str, upstream: &str, origin: &str| Listed {
        component: component.parse().unwrap(),
        upstream: upstream.parse().unwrap(),
        origin: origin.to_owned(),
    };
    let names = ["bash", "kernel", "gcc", "adwaita-icon-theme"];
    let plain = names.map(|name| listed(name, name, "eln/source"));
    Arc::new(Policy::new(3, rules, [listed("ipa", "freeipa", "override")].into_iter().chain(plain)))
}

fn list() -> PackageList {
    let mut list = PackageList::default();
    let set = |names: &[&str]| -> BTreeSet<PackageName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    };
    list.hear(&set(&["bash", "kernel", "gcc", "freeipa"]), &Guards::default(), None, at(0));
    list.hear(&set(&["bash", "kernel", "gcc", "freeipa", "zsh"]), &Guards::default(), None, at(15));
    list
}

fn evidence() -> Evidence {
    Evidence {
        policy: Some(policy()),
        lists: vec![("eln/source".to_owned(), list())],
        ..Evidence::default()
    }
}

#[test]
fn what_is_latest_in_rawhide_and_in_eln_is_told_or_why_it_is_not_known() {
    let latest = |rawhide: Option<&str>, eln: Option<&str>| Latest {
        trigger_tag: "f45".parse().unwrap(),
        rawhide: rawhide.map(str::to_owned),
        stable_tag: "eln".parse().unwrap(),
        eln: eln.map(str::to_owned),
    };
    let mut evidence = evidence();
    let mut step = |said| {
        evidence.latest = Some(said);
        let (_, steps) = told("bash", &evidence);
        steps.into_iter().find(|text| text.contains("latest")).unwrap()
    };
    assert_eq!(
        step(Ok(latest(Some("bash-5-2.fc45"), Some("bash-5-1.eln151")))),
        "latest now: f45 has bash-5-2.fc45, eln has bash-5-1.eln151"
    );
    assert_eq!(
        step(Ok(latest(None, None))),
        "latest now: f45 has no build of it, eln has no build of it"
    );
    let why = "Koji does not answer within 5 s".to_owned();
    assert_eq!(step(Err(why)), "its latest builds are not known: Koji does not answer within 5 s");
}

fn triggered(nvr: &str, answer: Option<Answer>) -> Trigger {
    let tag = "f45".to_owned();
    Trigger { nvr: nvr.to_owned(), tag, cause: Cause::Message, created: at(20), answer }
}

fn told(component: &str, evidence: &Evidence) -> (String, Vec<String>) {
    let told = explain(&component.parse().unwrap(), evidence);
    (told.verdict, told.steps.into_iter().map(|step| step.text).collect())
}

#[test]
fn a_name_an_nvr_and_a_source_of_either_name_mean_the_same_component() {
    let policy = policy();
    for text in [
        "ipa",
        "freeipa",
        " freeipa ",
        "freeipa-4.12-3.fc45",
        "ipa-4.12-3.eln150",
        "git+https://src.fedoraproject.org/rpms/freeipa#0123",
        "https://src.fedoraproject.org/rpms/freeipa.git",
        "https://src.fedoraproject.org/rpms/freeipa/",
    ] {
        let component = meant(text, Some(&policy)).unwrap();
        assert_eq!(component.as_str(), "ipa", "{text}");
    }
}

#[test]
fn a_name_with_dashes_is_no_nvr_and_an_unknown_nvr_is_its_package() {
    let policy = policy();
    let of = |text: &str| meant(text, Some(&policy)).unwrap().to_string();
    assert_eq!(of("adwaita-icon-theme"), "adwaita-icon-theme");
    assert_eq!(of("some-unknown-name"), "some-unknown-name");
    assert_eq!(of("zlib-ng-2.2.4-1.fc45"), "zlib-ng");
    assert_eq!(meant("two words", Some(&policy)), None);
    assert_eq!(meant("", None), None);
}

#[test]
fn a_component_that_no_list_names_is_not_rebuilt() {
    let (verdict, steps) = told("emacs", &evidence());
    assert_eq!(verdict, "emacs is not rebuilt: no list and no override names it.");
    assert_eq!(steps, ["no list and no override names it"]);
}

#[test]
fn a_name_that_was_seen_once_does_not_act_yet() {
    let (verdict, steps) = told("zsh", &evidence());
    assert!(verdict.starts_with("zsh is not rebuilt"), "{verdict}");
    assert!(steps[0].contains("too few fetches have shown it to let it act"), "{steps:?}");
}

#[test]
fn a_name_that_only_a_held_jump_shows_waits_for_a_person() {
    let mut evidence = evidence();
    let many = (0..400).map(|n| format!("p{n}").parse().unwrap()).collect();
    evidence.lists[0].1.hear(&many, &Guards::default(), None, at(30));
    let (_, steps) = told("p7", &evidence);
    assert!(steps[0].contains("held and waits for a person"), "{steps:?}");
}

#[test]
fn an_excluded_component_is_told_with_its_pattern() {
    let (verdict, steps) = told("kernel", &evidence());
    assert_eq!(verdict, "kernel is not rebuilt: excluded by the pattern `^kernel$`.");
    assert_eq!(steps.len(), 2, "on its list, and excluded: {steps:?}");
}

#[test]
fn order_and_seeding_are_told() {
    let (_, steps) = told("gcc", &evidence());
    assert!(steps.contains(&"built in the slice of order 10".to_owned()), "{steps:?}");
    let seed = "a pattern of `skip_tag` keeps its Rawhide build out of the side tag".to_owned();
    assert!(steps.contains(&seed), "{steps:?}");
}

#[test]
fn a_renamed_component_is_found_on_its_list_by_its_upstream_name() {
    let (_, steps) = told("ipa", &evidence());
    assert_eq!(steps[0], "`ipa` is `freeipa` in Rawhide");
    assert_eq!(steps[1], "named by an override of the configuration");
    assert!(steps[2].starts_with("on the list eln/source since 2026-11-22T12:00:00.000Z"));
}

#[test]
fn what_waits_says_for_what_and_why_no_batch_begins() {
    let mut evidence = evidence();
    evidence.triggers = vec![triggered("bash-5-2.fc45", None)];
    let (verdict, _) = told("bash", &evidence);
    assert_eq!(verdict, "bash waits for the next batch with bash-5-2.fc45.");
    evidence.pauses = vec!["The configuration says so.".to_owned()];
    let (verdict, _) = told("bash", &evidence);
    assert!(verdict.contains("no new batch begins: The configuration says so."), "{verdict}");
}

#[test]
fn what_is_in_the_open_batch_is_there_whatever_else_is_known() {
    let mut evidence = evidence();
    evidence.at_work = vec![BatchId::new(9)];
    evidence.triggers =
        vec![triggered("bash-5-2.fc45", Some(Answer::InBatch { batch: BatchId::new(9) }))];
    let built = |batch: i64, state: &str, fault: Option<&str>| Built {
        batch: BatchId::new(batch),
        state: state.to_owned(),
        since: at(30),
        nvr: Some("bash-5-2.eln150".to_owned()),
        fault: fault.map(str::to_owned),
    };
    evidence.builds = vec![built(9, "building", None), built(8, "failed", Some("build: no"))];
    let told = explain(&"bash".parse().unwrap(), &evidence);
    assert!(told.verdict.starts_with("bash is in batch 9: building since"), "{}", told.verdict);
    let mut later = evidence.clone();
    later.triggers.insert(0, triggered("bash-5-3.fc45", None));
    let verdict = explain(&"bash".parse().unwrap(), &later).verdict;
    assert!(verdict.ends_with("; bash-5-3.fc45 waits for the next batch."), "{verdict}");
    let about: Vec<&str> = told.steps.iter().map(|step| step.about).collect();
    assert_eq!(about, ["list", "exclude", "order", "seed", "trigger", "batch", "build"]);
    assert!(told.steps[6].text.ends_with("bash-5-2.eln150: build: no"), "{:?}", told.steps[6]);
}

#[test]
fn a_denied_source_says_until_when_and_how_to_end_that() {
    let mut evidence = evidence();
    let source = "git+https://src.example.org/rpms/bash#0123".to_owned();
    evidence.denials = vec![("build".to_owned(), source, at(0), at(99))];
    evidence.triggers = vec![triggered("bash-5-2.fc45", Some(Answer::Denied { since: at(0) }))];
    let (verdict, _) = told("bash", &evidence);
    assert!(verdict.contains("not built before 2026-11-22T13:39:00.000Z"), "{verdict}");
    assert!(verdict.contains("`ebsctl deny remove`"), "{verdict}");
}

#[test]
fn what_came_of_the_last_trigger_is_told_in_words() {
    let batch = BatchId::new(7);
    let nvr = || "bash-5-2.eln150".to_owned();
    let since = at(0);
    let class = FailureClass::Build;
    let pattern = "^bash$".to_owned();
    for (answer, words) in [
        (Answer::InBatch { batch }, "in batch 7"),
        (Answer::Superseded { by: nvr() }, "superseded by bash-5-2.eln150"),
        (Answer::NotListed, "on no list"),
        (Answer::Excluded { pattern }, "excluded by the pattern `^bash$`"),
        (Answer::Denied { since }, "denied since 2026-11-22T12:00:00.000Z"),
        (Answer::AlreadyBuilt { nvr: nvr() }, "already built as bash-5-2.eln150"),
        (Answer::Withdrawn, "withdrawn: it was not in the tag any more"),
        (Answer::NoSource, "Koji knows no source of it"),
        (Answer::Built { batch, nvr: nvr() }, "built in batch 7 as bash-5-2.eln150"),
        (Answer::ScratchBuilt { batch }, "built in batch 7, as a scratch build"),
        (Answer::Failed { batch, class }, "failed in batch 7 (build)"),
        (Answer::TimedOut { batch }, "took too long in batch 7"),
        (Answer::Cancelled { batch }, "cancelled by somebody in batch 7"),
        (Answer::Dropped { batch }, "taken out of batch 7 by an operator"),
        (Answer::Shadowed { batch }, "shadow batch 7 would have built it; nothing was done"),
    ] {
        assert_eq!(answered(&answer), words);
        let evidence =
            Evidence { triggers: vec![triggered("bash-5-2.fc45", Some(answer))], ..evidence() };
        let (verdict, _) = told("bash", &evidence);
        assert!(verdict.contains("bash-5-2.fc45"), "{verdict}");
    }
}

#[test]
fn nothing_heard_of_a_listed_component_is_said() {
    let (verdict, _) = told("bash", &evidence());
    assert_eq!(verdict, "bash is rebuilt when a build of it is tagged; none has been heard of.");
    let (verdict, _) = told("bash", &Evidence::default());
    assert_eq!(verdict, "bash is not rebuilt: the configuration has not been read yet.");
}

#[test]
fn what_reconcile_has_found_of_a_component_is_said_with_what_becomes_of_it() {
    let finding = Finding {
        component: "bash".parse().unwrap(),
        kind: Kind::Missing,
        rawhide: "bash-5.3-2.fc45".to_owned(),
        eln: None,
        since: at(0),
        fate: Fate::OverLimit,
        text: "a run triggers at most 25".to_owned(),
    };
    let found = Some((finding, at(5)));
    let (verdict, steps) = told("bash", &Evidence { found: found.clone(), ..evidence() });
    let step = "Rawhide had bash-5.3-2.fc45 at 2026-11-22T12:05:00.000Z, ELN has none: a run triggers at most 25";
    assert_eq!(verdict, format!("bash has not been rebuilt: {step}."));
    assert_eq!(steps.last().map(String::as_str), Some(step));
    let triggers = vec![triggered("bash-5.3-2.fc45", None)];
    let (verdict, _) = told("bash", &Evidence { found, triggers, ..evidence() });
    assert_eq!(verdict, "bash waits for the next batch with bash-5.3-2.fc45.");
}

#[test]
fn a_trigger_that_was_found_late_says_so_and_where() {
    let told_of = |cause| {
        let trigger = Trigger { cause, ..triggered("bash-5-1.fc45", None) };
        let (_, steps) = told("bash", &Evidence { triggers: vec![trigger], ..evidence() });
        steps.into_iter().find(|step| step.starts_with("bash-5-1.fc45 in f45")).unwrap()
    };
    assert!(told_of(Cause::CatchUp).contains("found late, in the archive of the bus"));
    assert!(told_of(Cause::KojiRecord).contains("found late, in Koji's own record"));
    assert!(!told_of(Cause::Message).contains("late"));
}
