use ebs_domain::{id::BuildId, time::Timestamp};
use ebs_shared::{
    bodhi::api::{BodhiErrorKind, Complaint, NewUpdate, Update},
    job::{Answer, Doubt, Service, Work},
};

use super::fakes::{NOW, Reply, answer, away, no_answer, refused, tag, update};

fn work(doubt: Doubt) -> Work {
    Work::SubmitUpdate {
        update: NewUpdate { from_tag: tag("errata"), notes: "Batch 1".to_owned() },
        builds: vec![BuildId::new(1), BuildId::new(2)],
        nvrs: vec!["a-1-1".to_owned(), "b-2-1".to_owned()],
        doubt,
    }
}

fn look(may_create: bool) -> Doubt {
    Doubt::Look { since: Timestamp::from_millis(NOW), may_create }
}

fn lost() -> BodhiErrorKind {
    BodhiErrorKind::NoAnswer("502".to_owned())
}

fn posted() -> Answer {
    Answer::Posted { update: update("E-1") }
}

#[tokio::test]
async fn a_tag_that_holds_the_group_is_posted() {
    let replies = vec![Reply::Tagged(vec![2, 1]), Reply::Create(update("E-1"))];
    let (answer, asked) = answer(work(Doubt::None), 1, replies).await;
    assert_eq!(answer, posted());
    assert_eq!(asked, ["list_tagged errata Latest", "create errata a-1-1 b-2-1"]);
}

#[tokio::test]
async fn a_tag_that_holds_anything_else_is_not_posted() {
    for rows in [vec![1], vec![1, 2, 3], vec![1, 3]] {
        let (answer, _) = answer(work(Doubt::None), 1, vec![Reply::Tagged(rows)]).await;
        assert!(matches!(answer, Answer::TagDiffers { .. }), "{answer:?}");
    }
    let (answer, _) =
        answer(work(Doubt::None), 1, vec![Reply::KojiFails(refused("No such tag: errata"))]).await;
    assert!(matches!(answer, Answer::TagDiffers { .. }), "{answer:?}");
}

#[tokio::test]
async fn in_doubt_an_update_is_looked_for_first() {
    let found = || vec![Reply::Find(Some(update("E-1")))];
    assert_eq!(answer(work(look(true)), 1, found()).await.0, posted());
    assert_eq!(answer(work(Doubt::None), 2, found()).await.0, posted());
    let (early, _) = answer(work(look(false)), 1, vec![Reply::Find(None)]).await;
    assert!(matches!(early, Answer::NotYet { .. }), "{early:?}");
    let replies = vec![
        Reply::Find(None),
        Reply::Holding(vec![]),
        Reply::Tagged(vec![1, 2]),
        Reply::Create(update("E-1")),
    ];
    assert_eq!(answer(work(look(true)), 1, replies).await.0, posted());
}

#[tokio::test]
async fn builds_that_another_update_took_while_it_was_in_doubt_are_not_posted() {
    let other = |status: &str| Update {
        status: status.to_owned(),
        from_tag: Some("another".to_owned()),
        builds: vec!["c-1-1".to_owned(), "b-2-1".to_owned()],
        ..update("E-9")
    };
    let replies = vec![Reply::Find(None), Reply::Holding(vec![other("testing")])];
    let (refused, asked) = answer(work(look(true)), 1, replies).await;
    let description = "b-2-1 is in E-9 already".to_owned();
    let complaints = vec![Complaint { name: "builds".to_owned(), description }];
    assert_eq!(refused, Answer::PostRefused { complaints, builds: vec!["b-2-1".to_owned()] });
    assert_eq!(asked, ["find errata a-1-1", "holding a-1-1 b-2-1"]);
    let replies = vec![
        Reply::Find(None),
        Reply::Holding(vec![other("unpushed")]),
        Reply::Tagged(vec![1, 2]),
        Reply::Create(update("E-1")),
    ];
    assert_eq!(answer(work(look(true)), 1, replies).await.0, posted());
}

#[tokio::test]
async fn an_update_that_comes_to_light_between_two_looks_is_taken() {
    let replies = vec![Reply::Find(None), Reply::Holding(vec![update("E-1")])];
    assert_eq!(answer(work(look(true)), 1, replies).await.0, posted());
}

#[tokio::test]
async fn a_lost_reply_is_settled_by_looking_at_once() {
    for kind in [lost(), BodhiErrorKind::AlreadyExists] {
        let replies = vec![
            Reply::Tagged(vec![1, 2]),
            Reply::BodhiFails(kind),
            Reply::Find(Some(update("E-1"))),
        ];
        let (answer, asked) = answer(work(Doubt::None), 1, replies).await;
        assert_eq!(answer, posted());
        assert_eq!(asked[2], "find errata a-1-1");
    }
    for reply in [Reply::Find(None), Reply::BodhiFails(lost())] {
        let replies = vec![Reply::Tagged(vec![1, 2]), Reply::BodhiFails(lost()), reply];
        let (open, _) = answer(work(Doubt::None), 1, replies).await;
        assert!(matches!(open, Answer::Unknown { .. }), "{open:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_with_all_that_was_said() {
    let complaints =
        vec![Complaint { name: "builds".to_owned(), description: "b-2-1 is bad".to_owned() }];
    let builds = vec!["b-2-1".to_owned()];
    let kind = BodhiErrorKind::Refused { complaints: complaints.clone(), builds: builds.clone() };
    let replies = vec![Reply::Tagged(vec![1, 2]), Reply::BodhiFails(kind)];
    assert_eq!(
        answer(work(Doubt::None), 1, replies).await.0,
        Answer::PostRefused { complaints, builds }
    );
}

#[tokio::test]
async fn either_neighbour_that_is_away_is_named() {
    let bodhi = || Reply::BodhiFails(BodhiErrorKind::Unavailable("refused".to_owned()));
    let cases = [
        (Doubt::None, vec![Reply::Tagged(vec![1, 2]), bodhi()], Service::Bodhi),
        (look(true), vec![bodhi()], Service::Bodhi),
        (Doubt::None, vec![Reply::KojiFails(away())], Service::Koji),
        (Doubt::None, vec![Reply::KojiFails(no_answer())], Service::Koji),
    ];
    for (doubt, replies, expected) in cases {
        let (answer, _) = answer(work(doubt), 1, replies).await;
        assert!(
            matches!(answer, Answer::Unavailable { service, .. } if service == expected),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn an_update_without_builds_is_impossible() {
    let update = NewUpdate { from_tag: tag("errata"), notes: "Batch 1".to_owned() };
    let work = Work::SubmitUpdate { update, builds: vec![], nvrs: vec![], doubt: Doubt::None };
    assert!(matches!(answer(work, 1, vec![]).await.0, Answer::Impossible { .. }));
}
