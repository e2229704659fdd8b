use super::{Eligibility, Listed, Pattern, Policy, Rules};
use crate::id::{Component, PackageName};

fn component(name: &str) -> Component {
    name.parse().unwrap()
}

fn package(name: &str) -> PackageName {
    name.parse().unwrap()
}

fn patterns(texts: &[&str]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::new(text).unwrap()).collect()
}

/// `ipa<-freeipa` is an override; a plain name is listed.
fn listed(text: &str) -> Vec<Listed> {
    text.split_whitespace()
        .map(|word| {
            let (down, up) = word.split_once("<-").unwrap_or((word, word));
            Listed {
                component: component(down),
                upstream: package(up),
                origin: "eln/source".to_owned(),
            }
        })
        .collect()
}

fn rules() -> Rules {
    Rules {
        exclude: patterns(&["^kernel$", "^shim", "^mingw-(?!gcc$)", "^freeipa-healthcheck$"]),
        skip_tag: patterns(&["^gcc$", "^dump$"]),
        ordering: vec![
            (Pattern::new("^llvm").unwrap(), 0),
            (Pattern::new("llvm").unwrap(), 5),
            (Pattern::new("^ipa").unwrap(), 1001),
        ],
    }
}

const RENAMES: &str = "ipa<-freeipa ipa-healthcheck<-freeipa-healthcheck restore<-dump rhel-system-roles<-linux-system-roles";

#[test]
fn both_names_of_the_four_renamed_packages_lead_to_one_identity() {
    let policy = Policy::new(1, Rules::default(), listed(RENAMES));
    for (down, up) in RENAMES.split_whitespace().map(|word| word.split_once("<-").unwrap()) {
        assert_eq!(policy.component_of(&package(up)), Some(component(down)), "from {up}");
        assert_eq!(policy.component_of(&package(down)), Some(component(down)), "from {down}");
        assert_eq!(policy.upstream_name(&component(down)), up);
        assert_eq!(policy.eligible(&component(down)), Eligibility::Yes);
        assert_eq!(
            policy.eligible(&component(up)),
            Eligibility::NotListed,
            "{up} has no identity of its own"
        );
    }
}

#[test]
fn a_listed_name_that_another_component_has_upstream_is_that_component() {
    let policy = Policy::new(1, Rules::default(), listed("ipa<-freeipa freeipa ipa"));
    assert_eq!(policy.component_of(&package("freeipa")), Some(component("ipa")));
    assert_eq!(policy.components().count(), 1);
}

#[test]
fn a_package_on_no_list_has_no_component() {
    let policy = Policy::new(1, Rules::default(), listed("bash"));
    assert_eq!(policy.component_of(&package("emacs")), None);
    assert_eq!(policy.eligible(&component("emacs")), Eligibility::NotListed);
    assert_eq!(policy.upstream_name(&component("emacs")), "emacs");
}

#[test]
fn an_exclude_pattern_hits_by_either_name_and_is_named() {
    let policy = Policy::new(
        1,
        rules(),
        listed("kernel mingw-gcc mingw-zlib ipa-healthcheck<-freeipa-healthcheck bash"),
    );
    let excluded = |pattern: &str| Eligibility::Excluded { pattern: pattern.to_owned() };
    assert_eq!(policy.eligible(&component("kernel")), excluded("^kernel$"));
    assert_eq!(policy.eligible(&component("mingw-gcc")), Eligibility::Yes);
    assert_eq!(policy.eligible(&component("mingw-zlib")), excluded("^mingw-(?!gcc$)"));
    assert_eq!(policy.eligible(&component("ipa-healthcheck")), excluded("^freeipa-healthcheck$"));
    assert_eq!(policy.eligible(&component("bash")), Eligibility::Yes);
}

#[test]
fn the_first_ordering_pattern_of_the_file_wins_and_1000_is_the_default() {
    let policy = Policy::new(1, rules(), listed("llvm21 mingw-llvm ipa<-freeipa bash"));
    assert_eq!(policy.order(&component("llvm21")), 0);
    assert_eq!(policy.order(&component("mingw-llvm")), 5);
    assert_eq!(policy.order(&component("ipa")), 1001);
    assert_eq!(policy.order(&component("bash")), 1000);
    assert_eq!(policy.order(&component("llvm-not-listed")), 0);
}

#[test]
fn a_skip_tag_pattern_hits_by_either_name() {
    let policy = Policy::new(1, rules(), listed("gcc restore<-dump bash"));
    assert!(!policy.may_seed(&component("gcc")));
    assert!(!policy.may_seed(&component("restore")));
    assert!(policy.may_seed(&component("bash")));
}

#[test]
fn a_pattern_that_gives_up_is_decided_carefully_and_reported_with_the_package() {
    let endless = patterns(&[r"^(?:(a+)+)(?=\1b)$"]);
    let name = "a".repeat(40);
    let rules = Rules { exclude: endless.clone(), skip_tag: endless, ordering: Vec::new() };
    let policy = Policy::new(1, rules, listed(&format!("{name} bash")));
    assert_eq!(policy.faults().len(), 2);
    assert_eq!(policy.faults()[0].name, name);
    assert!(matches!(policy.eligible(&component(&name)), Eligibility::Excluded { .. }));
    assert!(!policy.may_seed(&component(&name)));
    assert_eq!(policy.eligible(&component("bash")), Eligibility::Yes);
}

#[test]
fn the_first_of_two_entries_for_one_component_wins() {
    let mut two = listed("bash bash");
    two[1].origin = "eln-extras/source".to_owned();
    let policy = Policy::new(7, Rules::default(), two);
    assert_eq!(policy.origin(&component("bash")), Some("eln/source"));
    assert_eq!(policy.number(), 7);
}

#[test]
fn a_whole_list_is_judged_at_once() {
    let names: String = (0..2262).map(|n| format!("package-{n} ")).collect();
    let policy = Policy::new(1, rules(), listed(&names));
    assert_eq!(policy.components().count(), 2262);
    assert!(policy.faults().is_empty());
}
