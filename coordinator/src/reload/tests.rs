use std::{fs, path::Path, time::Duration};

use ebs_shared::config::parse_static;
use tempfile::TempDir;

use super::*;

const STATIC: &str = "configuration:
  koji: {profile: sim, build_target: eln, stable_tag: eln, username: ebs, scratch_build: false, fail_fast: true, wait_repo: true}
  bodhi: {staging: false, batch_size: 100}
  open_id_connect: false
  email: false
ebs:
  koji: {hub_url: 'http://127.0.0.1:1/kojihub'}
  bodhi: {url: 'http://127.0.0.1:1/'}
  database: {url: 'sqlite:ebs.sqlite'}
";

fn config(text: &str) -> StaticConfig {
    parse_static("static.yaml", text).unwrap().config
}

#[test]
fn what_the_next_batch_begins_with_is_taken_over_and_the_rest_needs_a_restart() {
    let text = STATIC
        .replace("fail_fast: true", "fail_fast: false")
        .replace("batch_size: 100", "batch_size: 50, stable_timeout: 7200")
        .replace("build_target: eln", "build_target: eln-next")
        + "  timers: {build_timeout: 30h, lull: 10s}\n  limits: {max_open_builds: 20}\n  deny: {attempts: 3}\n";
    let (running, new) = (config(STATIC), config(&text));
    let reread = compare(&running, &new);
    assert_eq!(
        reread.taken,
        [
            "configuration.koji.fail_fast",
            "configuration.bodhi.batch_size",
            "configuration.bodhi.max_single_batch_size",
            "ebs.timers.build_timeout",
            "ebs.timers.stable_timeout",
            "ebs.limits.max_open_builds",
            "ebs.deny",
        ]
    );
    assert_eq!(reread.restart, ["configuration.koji", "ebs.timers"]);
    assert_eq!(reread.config.koji.build_target.as_str(), "eln");
    assert_eq!(reread.config.ebs.timers.lull, running.ebs.timers.lull);
    assert_eq!(reread.config.ebs.timers.build_timeout, Duration::from_secs(30 * 3600));
    let again = compare(&reread.config, &new);
    assert_eq!((again.taken.len(), again.restart), (0, reread.restart));
}

#[test]
fn each_changed_block_is_named_whatever_else_has_changed() {
    let text = STATIC.to_owned() + "  instance: other\n  lists: {grows: 5}\n";
    let reread = compare(&config(STATIC), &config(&text));
    assert_eq!(reread.restart, ["ebs.instance", "ebs.lists"]);
}

fn fixed(path: &Path, instance: Option<&str>) -> Fixed {
    Fixed { path: path.to_owned(), instance: instance.map(str::to_owned) }
}

#[test]
fn the_name_of_the_command_line_counts_each_time_the_file_is_read() {
    let folder = TempDir::with_prefix("ebs-reload-").unwrap();
    let path = folder.path().join("static.yaml");
    fs::write(&path, STATIC.to_owned() + "  instance: shared\n").unwrap();
    let named = fixed(&path, Some("ebs-1")).load().unwrap().config;
    assert_eq!(named.ebs.instance, "ebs-1");
    assert_eq!(fixed(&path, None).load().unwrap().config.ebs.instance, "shared");
    let again = fixed(&path, Some("ebs-1")).load().unwrap().config;
    assert_eq!(compare(&named, &again).restart, [""; 0]);
}

#[test]
fn a_file_that_says_the_same_changes_nothing() {
    let reread = compare(&config(STATIC), &config(STATIC));
    assert_eq!((reread.taken.len(), reread.restart.len()), (0, 0));
    assert_eq!(reread.config, config(STATIC));
}

#[test]
fn a_file_with_faults_changes_nothing_and_a_mended_one_is_taken_over() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("static.yaml");
    let (live, seen) = watch::channel(Arc::new(config(STATIC)));
    let reload = Reload { fixed: fixed(&path, None), live, ask: Arc::new(Notify::new()) };
    reload.reread();
    fs::write(&path, STATIC.replace("batch_size: 100", "batch_size: '-1'")).unwrap();
    reload.reread();
    assert_eq!(**seen.borrow(), config(STATIC));
    fs::write(&path, STATIC.replace("batch_size: 100", "batch_size: 7")).unwrap();
    reload.reread();
    assert_eq!(seen.borrow().bodhi.batch_size, 7);
}
