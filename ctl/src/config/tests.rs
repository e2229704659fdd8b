use std::{fs, path::PathBuf, process::ExitCode};

use clap::Parser as _;
use tempfile::TempDir;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use crate::{Arguments, run};

/// A folder with the samples, in which files can be changed.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let samples =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/integration/fixtures/config");
        let folder = TempDir::new().unwrap();
        for sample in fs::read_dir(samples).unwrap().flatten() {
            fs::copy(sample.path(), folder.path().join(sample.file_name())).unwrap();
        }
        Self(folder)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file as another with one text replaced.
    fn changed(&self, name: &str, from: &str, good: &str, bad: &str) {
        let text = fs::read_to_string(self.at(from)).unwrap();
        assert!(text.contains(good), "nothing to replace");
        fs::write(self.at(name), text.replacen(good, bad, 1)).unwrap();
    }

    /// What `ebsctl config` prints, the folder's path left out, and its exit code. Words with a dot are files.
    async fn config(&self, words: &[&str]) -> (String, ExitCode) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let words = words.iter().map(|word| {
            let file = word.ends_with(".yaml") || word.ends_with(".txt");
            if file && !word.contains('/') {
                self.at(word).display().to_string()
            } else {
                (*word).to_owned()
            }
        });
        let words = ["ebsctl", "config"].map(str::to_owned).into_iter().chain(words);
        let (mut out, mut complaints) = (Vec::new(), Vec::new());
        let code = run(Arguments::parse_from(words), &mut out, &mut complaints).await;
        out.extend(complaints);
        let folder = format!("{}/", self.0.path().display());
        (String::from_utf8(out).unwrap().replace(&folder, ""), code)
    }
}

