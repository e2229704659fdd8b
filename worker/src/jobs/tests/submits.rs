use ebs_domain::{id::TaskId, time::Timestamp};
use ebs_shared::{
    job::{Answer, Doubt, MAX_SUBMIT, Service, SubmitEnd, Work},
    koji::{
        api::{BuildOptions, BuildRequest, BuildState, OwnTask, TaskState},
        error::{Fault, KojiErrorKind},
    },
};

use super::fakes::{NOW, Reply, answer, away, build, end, no_answer, tag, task, token};

const LOOK_AND_CREATE: Doubt =
    Doubt::Look { since: Timestamp::from_millis(NOW - 60_000), may_create: true };
const LOOK_ONLY: Doubt =
    Doubt::Look { since: Timestamp::from_millis(NOW - 60_000), may_create: false };

fn work(sources: &[&str], doubt: Doubt) -> Work {
    let options = BuildOptions {
        target: tag("side"),
        draft: true,
        scratch: false,
        fail_fast: true,
        wait_repo: true,
        priority: 5,
    };
    let builds = (1..)
        .zip(sources)
        .map(|(n, source)| BuildRequest { source: (*source).to_owned(), token: token(n) });
    Work::SubmitBuilds { options, builds: builds.collect(), doubt }
}

fn own(number: i64, state: TaskState, source: &str, marked: u32) -> OwnTask {
    let (source, target) = (source.to_owned(), "side".to_owned());
    OwnTask { info: task(number, state), source, target, token: Some(token(marked)) }
}

fn made(number: i64) -> SubmitEnd {
    SubmitEnd::Task { task: TaskId::new(number), surplus: Vec::new() }
}

fn ends(answer: Answer) -> Vec<SubmitEnd> {
    let Answer::Submitted { builds } = answer else { panic!("{answer:?}") };
    builds
}

#[tokio::test]
async fn a_first_run_just_submits() {
    let fault = Fault { code: 1000, text: "no".to_owned() };
    let replies = vec![Reply::Submit(vec![Ok(TaskId::new(11)), Err(fault.clone())])];
    let (answer, asked) = answer(work(&["a", "b"], Doubt::None), 1, replies).await;
    assert_eq!(ends(answer), [made(11), SubmitEnd::Refused { fault }]);
    assert_eq!(asked, ["submit_builds side a b"]);
}

#[tokio::test]
async fn a_redelivered_job_looks_first_and_creates_what_is_missing() {
    let found = vec![own(12, TaskState::Open, "b", 2)];
    let replies = vec![Reply::Whoami, Reply::Own(found), Reply::Submit(vec![Ok(TaskId::new(13))])];
    let (answer, asked) = answer(work(&["a", "b"], Doubt::None), 2, replies).await;
    assert_eq!(ends(answer), [made(13), made(12)]);
    assert_eq!(asked, ["whoami", "own_builds_since 7, 86400 s ago", "submit_builds side a"]);
}

#[tokio::test]
async fn in_doubt_nothing_is_created_before_its_time() {
    let found = vec![own(12, TaskState::Failed, "b", 2)];
    let (answer, asked) =
        answer(work(&["a", "b"], LOOK_ONLY), 1, vec![Reply::Whoami, Reply::Own(found)]).await;
    assert_eq!(ends(answer), [SubmitEnd::NotYet, made(12)]);
    assert_eq!(asked, ["whoami", "own_builds_since 7, 60 s ago"]);
}

#[tokio::test]
async fn a_task_is_ours_only_with_token_source_and_target() {
    let mut elsewhere = own(12, TaskState::Open, "a", 1);
    elsewhere.target = "gone-side".to_owned();
    let mut unmarked = own(13, TaskState::Open, "a", 1);
    unmarked.token = None;
    let found = vec![elsewhere, unmarked, own(14, TaskState::Open, "other", 1)];
    let replies = vec![Reply::Whoami, Reply::Own(found), Reply::Submit(vec![Ok(TaskId::new(15))])];
    assert_eq!(ends(answer(work(&["a"], LOOK_AND_CREATE), 1, replies).await.0), [made(15)]);
}

