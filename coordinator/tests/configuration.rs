//! The coordinator's program and where its configuration comes from: read again while it runs, refused without harm.

#![cfg(test)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command as Plain, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// The longest wait for anything.
const LIMIT: Duration = Duration::from_secs(60);

/// Static and dynamic part in one, the tag below `koji`.
fn single(folder: &Path) -> String {
    format!(
        "configuration:\n  koji: {{profile: sim, build_target: eln, stable_tag: eln, trigger_tag: f45, username: ebs, \
         scratch_build: false, fail_fast: true}}\n  bodhi: {{staging: false, batch_size: 10}}\n  open_id_connect: false\n  \
         email: false\n  control: {{pause: true}}\n{COMPONENTS}ebs:\n  koji: {{hub_url: 'http://127.0.0.1:1/kojihub'}}\n  \
         bodhi: {{url: 'http://127.0.0.1:1/'}}\n  database: {{url: 'sqlite:{}'}}\n  http: {{listen: '127.0.0.1:0'}}\n  \
         timers: {{grace: 2s}}\n",
        folder.join("ebs.sqlite").display()
    )
}

const COMPONENTS: &str = "components:\n  overrides:\n    bash: {upstream_name: bash}\n";

const DYNAMIC: &str = "configuration:\n  control: {pause: true, trigger_tag: f45}\ncomponents:\n  overrides: {bash: {}}\n";

/// A coordinator that runs, and what it has logged.
struct Coordinator {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    url: String,
}

