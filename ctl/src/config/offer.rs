//! What a file is compared with, and the packages that both are applied to.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use ebs_shared::{
    config::{
        DynamicConfig, Listed, parse_dynamic, read_text,
        source::{Link, Origin, Source},
    },
    content::ContentResolver,
    exchange::{Exchange, HttpExchange},
};

/// Reads the other configuration: a file, unless it can only be a link.
pub(super) async fn configuration(text: &str) -> anyhow::Result<(DynamicConfig, Origin)> {
    let path = PathBuf::from(text);
    let is_link = ["://", "#", "@"].iter().any(|mark| text.contains(mark)) && !path.is_file();
    let link = if is_link || path.is_dir() {
        Link::parse(text, None).context("cannot compare with this address")?
    } else {
        Link::File(path)
    };
    let fetched = Source::new(link, network()?).read().await?;
    let loaded = parse_dynamic(&fetched.file, &fetched.text)
        .with_context(|| format!("cannot compare with {}", fetched.origin))?;
    Ok((loaded.config, fetched.origin))
}

/// Reads names, one a line; blank lines and lines that begin with `#` are none.
pub(super) fn packages(path: &Path) -> anyhow::Result<Vec<Listed>> {
    let text = read_text(path)?;
    let mut listed = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let name = line.trim();
        if name.is_empty() || name.starts_with('#') {
            continue;
        }
        let place = || format!("{}:{}", path.display(), n + 1);
        listed.push(Listed {
            component: name.parse().with_context(place)?,
            upstream: name.parse().with_context(place)?,
            origin: "packages".to_owned(),
        });
    }
    anyhow::ensure!(!listed.is_empty(), "{} names no package", path.display());
    Ok(listed)
}

/// Fetches what each of the two names; only once if that is the same.
pub(super) async fn lists(
    before: &DynamicConfig,
    after: &DynamicConfig,
) -> anyhow::Result<(Vec<Listed>, Vec<Listed>)> {
    let resolver = ContentResolver::new(network()?);
    let fetch = async |config: &DynamicConfig| match &config.autopackagelist {
        Some(lists) => resolver.all(lists).await,
        None => Ok(Vec::new()),
    };
    let old = fetch(before).await?;
    let same = before.autopackagelist == after.autopackagelist;
    let new = if same { old.clone() } else { fetch(after).await? };
    Ok((old, new))
}

fn network() -> anyhow::Result<Arc<dyn Exchange>> {
    Ok(Arc::new(HttpExchange::new()?))
}
