//! Texts as the real hub and builder write them; those marked in `tests/integration` come from recordings.

use super::*;

fn fault(code: i64, text: &str) -> Fault {
    RawFault { code, text: text.to_owned() }.into()
}

fn child(number: i64, method: &str, label: &str, state: TaskState) -> TaskInfo {
    TaskInfo {
        task: TaskId::new(number),
        state,
        method: method.to_owned(),
        label: Some(label.to_owned()),
        created: None,
        started: None,
        ended: None,
    }
}

#[test]
fn the_finished_build_of_a_taken_nvr_is_named() {
    let taken = fault(1000, "Build already exists (id=17, state=COMPLETE): {'name': 'foo'}");
    assert_eq!(meaning(&taken), Meaning::BuildExists(BuildId::new(17)));
    let deleted = fault(1000, "Build already exists (id=17, state=DELETED): {'name': 'foo'}");
    assert_eq!(meaning(&deleted), Meaning::Other);
    assert_eq!(classify(Some(&deleted), &[]), FailureClass::Source);
}

#[test]
fn the_task_that_is_ahead_of_us_is_named() {
    let ahead = fault(1000, "Build already in progress (task 99)");
    assert_eq!(meaning(&ahead), Meaning::BuildInProgress(TaskId::new(99)));
    assert_eq!(classify(Some(&ahead), &[]), FailureClass::Infrastructure);
}

#[test]
fn the_culprit_is_the_child_that_failed_not_one_cancelled_for_it() {
    let children = [
        child(9, "buildArch", "x86_64", TaskState::Canceled),
        child(8, "buildArch", "aarch64", TaskState::Failed),
        child(7, "buildSRPMFromSCM", "srpm", TaskState::Closed),
    ];
    assert_eq!(failed_child(&children).map(|child| child.task), Some(TaskId::new(8)));
    assert_eq!(classify(None, &children), FailureClass::Build);
}

/// Each fault has this class when that child is to blame.
fn classed(culprit: &TaskInfo, cases: &[(i64, &str, FailureClass)]) {
    for (code, text, class) in cases {
        assert_eq!(
            classify(Some(&fault(*code, text)), std::slice::from_ref(culprit)),
            *class,
            "{code} {text}"
        );
    }
}

#[test]
fn a_failed_arch_is_classed_by_mocks_exit() {
    use FailureClass::*;
    let cases = [
        (
            1005,
            "error building package (arch x86_64), mock exited with status 1; see build.log",
            Build,
        ),
        (
            1005,
            "error building package (arch x86_64), mock exited with status 30; see root.log",
            Dependency,
        ),
        (
            1005,
            "error building package (arch x86_64), mock exited with status 50; see root.log",
            Infrastructure,
        ),
        (1005, "error building package (arch x86_64), mock was killed by signal 9", Infrastructure),
        (
            1012,
            "could not init mock buildroot, mock exited with status 30; see root.log",
            Dependency,
        ),
        (1000, "Task 5 is canceled", Infrastructure),
        (1, "Traceback (most recent call last):\n  File x\nValueError: odd", Unknown),
        (1014, "server is offline", Infrastructure),
        (424_242, "what no hub says", Unknown),
    ];
    classed(&child(2, "buildArch", "x86_64", TaskState::Failed), &cases);
}

#[test]
fn a_failure_in_another_step_is_classed_by_text_and_step() {
    use FailureClass::*;
    let srpm = [
        (1005, "error building srpm, mock exited with status 1; see build.log", Srpm),
        (1005, "error retrieving sources, mock exited with status 1; see build.log", Source),
        (1005, "Error running GIT command \"git reset --hard X\", see checkout.log", Source),
        (1005, "package foo not in list for tag eln", Policy),
        (1005, "No matching arches were found", Source),
        (1000, "unknown build target: gone", Infrastructure),
    ];
    classed(&child(1, "buildSRPMFromSCM", "srpm", TaskState::Failed), &srpm);
    let tag = [
        (1004, "tag is locked", Tagging),
        (1004, "policy violation (tag): no drafts", Policy),
        (1003, "Package foo blocked in eln", Tagging),
    ];
    classed(&child(3, "tagBuild", "tag", TaskState::Failed), &tag);
    let repo = [(1000, "Unsuccessfully waited 2:00 for a new repo", Infrastructure)];
    classed(&child(4, "waitrepo", "", TaskState::Failed), &repo);
}

#[test]
fn of_a_traceback_only_the_line_that_names_the_exception_is_kept() {
    let text = "Traceback (most recent call last):\n  File \"/x\", line 1\n    boom()\n    ^^^^^^\nValueError: odd\n";
    assert_eq!(fault(1, text).text, "ValueError: odd");
    let sql = "<class 'psycopg2.errors.SyntaxError'>: syntax error at or near \"5\"\nLINE 5:  WHERE (state IN 5)\n   ^\n";
    assert_eq!(
        fault(1, sql).text,
        "<class 'psycopg2.errors.SyntaxError'>: syntax error at or near \"5\""
    );
}

#[test]
fn of_a_long_text_both_ends_are_kept() {
    let long = format!("head{}tail", "x".repeat(100_000));
    let kept = fault(1005, &long).text;
    assert!(kept.starts_with("headx") && kept.ends_with("xtail") && kept.chars().count() < 2010);
}
