use ebs_domain::id::{BuildId, TaskId};
use ebs_shared::{
    bodhi::api::BodhiErrorKind,
    job::{Answer, Service, Work},
    koji::api::{BuildState, MAX_BULK, TaskState},
};

use super::fakes::{Reply, answer, build, end, refused, tag, tagged, task, update};

fn tasks(numbers: &[i64]) -> Vec<TaskId> {
    numbers.iter().copied().map(TaskId::new).collect()
}

#[tokio::test]
async fn tasks_are_seen_in_one_call_and_the_final_ones_with_their_ends() {
    let states = vec![Some(task(1, TaskState::Open)), None, Some(task(3, TaskState::Failed))];
    let replies = vec![Reply::Tasks(states), Reply::Ends(vec![end(3, Some("broken"), vec![])])];
    let (answer, asked) = answer(Work::PollTasks { tasks: tasks(&[1, 2, 3]) }, 1, replies).await;
    let Answer::Tasks { tasks: seen, unknown } = answer else { panic!("{answer:?}") };
    assert_eq!(unknown, tasks(&[2]));
    assert!(seen[0].end.is_none() && seen[1].end.is_some() && seen[1].taken.is_none());
    assert_eq!(asked, ["tasks 1 2 3", "task_ends 3"]);
}

#[tokio::test]
async fn a_task_that_ended_well_is_asked_for_its_build_alone() {
    let states = vec![Some(task(1, TaskState::Closed)), Some(task(2, TaskState::Closed))];
    let builds = vec![vec![build(7, BuildState::Complete)], vec![]];
    let replies = vec![Reply::Tasks(states), Reply::BuildsOf(builds)];
    let (answer, asked) = answer(Work::PollTasks { tasks: tasks(&[1, 2]) }, 1, replies).await;
    let Answer::Tasks { tasks: seen, .. } = answer else { panic!("{answer:?}") };
    let built = |place: usize| seen[place].end.as_ref().unwrap().builds.len();
    assert_eq!((built(0), built(1)), (1, 0));
    assert_eq!(asked, ["tasks 1 2", "builds_of_tasks 1 2"]);
}

#[tokio::test]
async fn a_taken_nvr_is_told_with_the_build_that_has_it() {
    let text = "Build already exists (id=77, state=COMPLETE): {'name': 'pkg'}";
    let replies = vec![
        Reply::Tasks(vec![Some(task(1, TaskState::Failed))]),
        Reply::Ends(vec![end(1, Some(text), vec![])]),
        Reply::Builds(vec![Some(build(77, BuildState::Complete))]),
    ];
    let (answer, asked) = answer(Work::PollTasks { tasks: tasks(&[1]) }, 1, replies).await;
    let Answer::Tasks { tasks, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(tasks[0].taken.as_ref().unwrap().build, BuildId::new(77));
    assert_eq!(asked[2], "builds 77");
}

#[tokio::test]
async fn a_final_task_without_an_end_is_not_told() {
    let replies = vec![Reply::Tasks(vec![Some(task(1, TaskState::Failed))]), Reply::Ends(vec![])];
    let (answer, _) = answer(Work::PollTasks { tasks: tasks(&[1]) }, 1, replies).await;
    assert!(matches!(answer, Answer::Unavailable { service: Service::Koji, .. }), "{answer:?}");
}

#[tokio::test]
async fn too_many_tasks_are_impossible() {
    let many: Vec<i64> = (0..).take(MAX_BULK + 1).collect();
    let (answer, _) = answer(Work::PollTasks { tasks: tasks(&many) }, 1, vec![]).await;
    assert!(matches!(answer, Answer::Impossible { .. }), "{answer:?}");
}

#[tokio::test]
async fn a_tag_is_polled_with_the_tasks_that_tag_into_it() {
    let states = vec![
        Some(task(1, TaskState::Closed)),
        Some(task(2, TaskState::Failed)),
        Some(task(3, TaskState::Free)),
        Some(task(4, TaskState::Canceled)),
        None,
    ];
    let replies = vec![
        Reply::Tasks(states),
        Reply::Tagged(vec![9, 8]),
        Reply::Ends(vec![end(2, Some("tag is locked"), vec![]), end(4, None, vec![])]),
    ];
    let work = Work::PollTag { tag: tag("side"), tasks: tasks(&[1, 2, 3, 4, 5]) };
    let (answer, asked) = answer(work, 1, replies).await;
    let Answer::Tag { builds, failed, open } = answer else { panic!("{answer:?}") };
    assert_eq!(builds.unwrap(), [BuildId::new(9), BuildId::new(8)]);
    assert_eq!(open, tasks(&[3]));
    let told: Vec<(i64, &str)> =
        failed.iter().map(|(task, fault)| (task.get(), fault.text.as_str())).collect();
    assert_eq!(
        told,
        [(2, "tag is locked"), (4, "no fault was told"), (5, "Koji does not know the task")]
    );
    assert_eq!(asked, ["tasks 1 2 3 4 5", "list_tagged side All", "task_ends 2 4"]);
}

#[tokio::test]
async fn a_tag_that_is_gone_is_an_answer() {
    let work = || Work::PollTag { tag: tag("side"), tasks: vec![] };
    let (gone, _) = answer(work(), 1, vec![Reply::KojiFails(refused("No such tag: side"))]).await;
    assert_eq!(gone, Answer::Tag { builds: None, failed: vec![], open: vec![] });
    let (odd, _) = answer(work(), 1, vec![Reply::KojiFails(refused("odd"))]).await;
    assert!(matches!(odd, Answer::Impossible { .. }), "{odd:?}");
}

#[tokio::test]
async fn updates_and_the_stable_tag_are_polled_together() {
    let work = |aliases: &[&str], packages: &[&str]| Work::PollUpdates {
        aliases: aliases.iter().copied().map(str::to_owned).collect(),
        stable_tag: tag("eln"),
        packages: packages.iter().copied().map(str::to_owned).collect(),
    };
    let replies = vec![
        Reply::Updates(vec![None, Some(update("E-2"))]),
        Reply::Latest(vec![Some(tagged("zlib", 5)), None]),
    ];
    let (seen, asked) = answer(work(&["E-1", "E-2"], &["zlib", "new"]), 1, replies).await;
    let Answer::Updates { updates, stable } = seen else { panic!("{seen:?}") };
    assert_eq!(
        (updates, stable[0].nvr.as_str(), stable.len()),
        (vec![update("E-2")], "zlib-5-1.eln", 1)
    );
    assert_eq!(asked, ["updates E-1 E-2", "latest_of eln [\"zlib\", \"new\"]"]);
    let (nothing, _) = answer(work(&[], &[]), 1, vec![]).await;
    assert_eq!(nothing, Answer::Updates { updates: vec![], stable: vec![] });
    let away = Reply::BodhiFails(BodhiErrorKind::NoAnswer("504".to_owned()));
    let (away, _) = answer(work(&["E-1"], &[]), 1, vec![away]).await;
    assert!(matches!(away, Answer::Unavailable { service: Service::Bodhi, .. }), "{away:?}");
}
