use ebs_domain::{
    id::BatchId,
    policy::{Listed, Pattern, Rules},
};

use super::{super::Latest, *};

const DAY: i64 = 24 * 3600 * 1000;

/// The time of the tests.
const NOW: Timestamp = Timestamp::from_millis(100 * DAY);

/// `ipa` is `freeipa` in Rawhide, `kernel` is excluded.
fn policy() -> Policy {
    let exclude = vec![Pattern::new("^kernel$").unwrap()];
    let listed = [("bash", "bash"), ("ipa", "freeipa"), ("kernel", "kernel")];
    let listed = listed.map(|(component, upstream)| Listed {
        component: component.parse().unwrap(),
        upstream: upstream.parse().unwrap(),
        origin: "eln/source".to_owned(),
    });
    Policy::new(1, Rules { exclude, ..Rules::default() }, listed)
}

fn source() -> ScmUrl {
    "git+https://src.example.org/rpms/freeipa#aaaa1111".parse().unwrap()
}

/// The row of build 7, under its name in Rawhide.
fn row() -> WaitingRow {
    WaitingRow {
        component: "freeipa".to_owned(),
        build: BuildId::new(7),
        created: Timestamp::from_millis(90 * DAY),
    }
}

/// Koji's record of build 7.
fn record() -> BuildInfo {
    BuildInfo {
        build: BuildId::new(7),
        package: "freeipa".to_owned(),
        nvr: "freeipa-4.12-3.fc45".to_owned(),
        epoch: None,
        state: BuildState::Complete,
        draft: false,
        task: None,
        source: Some(source().to_string()),
    }
}

/// Build `latest` is the latest in Rawhide.
fn rawhide(latest: i64) -> Known {
    let nvr = format!("freeipa-4.12-{latest}.fc45");
    let latest = Latest { build: BuildId::new(latest), nvr, source: Some(source()) };
    Known { latest: Some(latest), ..Known::default() }
}

/// What becomes of that row.
fn judged(row: &WaitingRow, record: Option<&BuildInfo>, known: &Known) -> (Fate, String) {
    judged_beside(row, record, known, &[])
}

fn judged_beside(
    row: &WaitingRow,
    record: Option<&BuildInfo>,
    known: &Known,
    there: &[i64],
) -> (Fate, String) {
    let policy = policy();
    let package: Option<PackageName> = record.map(|record| record.package.parse().unwrap());
    let component = package.and_then(|package| policy.component_of(&package));
    let here = component.map(|component| (component, known));
    let there = there.iter().copied().map(BuildId::new).collect();
    match trigger(row, record, here, (&policy, &"f45".parse().unwrap()), &there) {
        Ok((waited, why)) => {
            let build = if why.contains(" is gone from ") {
                known.latest.as_ref().unwrap().build
            } else {
                row.build
            };
            assert_eq!((waited.build.build, waited.since), (build, row.created));
            assert_eq!(waited.build.component.as_str(), "ipa");
            (Fate::Taken, why)
        }
        Err(told) => told,
    }
}

#[test]
fn a_build_that_is_latest_in_rawhide_comes_over_under_either_name() {
    let taken = (Fate::Taken, "it waits for the next batch".to_owned());
    assert_eq!(judged(&row(), Some(&record()), &rawhide(7)), taken);
    let ours = WaitingRow { component: "ipa".to_owned(), ..row() };
    assert_eq!(judged(&ours, Some(&record()), &rawhide(7)), taken);
    let in_batch = Known { in_batch: Some(BatchId::new(4)), ..rawhide(7) };
    let why = "it waits for the next batch; it is in batch 4 now".to_owned();
    assert_eq!(judged(&row(), Some(&record()), &in_batch), (Fate::Taken, why));
}

#[test]
fn an_older_build_comes_over_and_the_latest_is_named_that_is_built() {
    let why =
        "it waits for the next batch: freeipa-4.12-9.fc45 is latest in f45, and built".to_owned();
    assert_eq!(judged(&row(), Some(&record()), &rawhide(9)), (Fate::Taken, why));
}

#[test]
fn what_is_latest_in_rawhide_comes_in_the_place_of_a_build_that_is_gone() {
    let why = "freeipa-4.12-3.fc45 is gone from f45: freeipa-4.12-6.fc45 is latest there, and waits for the next batch";
    let taken = (Fate::Taken, why.to_owned());
    assert_eq!(judged(&row(), Some(&record()), &rawhide(6)), taken);
    for state in
        [BuildState::Building, BuildState::Deleted, BuildState::Failed, BuildState::Canceled]
    {
        let record = BuildInfo { state, source: None, ..record() };
        assert_eq!(judged(&row(), Some(&record), &rawhide(6)), taken);
    }
    let (fate, why) = judged_beside(&row(), Some(&record()), &rawhide(6), &[6]);
    let text = "known already: `ebsctl explain ipa` says what became of it";
    assert_eq!((fate, why.as_str()), (Fate::Here, text));
    let stable = Some(("freeipa-4.12-6.eln".to_owned(), Some(source().to_string())));
    let (fate, _) = judged(&row(), Some(&record()), &Known { stable, ..rawhide(6) });
    assert_eq!(fate, Fate::Over, "what is latest is built already");
}

