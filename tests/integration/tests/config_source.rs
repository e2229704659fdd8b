//! A dynamic configuration read from where it is kept: real git repositories, servers that hang, addresses, files.

#![cfg(test)]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Once},
    time::Duration,
};

use ebs_shared::{
    config::source::{Fetched, Link, Source, SourceErrorKind, Version},
    exchange::HttpExchange,
};
use tempfile::TempDir;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, path},
};

const NAME: &str = "elnbuildsync_dynamic.yaml";

/// A time within which everything on this machine ends.
const PLENTY: Duration = Duration::from_secs(60);

fn exchange() -> Arc<HttpExchange> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    Arc::new(HttpExchange::new().unwrap())
}

fn source(link: &str) -> Source {
    let exchange = exchange();
    Source::new(Link::parse(link, None).unwrap(), exchange).with_limit(PLENTY)
}

async fn read(link: &str) -> Fetched {
    source(link).read().await.unwrap()
}

async fn fault(link: &str) -> SourceErrorKind {
    source(link).read().await.unwrap_err().kind
}

/// A repository with a first commit, whose file says `first`, on the branch `main`.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(TempDir::with_prefix("ebs-repository-").unwrap());
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit(NAME, "first");
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn link(&self, reference: &str) -> String {
        format!("{}#{reference}", self.path().display())
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=test", "-c", "user.email=test@example.org"])
            .args(["-c", "commit.gpgSign=false", "-c", "tag.gpgSign=false"])
            .args(arguments)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Writes a file and commits it; the commit's id.
    fn commit(&self, name: &str, text: &str) -> String {
        fs::write(self.path().join(name), text).unwrap();
        self.git(&["add", name]);
        self.git(&["commit", "--quiet", "--message", name]);
        self.git(&["rev-parse", "HEAD"])
    }
}

fn commit_of(fetched: &Fetched) -> &str {
    match &fetched.origin.version {
        Version::Commit(id) => id,
        Version::Hash(hash) => panic!("{hash} is no commit"),
    }
}

#[tokio::test]
async fn a_branch_is_read_at_its_newest_commit_each_time() {
    let repository = Repository::new();
    let source = source(&repository.link("main"));
    let first = source.read().await.unwrap();
    assert_eq!((first.text.as_str(), first.file.as_str()), ("first", NAME));
    assert_eq!(source.read().await.unwrap(), first);
    let second = repository.commit(NAME, "second");
    let read = source.read().await.unwrap();
    assert_eq!((read.text.as_str(), commit_of(&read)), ("second", second.as_str()));
    assert_eq!(
        read.origin.to_string(),
        format!("commit {} of {}#main, by test", &second[..12], repository.path().display())
    );
}

#[tokio::test]
async fn a_tag_of_either_kind_and_a_commit_are_read_on_every_refresh() {
    let repository = Repository::new();
    let first = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["tag", "light"]);
    repository.git(&["tag", "--annotate", "--message", "x", "full"]);
    repository.commit(NAME, "second");
    for reference in ["light", "full", first.as_str()] {
        let source = source(&repository.link(reference));
        for _ in 0..2 {
            let read = source.read().await.unwrap();
            assert_eq!(
                (read.text.as_str(), commit_of(&read)),
                ("first", first.as_str()),
                "{reference}"
            );
        }
    }
}

#[tokio::test]
async fn a_tag_that_was_moved_is_noticed() {
    let repository = Repository::new();
    repository.git(&["tag", "live"]);
    let source = source(&repository.link("live"));
    assert_eq!(source.read().await.unwrap().text, "first");
    let second = repository.commit(NAME, "second");
    repository.git(&["tag", "--force", "live"]);
    assert_eq!(commit_of(&source.read().await.unwrap()), second);
}

