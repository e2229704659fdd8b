use ebs_domain::{
    id::{BuildId, EventId},
    policy::Eligibility,
    time::Timestamp,
};

use super::*;
use crate::store::NewTrigger;

fn build(tag: &str, nvr: &str, epoch: Option<i64>) -> TaggedBuild {
    TaggedBuild {
        tag: tag.parse().unwrap(),
        build: BuildId::new(1),
        package: "bash".to_owned(),
        nvr: nvr.to_owned(),
        epoch,
        draft: false,
        tagged_at: EventId::new(1),
        made_at: None,
    }
}

fn picked(named: (&str, Option<i64>), other: (&str, Option<i64>)) -> String {
    let named = build("f46", named.0, named.1);
    newer(Some(named), build("f45", other.0, other.1)).tag.to_string()
}

#[test]
fn the_newer_build_of_two_tags_is_rebuilt_and_of_equals_that_of_the_tag_named() {
    let (old, new) = (("bash-5.9-1.fc45", None), ("bash-5.10-1.fc45", None));
    assert_eq!(picked(old, new), "f45");
    assert_eq!(picked(new, old), "f46");
    assert_eq!(picked(new, new), "f46");
    assert_eq!(picked(("bash-5.9-1.fc45", Some(1)), new), "f46", "the epoch comes first");
    assert_eq!(picked(("bash", None), new), "f46", "what cannot be compared yields to nothing");
}

#[test]
fn what_is_in_the_other_tag_alone_is_rebuilt() {
    assert_eq!(newer(None, build("f45", "bash-5.9-1.fc45", None)).tag.as_str(), "f45");
}

#[test]
fn packages_are_looked_for_in_each_tag_that_their_triggers_came_from() {
    let row = |id: i64, tag: &str| TriggerRow {
        id: TriggerId::new(id),
        trigger: NewTrigger {
            component: "bash".parse().unwrap(),
            tag: tag.to_owned(),
            build: BuildId::new(id),
            nvr: format!("bash-{id}-1.fc45"),
            cause: "{}".to_owned(),
            by_person: false,
            message: None,
            created: Timestamp::from_millis(0),
            answer: None,
            shown: None,
        },
        batch: None,
    };
    let pending: BTreeMap<_, _> = [(1, "f46"), (2, "f45"), (3, "f45")]
        .map(|(id, tag)| (TriggerId::new(id), row(id, tag)))
        .into();
    let candidate = |name: &str, triggers: &[i64]| Candidate {
        component: name.parse().unwrap(),
        package: name.parse().unwrap(),
        order: 1000,
        may_seed: true,
        eligibility: Eligibility::Yes,
        forced: false,
        again: false,
        triggers: triggers.iter().map(|id| (TriggerId::new(*id), BuildId::new(*id))).collect(),
    };
    let candidates =
        [candidate("bash", &[1, 2]), candidate("acl", &[1]), candidate("zsh", &[3, 9])];
    let found = elsewhere(&candidates, &pending, &"f46".parse().unwrap());
    let expected = [("f45".parse().unwrap(), vec!["bash".to_owned(), "zsh".to_owned()])];
    assert_eq!(found, expected.into());
}