#[test]
fn a_build_that_koji_cannot_vouch_for_is_refused_with_the_reason() {
    let refused = |record: Option<BuildInfo>| {
        let (fate, why) = judged(&row(), record.as_ref(), &rawhide(7));
        assert_eq!(fate, Fate::Refused, "{why}");
        why
    };
    assert_eq!(refused(None), "Koji knows no build 7");
    let why = refused(Some(BuildInfo { source: None, ..record() }));
    assert_eq!(why, "Koji knows no source of freeipa-4.12-3.fc45");
    let why = refused(Some(BuildInfo { package: "emacs".to_owned(), ..record() }));
    assert_eq!(why, "no list and no override names `emacs`");
    let why = refused(Some(BuildInfo { package: "bash".to_owned(), ..record() }));
    assert_eq!(why, "build 7 is one of `bash`: freeipa-4.12-3.fc45");
    let (fate, why) = judged(&row(), Some(&record()), &Known::default());
    assert_eq!((fate, why.as_str()), (Fate::Refused, "it has no build in f45"));
    let kernel = WaitingRow { component: "kernel".to_owned(), ..row() };
    let record = BuildInfo { package: "kernel".to_owned(), ..record() };
    let (fate, why) = judged(&kernel, Some(&record), &rawhide(7));
    assert_eq!((fate, why.as_str()), (Fate::Refused, "excluded by the pattern `^kernel$`"));
}

#[test]
fn what_waits_or_is_in_the_ledger_is_here() {
    let waits = Known { waits: true, ..rawhide(7) };
    let (fate, why) = judged(&row(), Some(&record()), &waits);
    assert_eq!((fate, why.as_str()), (Fate::Here, "the component waits already"));
    let (fate, why) = judged_beside(&row(), Some(&record()), &rawhide(7), &[7]);
    let text = "known already: `ebsctl explain ipa` says what became of it";
    assert_eq!((fate, why.as_str()), (Fate::Here, text));
}

#[test]
fn what_is_built_or_denied_has_nothing_left_to_do() {
    let stable = Some(("freeipa-4.12-3.eln".to_owned(), Some(source().to_string())));
    let built = Known { stable, ..rawhide(7) };
    let (fate, why) = judged(&row(), Some(&record()), &built);
    assert_eq!(fate, Fate::Over);
    assert!(why.starts_with("already built as freeipa-4.12-3.eln"), "{why}");

    let row_there =
        FailedRow { source: source().to_string(), created: Timestamp::from_millis(90 * DAY) };
    let mut known = rawhide(7);
    known.deny(&[denied(&row_there).unwrap().0]);
    let (fate, why) = judged(&row(), Some(&record()), &known);
    assert_eq!(fate, Fate::Over);
    assert!(why.starts_with("denied until 1970-05-01") && why.contains("(imported)"), "{why}");
}

fn denied(row: &FailedRow) -> Decided<FailedBefore> {
    denied_beside(row, &DenyRule::default(), &BTreeMap::new())
}

fn denied_beside(
    row: &FailedRow,
    rule: &DenyRule,
    here: &BTreeMap<ScmUrl, Timestamp>,
) -> Decided<FailedBefore> {
    let policy = policy();
    let component = meant(&row.source, Some(&policy));
    failure(row, component.as_ref(), &policy, (rule, NOW), here)
}

fn failed(source: &str, day: i64) -> FailedRow {
    FailedRow { source: source.to_owned(), created: Timestamp::from_millis(day * DAY) }
}

const SOURCE: &str = "git+https://src.example.org/rpms/freeipa.git#aaaa1111";

#[test]
fn a_failure_is_denied_from_its_own_time_on_for_as_long_as_a_failed_build() {
    let (taken, why) = denied(&failed(SOURCE, 80)).unwrap();
    assert_eq!(why, "denied until 1970-04-21T00:00:00.000Z");
    let at = |day: i64| Timestamp::from_millis(day * DAY);
    assert_eq!((taken.component.as_str(), taken.since, taken.until), ("ipa", at(80), at(110)));
    let row = denial(&taken);
    assert_eq!((row.class.as_str(), row.batch, row.task), (IMPORTED, None, None));
    assert_eq!((row.first, row.last, row.expires), (at(80), at(80), at(110)));
    let ahead = denied(&failed(SOURCE, 500)).unwrap().0;
    assert_eq!((ahead.since, ahead.until), (NOW, at(130)), "a clock ahead counts from now");
}

#[test]
fn a_failure_whose_time_is_over_is_said_to_be_so() {
    let (fate, why) = denied(&failed(SOURCE, 70)).unwrap_err();
    assert_eq!(fate, Fate::Over);
    assert_eq!(why, "it would have been denied until 1970-04-11T00:00:00.000Z");
}

#[test]
fn a_failure_that_can_deny_nothing_here_is_refused_with_the_reason() {
    let refused = |source: &str| {
        let (fate, why) = denied(&failed(source, 90)).unwrap_err();
        assert_eq!(fate, Fate::Refused, "{why}");
        why
    };
    assert!(refused("cli-build/1/bash.src.rpm").contains("it has no scheme"));
    assert!(refused("git+https://src.example.org/rpms/bash").contains("names no commit"));
    let why = refused("git+https://src.example.org/rpms/emacs#1");
    assert_eq!(why, "no list and no override names `emacs`");
    assert_eq!(refused("git+https://src.example.org/rpms/.git#1"), "it names no package");
    let mut rule = DenyRule::default();
    rule.classes.remove(&FailureClass::Build);
    let (fate, why) = denied_beside(&failed(SOURCE, 90), &rule, &BTreeMap::new()).unwrap_err();
    assert_eq!(fate, Fate::Refused);
    assert_eq!(why, "`ebs.deny.classes` denies nothing of the class `build`");
}

#[test]
fn a_failure_that_is_on_the_list_is_here() {
    let here = BTreeMap::from([(SOURCE.parse().unwrap(), NOW)]);
    let told = denied_beside(&failed(SOURCE, 90), &DenyRule::default(), &here).unwrap_err();
    assert_eq!(told, (Fate::Here, "denied until 1970-04-11T00:00:00.000Z already".to_owned()));
}