#[tokio::test]
async fn a_branch_whose_name_only_ends_so_is_another_branch() {
    let repository = Repository::new();
    repository.git(&["checkout", "--quiet", "-b", "x/main"]);
    repository.commit(NAME, "other");
    assert_eq!(read(&repository.link("main")).await.text, "first");
    assert_eq!(read(&repository.link("x/main")).await.text, "other");
    repository.git(&["branch", "--quiet", "-D", "main"]);
    let error = fault(&repository.link("main")).await;
    assert!(matches!(&error, SourceErrorKind::NoRef(name) if name == "main"), "{error}");
}

#[tokio::test]
async fn of_a_branch_and_a_tag_with_one_name_the_branch_counts() {
    let repository = Repository::new();
    repository.git(&["tag", "same"]);
    repository.git(&["checkout", "--quiet", "-b", "same"]);
    repository.commit(NAME, "branch");
    assert_eq!(read(&repository.link("same")).await.text, "branch");
}

#[tokio::test]
async fn a_ref_that_is_not_there_says_what_can_be_written() {
    let repository = Repository::new();
    let half = &repository.git(&["rev-parse", "HEAD"])[..12];
    for reference in ["production", half] {
        let error = fault(&repository.link(reference)).await.to_string();
        assert!(error.contains(reference) && error.contains("whole commit id"), "{error}");
    }
    let absent = "0123456789012345678901234567890123456789";
    let error = fault(&repository.link(absent)).await;
    assert!(matches!(&error, SourceErrorKind::Git { step: "fetch", .. }), "{error}");
}

#[tokio::test]
async fn a_repository_that_is_not_there_says_so_and_is_no_success() {
    let error = fault("/nowhere/config#main").await;
    assert!(matches!(&error, SourceErrorKind::Git { step: "ls-remote", .. }), "{error}");
    // The port was free a moment ago, and nobody listens on it.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let link = format!("http://ebs:hunter2@127.0.0.1:{port}/config#main");
    let error = source(&link).read().await.unwrap_err();
    let said = format!("{error}: {}", error.kind);
    assert!(said.contains(&format!("http://127.0.0.1:{port}/config#main")), "{said}");
    assert!(!said.contains("hunter2") && !format!("{error:?}").contains("hunter2"), "{said}");
}

/// Whether a process is there whose command line has this.
fn runs(word: &str) -> bool {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let mut lines = all.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| String::from_utf8_lossy(&line).contains(word))
}

#[tokio::test]
async fn a_server_that_never_answers_costs_the_limit_and_leaves_no_process() {
    // The kernel accepts the connection; nobody ever reads from it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let limit = Duration::from_secs(1);
    let source = source(&format!("http://{address}/config#main")).with_limit(limit);
    let started = tokio::time::Instant::now();
    let error = source.read().await.unwrap_err().kind;
    assert!(matches!(&error, SourceErrorKind::Slow { step: "ls-remote", .. }), "{error}");
    assert!(started.elapsed() < limit * 10, "{:?}", started.elapsed());
    let gone = async {
        while runs(&address) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PLENTY, gone).await.expect("git is left over");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_a_link_reach_the_server_and_stand_on_no_command_line() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let asked = tokio::task::spawn_blocking(move || {
        let (mut stream, _) = server.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        let shown = runs("hunter2") || runs("ZWJzOmh1bnRlcjI");
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").unwrap();
        (String::from_utf8(request).unwrap(), shown)
    });
    let error = fault(&format!("http://ebs:hunter2@{address}/config#main")).await;
    let said = error.to_string();
    assert!(said.contains("403") && !said.contains("hunter2"), "{said}");
    let (request, shown) = asked.await.unwrap();
    assert!(request.to_lowercase().contains("authorization: basic zwjzomh1bnrlcji="), "{request}");
    assert!(!shown, "the password is on a command line");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_that_is_dropped_leaves_no_process() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let source = source(&format!("http://{address}/config#main"));
    // Once something is sent, that which git starts for the transfer runs, and waits.
    let begun = tokio::task::spawn_blocking(move || {
        let (mut stream, _) = silent.accept().unwrap();
        stream.read_exact(&mut [0]).unwrap();
        stream
    });
    let _unanswered = tokio::select! {
        read = source.read() => panic!("{read:?}"),
        stream = begun => stream.unwrap(),
    };
    let gone = async {
        while runs(&address) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PLENTY, gone).await.expect("git is left over");
}

