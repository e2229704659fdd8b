//! A file in a git repository, watched by the id of its commit. Each fetch has a fresh folder, so nothing half done stays.

use std::{ffi::OsStr, path::Path, time::Duration};

use tempfile::TempDir;

use super::{
    error::SourceErrorKind,
    link::{Login, Repository},
    process::Git,
};

/// Where the fetched commit is found. **Source:** git.
const FETCHED: &str = "FETCH_HEAD";

/// Most letters of an author's name.
const MAX_AUTHOR: usize = 80;

/// Digits of a whole commit id: SHA-1, or SHA-256.
const WHOLE: [usize; 2] = [40, 64];

/// What a ref leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolved {
    /// The commit.
    pub(super) commit: String,
    /// What is fetched to have it.
    wanted: String,
}

/// A file of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The commit, which may be newer than the one that was resolved.
    pub(super) commit: String,
    /// Who wrote it.
    pub(super) author: Option<String>,
    /// The file's name.
    pub(super) name: String,
    /// What is in it.
    pub(super) text: String,
}

/// Asks the repository which commit the ref is now. A branch counts before a tag of the same name, both before a commit id.
pub(super) async fn resolve(
    repository: &Repository,
    limit: Duration,
) -> Result<Resolved, SourceErrorKind> {
    let home = folder()?;
    let reference = &repository.reference;
    let (branch, tag) = (format!("refs/heads/{reference}"), format!("refs/tags/{reference}"));
    let peeled = format!("{tag}^{{}}");
    let arguments = ["--quiet", "--", &repository.address, &branch, &tag, &peeled].map(OsStr::new);
    let listed = git(repository, home.path(), limit).run("ls-remote", &arguments).await?;
    let listed = String::from_utf8_lossy(&listed);
    // Git compares the ends of names: `refs/heads/main` is also the end of `refs/x/refs/heads/main`.
    let commit = |name: &str| {
        listed.lines().find_map(|line| match line.split_once('\t') {
            Some((commit, found)) if found == name && is_id(commit) => Some(commit.to_owned()),
            Some(_) | None => None,
        })
    };
    if let Some(commit) = commit(&branch) {
        return Ok(Resolved { commit, wanted: branch });
    }
    if let Some(commit) = commit(&peeled).or_else(|| commit(&tag)) {
        return Ok(Resolved { commit, wanted: tag });
    }
    if is_id(reference) {
        let commit = reference.to_ascii_lowercase();
        return Ok(Resolved { wanted: commit.clone(), commit });
    }
    Err(SourceErrorKind::NoRef(reference.clone()))
}

/// Fetches that one commit, and gives the file at its top.
pub(super) async fn fetch(
    repository: &Repository,
    resolved: &Resolved,
    limit: Duration,
) -> Result<Found, SourceErrorKind> {
    let home = folder()?;
    let git = git(repository, home.path(), limit);
    git.run("init", &["--quiet", "--bare", "."].map(OsStr::new)).await?;
    let arguments =
        ["--quiet", "--no-tags", "--depth=1", "--", &repository.address, &resolved.wanted];
    git.run("fetch", &arguments.map(OsStr::new)).await?;
    let commit = format!("{FETCHED}^{{commit}}");
    let commit = git.run("rev-parse", &["--verify", &commit].map(OsStr::new)).await?;
    let commit = String::from_utf8_lossy(&commit).trim().to_owned();
    let mut arguments = vec![OsStr::new("-z"), OsStr::new(&commit), OsStr::new("--")];
    arguments.extend(repository.names.iter().map(OsStr::new));
    let listed = git.run("ls-tree", &arguments).await?;
    let listed = String::from_utf8_lossy(&listed);
    let file = repository.names.iter().find_map(|name| Some((name, blob(&listed, name)?)));
    let Some((name, blob)) = file else {
        let names = repository.names.join("` or `");
        return Err(SourceErrorKind::NoFile { commit, names });
    };
    let text = git.run("cat-file", &["blob", blob].map(OsStr::new)).await?;
    let text = String::from_utf8(text).map_err(|_| SourceErrorKind::NoText)?;
    let author = author(&git, &commit).await?;
    Ok(Found { commit, author, name: name.clone(), text })
}

/// Who wrote a commit: a name, without what no line of text has. None is no fault.
async fn author(git: &Git<'_>, commit: &str) -> Result<Option<String>, SourceErrorKind> {
    let arguments = ["--no-show-signature", "-1", "--format=%an", commit].map(OsStr::new);
    let said = git.run("log", &arguments).await?;
    let name: String = String::from_utf8_lossy(&said)
        .trim()
        .chars()
        .filter(|letter| !letter.is_control())
        .take(MAX_AUTHOR)
        .collect();
    Ok((!name.is_empty()).then_some(name))
}

fn git<'a>(repository: &'a Repository, home: &'a Path, limit: Duration) -> Git<'a> {
    let authorization = repository.login.as_ref().map(Login::header);
    Git { home, protocol: repository.protocol, authorization, limit }
}

fn folder() -> Result<TempDir, SourceErrorKind> {
    TempDir::with_prefix("ebs-config-").map_err(SourceErrorKind::Folder)
}

/// The id of a plain file in a listing of a tree. A link or folder by that name is none.
fn blob<'a>(listed: &'a str, name: &str) -> Option<&'a str> {
    let entry = listed.split('\0').filter_map(|entry| entry.split_once('\t'));
    let (about, _) = entry.into_iter().find(|(_, found)| *found == name)?;
    let mut words = about.split(' ');
    let mode = words.next()?;
    let (kind, id) = (words.next()?, words.next()?);
    (mode.starts_with("100") && kind == "blob").then_some(id)
}

fn is_id(text: &str) -> bool {
    WHOLE.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}
