use ebs_domain::policy::{Listed, Pattern, Rules};

use super::*;

fn policy() -> Policy {
    let pattern = |text: &str| Pattern::new(text).unwrap();
    let rules = Rules {
        exclude: vec![pattern("^kernel$")],
        skip_tag: vec![pattern("^gcc$")],
        ordering: vec![(pattern("^gcc$"), 10)],
    };
    let listed = ["bash", "zsh", "gcc", "kernel"].map(|name| Listed {
        component: name.parse().unwrap(),
        upstream: name.parse().unwrap(),
        origin: "eln/source".to_owned(),
    });
    Policy::new(1, rules, listed)
}

fn previewed(pending: &[(&str, &str)]) -> Preview {
    let pending = pending.iter().map(|(name, nvr)| (name.parse().unwrap(), (*nvr).to_owned()));
    preview(pending, &policy())
}

#[test]
fn what_waits_is_shown_in_slices_by_order_with_what_would_be_seeded() {
    let preview = previewed(&[("zsh", "zsh-5-1"), ("gcc", "gcc-16-1"), ("bash", "bash-5-1")]);
    let shown: Vec<(i64, Vec<(&str, bool)>)> = preview
        .slices
        .iter()
        .map(|slice| {
            let members = slice.members.iter();
            (slice.order, members.map(|it| (it.component.as_str(), it.seeded)).collect())
        })
        .collect();
    assert_eq!(shown, [(10, vec![("gcc", false)]), (1000, vec![("bash", true), ("zsh", true)])]);
}

#[test]
fn a_component_that_was_tagged_twice_is_one_member_with_both_builds() {
    let preview = previewed(&[("bash", "bash-5-1"), ("bash", "bash-5-2"), ("bash", "bash-5-2")]);
    assert_eq!(preview.slices[0].members.len(), 1);
    assert_eq!(preview.slices[0].members[0].nvrs, ["bash-5-1", "bash-5-2"]);
}

#[test]
fn what_the_configuration_takes_out_meanwhile_is_left_out_with_the_reason() {
    let preview = previewed(&[("kernel", "kernel-7-1"), ("emacs", "emacs-31-1")]);
    let why: Vec<&str> = preview.left_out.iter().map(|out| out.why.as_str()).collect();
    assert_eq!(why, ["no list names it any more", "excluded by the pattern `^kernel$`"]);
    assert!(preview.slices.is_empty());
}