#[tokio::test]
async fn files_of_all_kinds_are_told_apart_and_can_be_used() {
    let (out, code) =
        Folder::new().config(&["check", "static.yaml", "dynamic.yaml", "single.yaml"]).await;
    assert_eq!(code, ExitCode::SUCCESS);
    insta::assert_snapshot!(out, @"
    static.yaml: static configuration: can be used, 2 warnings
      warning: static.yaml:2: ebs: this block is missing: hub and Bodhi follow from the profile, Koji is only read (no `ebs.koji.password_file`), and no messages are heard (no `ebs.bus`)
      warning: static.yaml:2: ebs.login: not written: nobody can log in, only tokens are taken; `client_secret_file` is needed here and `ebs.http.public_url`, or `false` for `configuration.open_id_connect`
    dynamic.yaml: dynamic configuration: can be used
    single.yaml: single file (static and dynamic): can be used, 3 warnings
      warning: single.yaml:2: ebs: this block is missing: hub and Bodhi follow from the profile, Koji is only read (no `ebs.koji.password_file`), and no messages are heard (no `ebs.bus`)
      warning: single.yaml:2: ebs.login: not written: nobody can log in, only tokens are taken; `client_secret_file` is needed here and `ebs.http.public_url`, or `false` for `configuration.open_id_connect`
      warning: single.yaml:25: configuration.open_id_connect.client_secret: a secret stands in this file: whoever may read the file has it; put it into a file of its own
    ");
}

#[tokio::test]
async fn all_faults_of_all_files_are_told_at_once_with_code_1() {
    let folder = Folder::new();
    folder.changed("static.yaml", "static.yaml", "fail_fast: true", "fail_fast: 'true'");
    folder.changed("dynamic.yaml", "dynamic.yaml", "'^shim'", "'^shim('");
    folder.changed("single.yaml", "single.yaml", "trigger_tag: f45", "trigger_tag:");
    folder.changed("single.yaml", "single.yaml", "batch_size: 500", "batch_size: -1");
    let files =
        ["check", "static.yaml", "dynamic.yaml", "single.yaml", "distrobaker.yaml", "none.yaml"];
    let (out, code) = folder.config(&files).await;
    assert_eq!(code, ExitCode::from(1));
    insta::assert_snapshot!(out, @"
    static.yaml: static configuration: 1 fault, 2 warnings
      static.yaml:4: configuration.koji.fail_fast: a boolean in quotes is text, not a boolean: write true without quotes
      warning: static.yaml:2: ebs: this block is missing: hub and Bodhi follow from the profile, Koji is only read (no `ebs.koji.password_file`), and no messages are heard (no `ebs.bus`)
      warning: static.yaml:2: ebs.login: not written: nobody can log in, only tokens are taken; `client_secret_file` is needed here and `ebs.http.public_url`, or `false` for `configuration.open_id_connect`
    dynamic.yaml: dynamic configuration: 1 fault
      dynamic.yaml:8: configuration.control.exclude[1]: the pattern `^shim(` cannot be used: Opening parenthesis without closing parenthesis, after 6 bytes; correct it, or write the names it means one by one
    single.yaml: single file (static and dynamic): 3 faults, 3 warnings
      single.yaml:7: configuration.koji.trigger_tag: a text is expected, found nothing
      single.yaml:13: configuration.bodhi.batch_size: a number from 0 to 4294967295 is expected, found `-1`
      single.yaml:29: configuration.control.trigger_tag: this key is required and missing
      warning: single.yaml:2: ebs: this block is missing: hub and Bodhi follow from the profile, Koji is only read (no `ebs.koji.password_file`), and no messages are heard (no `ebs.bus`)
      warning: single.yaml:2: ebs.login: not written: nobody can log in, only tokens are taken; `client_secret_file` is needed here and `ebs.http.public_url`, or `false` for `configuration.open_id_connect`
      warning: single.yaml:25: configuration.open_id_connect.client_secret: a secret stands in this file: whoever may read the file has it; put it into a file of its own
    distrobaker.yaml: single file of DistroBaker's form: 1 fault
      distrobaker.yaml: this is DistroBaker's form, with modules and dist-git: `ebsctl config convert FILE` makes the static and the dynamic file of it
    none.yaml: not known: 1 fault
      none.yaml: failed to read the file: No such file or directory (os error 2)
    ");
}

#[tokio::test]
async fn a_file_whose_keys_do_not_tell_needs_to_be_told() {
    let folder = Folder::new();
    fs::write(folder.at("other.yaml"), "configuration: {}\n").unwrap();
    let (out, code) = folder.config(&["check", "other.yaml"]).await;
    assert_eq!(code, ExitCode::from(1));
    insta::assert_snapshot!(out, @"
    other.yaml: not known: 1 fault
      other.yaml: these are no keys of a configuration: say what it is with --kind
    ");
    let (out, _) = folder.config(&["check", "other.yaml", "--kind", "dynamic"]).await;
    insta::assert_snapshot!(out, @"
    other.yaml: dynamic configuration: 2 faults
      other.yaml:1: configuration.control: this block is required and missing
      other.yaml:1: components: this block is required and missing
    ");
}

#[tokio::test]
async fn with_strict_a_warning_is_enough_for_code_1() {
    let folder = Folder::new();
    folder.changed("dynamic.yaml", "dynamic.yaml", "    pause:", "    pawse: no\n    pause:");
    let (out, code) = folder.config(&["check", "dynamic.yaml"]).await;
    assert_eq!(code, ExitCode::SUCCESS);
    assert!(out.contains("can be used, 1 warning"), "{out}");
    assert_eq!(folder.config(&["check", "dynamic.yaml", "--strict"]).await.1, ExitCode::from(1));
}

#[tokio::test]
async fn secrets_on_another_machine_are_only_a_warning_if_that_is_said() {
    let folder = Folder::new();
    let text = "ebs:\n  koji: {password_file: /nowhere/koji}\nconfiguration:";
    folder.changed("static.yaml", "static.yaml", "configuration:", text);
    assert_eq!(folder.config(&["check", "static.yaml"]).await.1, ExitCode::from(1));
    let (out, code) = folder.config(&["check", "static.yaml", "--skip-files"]).await;
    assert_eq!(code, ExitCode::SUCCESS, "{out}");
    assert!(out.contains("warning: ") && out.contains("/nowhere/koji"), "{out}");
}

/// A proposed change of the sample.
fn proposed(folder: &Folder) {
    let change = |good: &str, bad: &str| folder.changed("new.yaml", "new.yaml", good, bad);
    fs::copy(folder.at("dynamic.yaml"), folder.at("new.yaml")).unwrap();
    change("pause: false", "pause: true");
    change("'^shim', ", "'^grub', ");
    change("'^gcc$': 10", "'^gcc$': 5");
    change("    my-only-here: {}", "    rhel-system-roles: {upstream_name: linux-system-roles}");
}

#[tokio::test]
async fn a_change_is_told_in_words_against_the_file_that_is_there() {
    let folder = Folder::new();
    proposed(&folder);
    let (out, code) = folder.config(&["check", "new.yaml", "--against", "dynamic.yaml"]).await;
    assert_eq!(code, ExitCode::SUCCESS);
    let hash = out.find("text ").map(|at| out[at..at + 17].to_owned()).unwrap();
    insta::assert_snapshot!(out.replace(&hash, "text HASH"), @"
    new.yaml: dynamic configuration: can be used
    against text HASH of dynamic.yaml, over the overrides alone:
      pause: batches are paused
      patterns added to `exclude` (1): `^grub`
      patterns taken from `exclude` (1): `^shim`
      patterns of `ordering` that change (1): `^gcc$` 10 → 5
      packages that enter (1): rhel-system-roles (override, linux-system-roles in Rawhide)
      packages that leave (1): my-only-here (override)
    ");
    let (out, _) = folder.config(&["check", "dynamic.yaml", "--against", "dynamic.yaml"]).await;
    assert!(out.ends_with("no difference\n"), "{out}");
}

#[tokio::test]
async fn with_a_list_of_packages_a_change_says_what_becomes_of_each() {
    let folder = Folder::new();
    proposed(&folder);
    fs::write(
        folder.at("eln.txt"),
        "# names\nbash\ngcc\ngrub2\nshim\nshim-unsigned\nlinux-system-roles\n",
    )
    .unwrap();
    let words = ["check", "new.yaml", "--against", "dynamic.yaml", "--packages", "eln.txt"];
    let (out, code) = folder.config(&words).await;
    assert_eq!(code, ExitCode::SUCCESS);
    let told = out.split_once(":\n").unwrap().1;
    insta::assert_snapshot!(told, @"
    pause: batches are paused
    patterns added to `exclude` (1): `^grub`
    patterns taken from `exclude` (1): `^shim`
    patterns of `ordering` that change (1): `^gcc$` 10 → 5
    packages that enter (1): rhel-system-roles (override, linux-system-roles in Rawhide)
    packages that leave (2): linux-system-roles (packages), my-only-here (override)
    packages that become excluded (1): grub2 (`^grub`)
    packages that are no longer excluded (2): shim (`^shim`), shim-unsigned (`^shim`)
    packages with another order number (1): gcc (10 → 5)
    ");
    let all: Vec<_> = words.into_iter().chain(["--names", "1", "--json"]).collect();
    let value: serde_json::Value = serde_json::from_str(&folder.config(&all).await.0).unwrap();
    assert_eq!(value["version"], 1);
    assert_eq!(value["files"][0]["kind"], "dynamic");
    let sentences = value["difference"]["sentences"].as_array().unwrap();
    let cut = "packages that are no longer excluded (2): shim (`^shim`) and 1 more";
    assert!(sentences.iter().any(|sentence| sentence == cut), "{sentences:?}");
    let changes = value["difference"]["changes"].as_array().unwrap();
    let order =
        serde_json::json!({"change": "order", "component": "gcc", "before": 10, "after": 5});
    assert!(changes.contains(&order), "{changes:?}");
}

#[tokio::test]
async fn with_lists_fetched_each_side_has_its_own() {
    let server = MockServer::start().await;
    for (view, names) in [("eln", "bash\nzsh"), ("eln-extras", "bash\nemacs")] {
        Mock::given(path(format!("/view-source-package-name-list--view-{view}.txt")))
            .respond_with(ResponseTemplate::new(200).set_body_string(names))
            .mount(&server)
            .await;
    }
    let folder = Folder::new();
    for (name, view) in [("one.yaml", "eln"), ("two.yaml", "eln-extras")] {
        let text = format!(
            "configuration:\n  control: {{pause: false, trigger_tag: f45}}\ncomponents:\n  autopackagelist: {{view: {view}, \
             source: source, content_resolver: '{}'}}\n",
            server.uri()
        );
        fs::write(folder.at(name), text).unwrap();
    }
    let words = ["check", "two.yaml", "--against", "one.yaml", "--fetch-lists"];
    let (out, code) = folder.config(&words).await;
    assert_eq!(code, ExitCode::SUCCESS);
    insta::assert_snapshot!(out.split_once(":\n").unwrap().1, @"
    package lists added: eln-extras/source
    package lists taken away: eln/source
    packages that enter (1): emacs (eln-extras/source)
    packages that leave (1): zsh (eln/source)
    packages from another list (1): bash (eln/source → eln-extras/source)
    ");
    drop(server);
    fs::remove_file(folder.at("one.yaml")).unwrap();
    let (out, code) = folder.config(&words).await;
    assert_eq!(code, ExitCode::from(3));
    assert!(out.contains("one.yaml") && out.contains("No such file"), "{out}");
    let link = ["check", "two.yaml", "--against", "ftp://example.org/config"];
    let (out, code) = folder.config(&link).await;
    assert_eq!(code, ExitCode::from(3));
    assert!(out.contains("cannot compare with this address: `ftp`"), "{out}");
}

#[tokio::test]
async fn an_older_file_is_converted_into_two_that_pass_the_check() {
    let folder = Folder::new();
    let words = ["convert", "distrobaker.yaml", "--static", "one.yaml", "--dynamic", "two.yaml"];
    let (out, code) = folder.config(&words).await;
    assert_eq!(code, ExitCode::SUCCESS);
    assert!(out.starts_with("written: one.yaml and two.yaml\nleft out:\n"), "{out}");
    assert!(out.contains("to fill in:\n  configuration.koji.stable_tag"), "{out}");
    let (out, code) = folder.config(&["check", "one.yaml", "two.yaml", "--strict"]).await;
    assert_eq!(
        (out.as_str(), code),
        (
            "one.yaml: static configuration: can be used\ntwo.yaml: dynamic configuration: can be used\n",
            ExitCode::SUCCESS
        )
    );
    let (out, code) = folder.config(&words).await;
    assert_eq!(code, ExitCode::from(3), "a file that is there is not overwritten");
    assert!(out.contains("cannot write one.yaml: File exists"), "{out}");
    let (out, _) = folder.config(&["convert", "distrobaker.yaml"]).await;
    for words in ["=== the static file ===", "=== the dynamic file ===", "upstream_name: 'freeipa'"]
    {
        assert!(out.contains(words), "{out}");
    }
    assert_eq!(folder.config(&["convert", "dynamic.yaml"]).await.1, ExitCode::from(1));
}

#[test]
fn the_help_of_each_verb_has_examples_and_exit_codes() {
    for verb in ["check", "convert"] {
        let help = Arguments::try_parse_from(["ebsctl", "config", verb, "--help"]).unwrap_err();
        let help = help.to_string();
        assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{help}");
        for example in help.lines().filter_map(|line| line.strip_prefix("  ebsctl ")) {
            let words = ["ebsctl"].into_iter().chain(example.split_whitespace());
            Arguments::try_parse_from(words).unwrap_or_else(|error| panic!("{example}: {error}"));
        }
    }
}
