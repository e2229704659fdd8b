use ebs_domain::id::RepoRequestId;
use ebs_shared::{
    job::{Answer, Report, Service, Work},
    koji::{api::RepoAnswer, error::KojiErrorKind},
};

use super::fakes::{Reply, answer, away, handle, no_answer, refused};
use crate::Verdict;

#[tokio::test]
async fn a_job_of_another_version_is_left_to_others() {
    let payload = r#"{"v":2,"of":"7","run":1,"work":{"kind":"something_new"}}"#;
    assert_eq!(handle(payload.to_owned(), 1, vec![]).await.0, Verdict::NotMine);
}

#[tokio::test]
async fn a_job_of_this_version_that_cannot_be_understood_is_reported() {
    let payload = r#"{"v":1,"of":"7","run":3,"work":{"kind":"something_new"}}"#;
    let Verdict::Done(report) = handle(payload.to_owned(), 1, vec![]).await.0 else {
        panic!("no report")
    };
    let report: Report = serde_json::from_str(&report).unwrap();
    assert_eq!((report.of.as_str(), report.run), ("7", 3));
    assert!(matches!(report.answer, Answer::Impossible { .. }));
}

#[tokio::test]
async fn what_is_no_job_at_all_is_set_aside() {
    for payload in ["", "[]", "{}", "<html>"] {
        let verdict = handle(payload.to_owned(), 1, vec![]).await.0;
        assert!(matches!(verdict, Verdict::Failed { again: false, .. }), "{verdict:?}");
    }
}

#[tokio::test]
async fn a_hub_that_is_away_is_an_answer() {
    let kinds = [away(), no_answer(), KojiErrorKind::Login("expired".to_owned())];
    for kind in kinds {
        let work = Work::PollRepo { request: RepoRequestId::new(5) };
        let (answer, _) = answer(work, 1, vec![Reply::KojiFails(kind)]).await;
        assert!(matches!(answer, Answer::Unavailable { service: Service::Koji, .. }), "{answer:?}");
    }
}

#[tokio::test]
async fn a_repo_request_is_polled() {
    let work = || Work::PollRepo { request: RepoRequestId::new(5) };
    let (ready, asked) = answer(work(), 1, vec![Reply::Repo(RepoAnswer::Ready { repo: 9 })]).await;
    assert_eq!(ready, Answer::Repo { repo: RepoAnswer::Ready { repo: 9 } });
    assert_eq!(asked, ["check_repo 5"]);
    let (forgotten, _) =
        answer(work(), 1, vec![Reply::KojiFails(refused("No such request: 5"))]).await;
    assert_eq!(forgotten, Answer::Repo { repo: RepoAnswer::GivenUp });
    let (odd, _) = answer(work(), 1, vec![Reply::KojiFails(refused("odd"))]).await;
    assert_eq!(
        odd,
        Answer::Impossible {
            why: "failed to call `call`: the hub refused: fault 1000: odd".to_owned()
        }
    );
}