#[tokio::test]
async fn of_two_tasks_the_older_unfinished_is_kept() {
    let found = vec![own(22, TaskState::Free, "a", 1), own(21, TaskState::Open, "a", 1)];
    let (answer, _) =
        answer(work(&["a"], LOOK_AND_CREATE), 1, vec![Reply::Whoami, Reply::Own(found)]).await;
    let kept = SubmitEnd::Task { task: TaskId::new(21), surplus: vec![TaskId::new(22)] };
    assert_eq!(ends(answer), [kept]);
}

#[tokio::test]
async fn of_two_tasks_one_with_a_complete_build_is_kept() {
    let found = vec![own(21, TaskState::Open, "a", 1), own(22, TaskState::Failed, "a", 1)];
    let built = vec![end(22, Some("tag is locked"), vec![build(5, BuildState::Complete)])];
    let replies = vec![Reply::Whoami, Reply::Own(found), Reply::Ends(built)];
    let (answer, asked) = answer(work(&["a"], LOOK_AND_CREATE), 1, replies).await;
    let kept = SubmitEnd::Task { task: TaskId::new(22), surplus: vec![TaskId::new(21)] };
    assert_eq!(ends(answer), [kept]);
    assert_eq!(asked[2], "task_ends 22");
}

#[tokio::test]
async fn a_failed_task_gives_way_to_an_unfinished_one() {
    let found = vec![own(21, TaskState::Failed, "a", 1), own(22, TaskState::Open, "a", 1)];
    let replies =
        vec![Reply::Whoami, Reply::Own(found), Reply::Ends(vec![end(21, Some("no"), vec![])])];
    assert_eq!(ends(answer(work(&["a"], LOOK_AND_CREATE), 1, replies).await.0), [made(22)]);
}

#[tokio::test]
async fn a_lost_reply_is_settled_by_looking_at_once() {
    for kind in [no_answer(), KojiErrorKind::AlreadyRan] {
        let found = vec![own(31, TaskState::Free, "a", 1), own(32, TaskState::Free, "b", 2)];
        let replies = vec![Reply::KojiFails(kind), Reply::Whoami, Reply::Own(found)];
        let (answer, asked) = answer(work(&["a", "b"], Doubt::None), 1, replies).await;
        assert_eq!(ends(answer), [made(31), made(32)]);
        assert_eq!(asked[2], "own_builds_since 7, 600 s ago");
    }
}

#[tokio::test]
async fn a_lost_reply_that_looking_does_not_settle_is_unknown() {
    let found = vec![own(31, TaskState::Free, "a", 1)];
    let replies = vec![Reply::KojiFails(no_answer()), Reply::Whoami, Reply::Own(found)];
    let (settled, _) = answer(work(&["a", "b"], Doubt::None), 1, replies).await;
    assert!(matches!(settled, Answer::Unknown { .. }), "{settled:?}");
    let replies = vec![Reply::KojiFails(no_answer()), Reply::KojiFails(away())];
    let (settled, _) = answer(work(&["a"], Doubt::None), 1, replies).await;
    assert!(matches!(settled, Answer::Unknown { .. }), "{settled:?}");
}

#[tokio::test]
async fn a_hub_that_is_away_created_nothing() {
    let (answer, _) = answer(work(&["a"], Doubt::None), 1, vec![Reply::KojiFails(away())]).await;
    let why = "failed to call `call`: the hub is not available: offline".to_owned();
    assert_eq!(answer, Answer::Unavailable { service: Service::Koji, why });
}

#[tokio::test]
async fn too_many_builds_are_impossible() {
    let (answer, _) = answer(work(&["a"; MAX_SUBMIT + 1], Doubt::None), 1, vec![]).await;
    assert!(matches!(answer, Answer::Impossible { .. }), "{answer:?}");
}

/// Seed 177 of the simulation: a worker died while its call was on its way, the hub was away when the job came again, and
/// the next run built a second time without a look.
#[tokio::test]
async fn a_redelivered_job_that_cannot_look_leaves_the_doubt_behind() {
    let (first, _) = answer(work(&["a"], Doubt::None), 1, vec![Reply::KojiFails(away())]).await;
    assert!(matches!(first, Answer::Unavailable { service: Service::Koji, .. }), "{first:?}");
    for doubt in [Doubt::None, LOOK_AND_CREATE] {
        let (again, _) = answer(work(&["a"], doubt), 2, vec![Reply::KojiFails(away())]).await;
        assert!(matches!(again, Answer::Unknown { .. }), "{again:?}");
    }
}
