use ebs_domain::id::TaskId;
use ebs_shared::{
    job::{Answer, Work},
    koji::{
        api::{BuildState, TaskState},
        error::Fault,
    },
};

use super::fakes::{Reply, answer, build, end, no_answer, task};

fn work() -> Work {
    Work::CancelTasks { tasks: vec![TaskId::new(1), TaskId::new(2)] }
}

#[tokio::test]
async fn the_state_after_cancelling_wins() {
    let fault = Fault { code: 1000, text: "cannot cancel".to_owned() };
    let replies = vec![
        Reply::Cancel(vec![Ok(()), Err(fault)]),
        Reply::Tasks(vec![Some(task(1, TaskState::Canceled)), Some(task(2, TaskState::Closed))]),
        Reply::Ends(vec![end(1, None, vec![])]),
        Reply::BuildsOf(vec![vec![build(5, BuildState::Complete)]]),
    ];
    let (answer, asked) = answer(work(), 1, replies).await;
    let Answer::Canceled { tasks } = answer else { panic!("{answer:?}") };
    assert_eq!(tasks[0].info.state, TaskState::Canceled);
    assert_eq!(tasks[1].end.as_ref().unwrap().builds[0].state, BuildState::Complete);
    assert_eq!(asked, ["cancel_tasks 1 2", "tasks 1 2", "task_ends 1", "builds_of_tasks 2"]);
}

#[tokio::test]
async fn a_cancel_without_an_answer_is_asked_again_by_the_coordinator() {
    let (answer, _) = answer(work(), 1, vec![Reply::KojiFails(no_answer())]).await;
    assert!(matches!(answer, Answer::Unavailable { .. }), "{answer:?}");
}
