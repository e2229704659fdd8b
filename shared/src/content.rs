//! Package lists of Content Resolver, and what they and the dynamic file come to. Keeps no list between two fetches.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ebs_domain::{
    id::{Component, PackageName},
    policy::{Listed, Policy},
};
use http::{HeaderMap, Method};
use url::Url;

use crate::{
    config::{Autopackagelist, DynamicConfig},
    exchange::{Exchange, NoReply},
    fetch::{Fetcher, Request},
};

/// The longest a list may take.
const LIST_LIMIT: Duration = Duration::from_secs(15);

/// The longest list taken, in bytes. The largest seen has 60 KiB.
const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;

/// A list that cannot be used. It never means "no packages".
#[derive(Debug, thiserror::Error)]
#[error("failed to read the package list {url}")]
pub struct ContentError {
    /// The list's address.
    pub url: String,
    /// Why.
    #[source]
    pub kind: ContentErrorKind,
}

/// Why a list cannot be used. Every kind may pass by itself: keep the old list and ask again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentErrorKind {
    /// No whole answer.
    #[error("{0}")]
    NoAnswer(NoReply),
    /// The server says something else than 200; 404 while the site is being rebuilt.
    #[error("the server answers {0}")]
    Status(u16),
    /// It is there and empty.
    #[error("the list is empty")]
    Empty,
    /// It is no list of names.
    #[error("line {line} is no package name: `{text}`")]
    NoName {
        /// The line, from 1.
        line: usize,
        /// Its beginning.
        text: String,
    },
}

/// Fetches lists.
#[derive(Clone)]
pub struct ContentResolver {
    fetcher: Fetcher,
    limit: Duration,
}

impl ContentResolver {
    /// A reader of lists.
    #[must_use]
    pub fn new(exchange: Arc<dyn Exchange>) -> Self {
        Self { fetcher: Fetcher::new(exchange), limit: LIST_LIMIT }
    }

    /// The same with another time limit per list.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// All lists that the file names, in its order: of two entries for one name the first counts.
    ///
    /// # Errors
    ///
    /// The first list that cannot be used; half a set of lists is none.
    pub async fn all(&self, lists: &Autopackagelist) -> Result<Vec<Listed>, ContentError> {
        let mut listed = Vec::new();
        for view in &lists.views {
            for source in &lists.sources {
                let names = self.fetch(&lists.content_resolver, view, source).await?;
                listed.extend(on_list(&format!("{view}/{source}"), &names));
            }
        }
        Ok(listed)
    }

    /// One list, as it is at this moment.
    ///
    /// # Errors
    ///
    /// It cannot be used.
    pub async fn fetch(
        &self,
        base: &Url,
        view: &str,
        source: &str,
    ) -> Result<BTreeSet<PackageName>, ContentError> {
        let url = address(base, view, source);
        let names = self.list(&url).await;
        names.map_err(|kind| ContentError { url: url.to_string(), kind })
    }

    async fn list(&self, url: &Url) -> Result<BTreeSet<PackageName>, ContentErrorKind> {
        let request = Request {
            method: Method::GET,
            url: url.clone(),
            accept: "text/plain",
            secret_headers: HeaderMap::new(),
            json: None,
            limit: self.limit,
            max_bytes: MAX_LIST_BYTES,
        };
        let reply = self.fetcher.send(&request).await.map_err(ContentErrorKind::NoAnswer)?;
        if reply.status.as_u16() != 200 {
            return Err(ContentErrorKind::Status(reply.status.as_u16()));
        }
        names(&String::from_utf8_lossy(&reply.body))
    }
}

/// **Source:** Content Resolver names its files so; the view's id begins with `view-` already in the site.
fn address(base: &Url, view: &str, source: &str) -> Url {
    let mut url = base.clone();
    let path = format!(
        "{}/view-{source}-package-name-list--view-{view}.txt",
        base.path().trim_end_matches('/')
    );
    url.set_path(&path);
    url
}

/// One name a line; no newline at the end, no header, no count.
fn names(text: &str) -> Result<BTreeSet<PackageName>, ContentErrorKind> {
    let clean =
        |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b));
    let mut names = BTreeSet::new();
    for (n, line) in text.lines().enumerate() {
        let name = line.trim_end();
        if name.is_empty() {
            continue;
        }
        match name.parse() {
            Ok(package) if clean(name) => drop(names.insert(package)),
            Ok(_) | Err(_) => {
                return Err(ContentErrorKind::NoName {
                    line: n + 1,
                    text: name.chars().take(60).collect(),
                });
            }
        }
    }
    if names.is_empty() { Err(ContentErrorKind::Empty) } else { Ok(names) }
}

/// What these names of one list are, each under its own name.
pub fn on_list(origin: &str, names: &BTreeSet<PackageName>) -> impl Iterator<Item = Listed> {
    names.iter().map(move |name| Listed {
        component: Component::from(name),
        upstream: name.clone(),
        origin: origin.to_owned(),
    })
}

/// Snapshot `number`: the rules and overrides of the file over the lists. An override counts before any list.
#[must_use]
pub fn snapshot(number: u64, config: &DynamicConfig, listed: Vec<Listed>) -> Policy {
    let overrides = config.overrides.iter().map(|(component, renamed)| Listed {
        component: component.clone(),
        upstream: renamed.upstream_name.clone(),
        origin: "override".to_owned(),
    });
    Policy::new(number, config.control.rules.clone(), overrides.chain(listed))
}

#[cfg(test)]
mod tests;