impl Coordinator {
    async fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ebs-coordinator"))
            .args(arguments)
            .arg("--log-json")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let kept = Arc::clone(&log);
        tokio::spawn(async move {
            let mut lines = BufReader::new(out).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                kept.lock().unwrap().push(line);
            }
        });
        let kept = Arc::clone(&log);
        tokio::spawn(async move {
            let mut lines = BufReader::new(err).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                kept.lock().unwrap().push(line);
            }
        });
        let mut coordinator = Self { child, log, url: String::new() };
        let line = coordinator.logged("serving pages").await;
        let address = line.split("127.0.0.1:").nth(1).unwrap();
        let port: String = address.chars().take_while(char::is_ascii_digit).collect();
        coordinator.url = format!("http://127.0.0.1:{port}");
        coordinator
    }

    /// Waits until a line with these words is logged, and gives it.
    async fn logged(&self, words: &str) -> String {
        let find = || self.log.lock().unwrap().iter().find(|line| line.contains(words)).cloned();
        self.until(words, async || find()).await
    }

    /// Waits until its configuration stands so, and gives it.
    async fn stands(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        self.until(what, async || {
            let answer = reqwest::get(format!("{}/status.json", self.url)).await.ok()?;
            let status: Value = answer.json().await.ok()?;
            let configuration = &status["configuration"];
            holds(configuration).then(|| configuration.clone())
        })
        .await
    }

    async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let seen = async {
            loop {
                if let Some(seen) = look().await {
                    return seen;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(LIMIT, seen).await {
            Ok(seen) => seen,
            Err(_) => panic!("not seen: {what}; the log: {:#?}", self.log.lock().unwrap()),
        }
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -s {name} {}", self.child.id().unwrap());
        assert!(Plain::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    async fn end(mut self) {
        self.signal("TERM");
        let ended = tokio::time::timeout(LIMIT, self.child.wait()).await;
        assert!(ended.expect("it ends").unwrap().success(), "{:#?}", self.log.lock().unwrap());
    }
}

/// Writes beside it and puts it there at once, so that nobody reads half of it.
fn put(path: &Path, text: &str) {
    let half = path.with_extension("half");
    fs::write(&half, text).unwrap();
    fs::rename(half, path).unwrap();
}

fn install() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[tokio::test]
async fn one_file_of_the_older_form_serves_as_both_and_is_followed_while_it_runs() {
    install();
    let folder = TempDir::with_prefix("ebs-configuration-").unwrap();
    let (path, text) = (folder.path().join("one.yaml"), single(folder.path()));
    put(&path, &text);
    let file = path.to_str().unwrap();
    let coordinator =
        Coordinator::start(&["--static-config-file", file, "--dynamic-config-file", file]).await;
    let first = coordinator.stands("a snapshot", |view| view["snapshot"] == 1).await;
    assert!(first["origin"].as_str().unwrap().ends_with(file), "{first}");
    assert_eq!(first["refused"], Value::Null);

    // A change of the dynamic part is taken up by itself.
    put(&path, &text.replace("    bash: {upstream_name: bash}", "    zsh: {}"));
    coordinator.stands("another snapshot", |view| view["snapshot"] == 2).await;
    coordinator.logged("packages that enter (1): zsh (override)").await;

    // A fault is refused, with the reason in sight, and the last stays.
    put(&path, &text.replace("pause: true", "pause: 'true'"));
    let refused = coordinator.stands("the refusal", |view| view["refused"].is_string()).await;
    assert!(refused["refused"].as_str().unwrap().contains("configuration.control.pause"));
    assert_eq!(refused["snapshot"], 2);
    let metrics = reqwest::get(format!("{}/metrics", coordinator.url)).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    for line in ["ebs_configuration_snapshot 2", "ebs_configuration_refused 1"] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }

    // SIGHUP: what is safe is taken over, what is not is named.
    let other = text.replace("batch_size: 10", "batch_size: 20").replace("grace: 2s", "grace: 3s");
    put(&path, &other);
    coordinator.signal("HUP");
    let line = coordinator.logged("taken over for the next batch").await;
    assert!(line.contains("configuration.bodhi.batch_size"), "{line}");
    let line = coordinator.logged("needs a restart").await;
    assert!(line.contains("ebs.timers"), "{line}");
    coordinator.logged("the next batch begins with other settings").await;

    // A broken static file changes nothing.
    put(&path, &text.replace("batch_size: 10", "batch_size: -1"));
    coordinator.signal("HUP");
    coordinator.logged("static configuration refused").await;
    coordinator.end().await;
}

/// Runs git in a repository, with nothing of a user's.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Plain::new("git")
        .args(["-c", "user.name=test", "-c", "user.email=test@example.org"])
        .args(["-c", "commit.gpgSign=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(repository: &Path, text: &str) -> String {
    fs::write(repository.join("elnbuildsync_dynamic.yaml"), text).unwrap();
    git(repository, &["add", "."]);
    git(repository, &["commit", "--quiet", "--message", "change"]);
    git(repository, &["rev-parse", "HEAD"])
}

#[tokio::test]
async fn a_branch_of_a_repository_is_followed_by_its_commit() {
    install();
    let folder = TempDir::with_prefix("ebs-configuration-").unwrap();
    let repository: PathBuf = folder.path().join("config");
    fs::create_dir(&repository).unwrap();
    git(&repository, &["init", "--quiet", "--initial-branch=production"]);
    let first = commit(&repository, DYNAMIC);
    let fixed = folder.path().join("static.yaml");
    fs::write(&fixed, single(folder.path())).unwrap();
    let url = format!("{}#production", repository.display());
    let arguments = ["--static-config-file", fixed.to_str().unwrap(), "--dynamic-config-url", &url];
    let coordinator = Coordinator::start(&arguments).await;
    let of = |commit: &str| format!("commit {} of {url}, by test", &commit[..12]);
    coordinator.stands("the first commit", |view| view["origin"] == of(&first)).await;

    let second = commit(&repository, &DYNAMIC.replace("bash", "zsh"));
    coordinator.signal("HUP");
    let view = coordinator.stands("the second commit", |view| view["origin"] == of(&second)).await;
    let change = &view["changes"][0];
    assert_eq!(change["origin"], of(&second));
    let left = change["sentences"]
        .as_array()
        .unwrap()
        .iter()
        .any(|sentence| sentence.as_str().unwrap().contains("bash"));
    assert!(left, "{change}");

    let faulty = commit(&repository, &DYNAMIC.replace("pause: true", "pause: maybe"));
    coordinator.signal("HUP");
    let refused = coordinator.stands("the fault", |view| view["refused"].is_string()).await;
    let reason = refused["refused"].as_str().unwrap();
    assert!(reason.starts_with(&of(&faulty)) && reason.contains("control.pause"), "{reason}");
    assert_eq!(refused["origin"], of(&second));

    git(&repository, &["branch", "--quiet", "--move", "other"]);
    coordinator.signal("HUP");
    let no_ref = |view: &Value| {
        view["refused"].as_str().is_some_and(|reason| reason.contains("neither a branch nor a tag"))
    };
    let refused = coordinator.stands("the refusal", no_ref).await;
    assert_eq!(refused["origin"], of(&second));
    coordinator.end().await;
}

#[test]
fn one_source_of_the_dynamic_configuration_is_named_and_its_faults_show_no_password() {
    let run = |arguments: &[&str]| {
        let output =
            Plain::new(env!("CARGO_BIN_EXE_ebs-coordinator")).args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let (code, said) = run(&[]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("--dynamic-config-file") && said.contains("--dynamic-config-url"),
        "{said}"
    );
    let both = ["--dynamic-config-file", "a.yaml", "--dynamic-config-url", "/srv/config"];
    let (code, said) = run(&both);
    assert_eq!(code, Some(2));
    assert!(said.contains("cannot be used with"), "{said}");
    let (code, said) = run(&["--dynamic-config-url", "http://ebs:hunter2@example.org/config"]);
    assert_eq!(code, Some(128));
    assert!(said.contains("--dynamic-config-url cannot be used"), "{said}");
    assert!(said.contains("use `https`") && !said.contains("hunter2"), "{said}");
}