#[tokio::test]
async fn the_older_name_of_the_file_is_read_where_the_usual_one_is_missing() {
    let repository = Repository::new();
    repository.git(&["mv", NAME, "distrobaker.yaml"]);
    repository.git(&["commit", "--quiet", "--message", "older"]);
    let read = read(&repository.link("main")).await;
    assert_eq!((read.text.as_str(), read.file.as_str()), ("first", "distrobaker.yaml"));
    repository.commit(NAME, "usual");
    assert_eq!(self::read(&repository.link("main")).await.text, "usual");
}

#[tokio::test]
async fn a_commit_without_the_file_and_a_link_in_its_place_are_refused() {
    let repository = Repository::new();
    let exchange = exchange();
    let link = Link::parse(&repository.link("main"), Some("other.yaml")).unwrap();
    let error = Source::new(link, exchange).read().await.unwrap_err().kind.to_string();
    assert!(error.contains("has no file `other.yaml` at its top"), "{error}");
    repository.git(&["rm", "--quiet", NAME]);
    std::os::unix::fs::symlink("/etc/hostname", repository.path().join(NAME)).unwrap();
    repository.git(&["add", NAME]);
    repository.git(&["commit", "--quiet", "--message", "link"]);
    let error = fault(&repository.link("main")).await;
    assert!(matches!(&error, SourceErrorKind::NoFile { .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_text_or_too_long_in_a_repository_is_refused() {
    let repository = Repository::new();
    fs::write(repository.path().join(NAME), [0xff, 0xfe]).unwrap();
    repository.git(&["commit", "--quiet", "--all", "--message", "bytes"]);
    assert!(matches!(fault(&repository.link("main")).await, SourceErrorKind::NoText));
    repository.commit(NAME, &"#".repeat(1024 * 1024 + 1)[..]);
    assert!(matches!(fault(&repository.link("main")).await, SourceErrorKind::TooLong(_)));
}

#[tokio::test]
async fn a_file_at_an_address_is_read_with_the_credentials_of_its_link() {
    let server = MockServer::start().await;
    Mock::given(path("/dynamic.yaml"))
        .and(header("authorization", "Basic ZWJzOmh1bnRlcjI="))
        .respond_with(ResponseTemplate::new(200).set_body_string("text"))
        .mount(&server)
        .await;
    let address = server.address();
    let fetched = read(&format!("http://ebs:hunter2@{address}/dynamic.yaml")).await;
    assert_eq!(fetched.text, "text");
    assert_eq!(
        fetched.origin.to_string(),
        format!("text 982d9e3eb996 of http://{address}/dynamic.yaml")
    );
    let error = fault(&format!("http://{address}/dynamic.yaml")).await;
    assert!(matches!(error, SourceErrorKind::Status(404)), "{error}");
}

#[tokio::test]
async fn a_local_file_is_known_by_the_hash_of_its_text() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("dynamic.yaml");
    fs::write(&path, "text").unwrap();
    let exchange = exchange();
    let source = Source::new(Link::File(path.clone()), exchange);
    let first = source.read().await.unwrap();
    assert_eq!(first.origin.version.to_string(), "text 982d9e3eb996");
    fs::write(&path, "other").unwrap();
    assert_ne!(source.read().await.unwrap().origin, first.origin);
    fs::remove_file(&path).unwrap();
    let error = source.read().await.unwrap_err().kind.to_string();
    assert!(error.contains("failed to read the file"), "{error}");
}
