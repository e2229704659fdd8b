use super::{Change, Difference};
use crate::policy::{Listed, Pattern, Policy, Rules};

fn patterns(texts: &[&str]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::new(text).unwrap()).collect()
}

/// `ipa<-freeipa@override` is an override; a plain name is on the list `eln/source`.
fn policy(rules: Rules, listed: &str) -> Policy {
    let listed = listed.split_whitespace().map(|word| {
        let (names, origin) = word.split_once('@').unwrap_or((word, "eln/source"));
        let (down, up) = names.split_once("<-").unwrap_or((names, names));
        Listed {
            component: down.parse().unwrap(),
            upstream: up.parse().unwrap(),
            origin: origin.to_owned(),
        }
    });
    Policy::new(1, rules, listed.collect::<Vec<_>>())
}

fn rules(exclude: &[&str], skip_tag: &[&str], ordering: &[(&str, i64)]) -> Rules {
    Rules {
        exclude: patterns(exclude),
        skip_tag: patterns(skip_tag),
        ordering: ordering.iter().map(|(text, n)| (Pattern::new(text).unwrap(), *n)).collect(),
    }
}

fn told(before: &Policy, after: &Policy) -> String {
    Difference::between(before, after).sentences(3).collect::<Vec<_>>().join("\n")
}

#[test]
fn two_equal_snapshots_have_no_difference() {
    let one = policy(rules(&["^kernel$"], &[], &[("gcc", 1)]), "bash gcc kernel");
    assert!(Difference::between(&one, &one).is_empty());
    assert_eq!(told(&one, &one), "");
}

#[test]
fn every_kind_of_difference_has_its_sentence() {
    let before = policy(
        rules(&["^kernel$", "^old$"], &["^gcc$"], &[("^gcc$", 10), ("^llvm", 0), ("^gone$", 7)]),
        "bash gcc kernel llvm shim restore leaver mover ipa<-freeipa@override",
    );
    let after = policy(
        rules(&["^kernel$", "^shim"], &["^llvm$"], &[("^llvm", 5), ("^gcc$", 10), ("^new$", 3)]),
        "bash gcc kernel llvm shim restore<-dump@override mover@eln-extras/source ipa<-idm@override \
         kernel-rt new shim-x64",
    );
    insta::assert_snapshot!(told(&before, &after), @"
    patterns added to `exclude` (1): `^shim`
    patterns taken from `exclude` (1): `^old$`
    patterns added to `skip_tag` (1): `^llvm$`
    patterns taken from `skip_tag` (1): `^gcc$`
    patterns of `ordering` that change (3): `^llvm` 0 → 5, `^new$` added with 3, `^gone$` taken away
    the patterns of `ordering` stand in another sequence, and the first that hits counts
    packages that enter (3): kernel-rt (eln/source), new (eln/source, order 3), shim-x64 (eln/source, excluded by `^shim`)
    packages that leave (1): leaver (eln/source)
    packages that Rawhide calls otherwise (2): ipa (freeipa → idm), restore (restore → dump)
    packages from another list (2): mover (eln/source → eln-extras/source), restore (eln/source → override)
    packages that become excluded (1): shim (`^shim`)
    packages with another order number (1): llvm (0 → 5)
    packages that are no longer seeded (1): llvm
    packages that become seeded (1): gcc
    ");
    let back = told(&after, &before);
    assert!(back.contains("packages that are no longer excluded (1): shim (`^shim`)"), "{back}");
}

#[test]
fn a_jump_of_a_thousand_names_is_cut_with_a_count() {
    let names: String = (0..1000).map(|n| format!("package-{n:04} ")).collect();
    let (few, many) = (policy(Rules::default(), "bash"), policy(Rules::default(), &names));
    insta::assert_snapshot!(told(&few, &many), @"
    packages that enter (1000): package-0000 (eln/source), package-0001 (eln/source), package-0002 (eln/source) and 997 more
    packages that leave (1): bash (eln/source)
    ");
    let difference = Difference::between(&few, &many);
    assert_eq!(difference.changes().len(), 1001);
    assert_eq!(difference.sentences(0).next().unwrap(), "packages that enter: 1000");
}

#[test]
fn order_and_seeding_of_a_package_that_is_excluded_anyway_are_not_told() {
    let before = policy(rules(&["^gcc$"], &[], &[]), "gcc");
    let after = policy(rules(&["^gcc$"], &["^gcc$"], &[("^gcc$", 1)]), "gcc");
    let difference = Difference::between(&before, &after);
    let of_packages = difference
        .changes()
        .iter()
        .filter(|change| matches!(change, Change::Order { .. } | Change::Seeding { .. }));
    assert_eq!(of_packages.count(), 0);
}

#[test]
fn the_sequence_of_exclusions_makes_no_difference_and_that_of_orders_does() {
    let one = policy(rules(&["a", "b"], &["a", "b"], &[("a", 1), ("b", 2)]), "ab");
    let other = policy(rules(&["b", "a"], &["b", "a"], &[("b", 2), ("a", 1)]), "ab");
    assert_eq!(Difference::between(&one, &other).changes(), [Change::Sequence]);
}
