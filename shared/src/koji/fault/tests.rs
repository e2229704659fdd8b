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

#[test]
fn a_failed_build_is_classed_by_its_text_and_its_step() {
    use FailureClass::*;
    let srpm = child(1, "buildSRPMFromSCM", "srpm", TaskState::Failed);
    let arch = child(2, "buildArch", "x86_64", TaskState::Failed);
    let tag = child(3, "tagBuild", "tag", TaskState::Failed);
    let repo = child(4, "waitrepo", "", TaskState::Failed);
    let cases = [
        (
            1005,
            "error building package (arch x86_64), mock exited with status 1; see build.log or root.log",
            &arch,
            Build,
        ),
        (
            1005,
            "error building package (arch x86_64), mock exited with status 30; see root.log",
            &arch,
            Dependency,
        ),
        (
            1005,
            "error building package (arch x86_64), mock exited with status 50; see root.log",
            &arch,
            Infrastructure,
        ),
        (
            1005,
            "error building package (arch x86_64), mock was killed by signal 9",
            &arch,
            Infrastructure,
        ),
        (
            1005,
            "error building srpm, mock exited with status 1; see build.log or root.log",
            &srpm,
            Srpm,
        ),
        (
            1005,
            "error retrieving sources, mock exited with status 1; see build.log or root.log",
            &srpm,
            Source,
        ),
        (
            1005,
            "Error running GIT command \"git reset --hard X\", see checkout.log for details",
            &srpm,
            Source,
        ),
        (1005, "package foo not in list for tag eln", &srpm, Policy),
        (1005, "No matching arches were found", &srpm, Source),
        (
            1012,
            "could not init mock buildroot, mock exited with status 30; see root.log",
            &arch,
            Dependency,
        ),
        (1000, "unknown build target: gone", &srpm, Infrastructure),
        (1000, "Unsuccessfully waited 2:00 for a new repo", &repo, Infrastructure),
        (1000, "Task 5 is canceled", &arch, Infrastructure),
        (1004, "tag is locked", &tag, Tagging),
        (1004, "policy violation (tag): no drafts", &tag, Policy),
        (1003, "Package foo blocked in eln", &tag, Tagging),
        (1, "Traceback (most recent call last):\n  File x\nValueError: odd", &arch, Unknown),
        (1014, "server is offline", &arch, Infrastructure),
        (424_242, "what no hub says", &arch, Unknown),
    ];
    for (code, text, culprit, class) in cases {
        assert_eq!(
            classify(Some(&fault(code, text)), std::slice::from_ref(culprit)),
            class,
            "{code} {text}"
        );
    }
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
