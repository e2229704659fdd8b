//! The text that names a source, taken apart. Credentials are kept apart from what is shown. Reads nothing.

use std::{fmt, path::PathBuf};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use url::{Host, Url};

use crate::config::secret::SecretText;

/// What is read if the text names no ref. **Source:** upstream's default.
const DEFAULT_REF: &str = "main";

/// The file at the top of a repository, and what it was called before. **Source:** upstream.
const NAMES: [&str; 2] = ["elnbuildsync_dynamic.yaml", "distrobaker.yaml"];

/// The longest ref taken, in bytes.
const MAX_REF_BYTES: usize = 200;

/// A source of a dynamic configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// A file.
    File(PathBuf),
    /// A file at an address.
    Web(Web),
    /// A file in a git repository.
    Git(Repository),
}

/// A file at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Web {
    /// The address, without credentials.
    pub url: Url,
    /// Who asks.
    pub login: Option<Login>,
}

/// A file in a git repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// What git is given, without credentials.
    pub address: String,
    /// The only protocol that git may use.
    pub protocol: &'static str,
    /// Who asks.
    pub login: Option<Login>,
    /// A branch, a tag, or a whole commit id.
    pub reference: String,
    /// Names of the file; the first that is there counts.
    pub names: Vec<String>,
}

/// Credentials for HTTP. Not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login(SecretText);

/// A text that names no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LinkError(String);

impl Login {
    /// The value of the header `Authorization`: only for the request that needs it.
    pub(super) fn header(&self) -> &str {
        self.0.expose()
    }

    /// What stands before the host of an address, which loses it.
    fn take(url: &mut Url) -> Option<Self> {
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        let both =
            format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default()));
        let value = format!("Basic {}", BASE64_STANDARD.encode(both));
        // Both can only fail for addresses without a host, which have no user either.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Some(Self(SecretText::new(value)))
    }
}

impl Link {
    /// Takes `LINK#REF` apart: a git repository, or without a ref the `https` address of a `.yaml` file. `name` is that of the
    /// file in a repository.
    ///
    /// # Errors
    ///
    /// [`LinkError`], which says what is taken and never shows credentials.
    pub fn parse(text: &str, name: Option<&str>) -> Result<Self, LinkError> {
        let (link, reference) = match text.split_once('#') {
            Some((link, reference)) => (link, Some(reference)),
            None => (text, None),
        };
        if link.is_empty() || link.starts_with('-') || link.chars().any(char::is_control) {
            return no("an address is expected before `#`");
        }
        let (address, protocol, login) = match taken_apart(link)? {
            Place::Web(url, login) if reference.is_none() && is_file(&url) => {
                return Ok(Self::Web(Web { url, login }));
            }
            Place::Web(url, login) => {
                let protocol = if url.scheme() == "https" { "https" } else { "http" };
                (url.to_string(), protocol, login)
            }
            Place::Other(address, protocol) => (address, protocol, None),
        };
        let reference = checked_ref(reference.unwrap_or(DEFAULT_REF))?;
        let names = match name {
            Some(name) => vec![checked_name(name)?],
            None => NAMES.map(str::to_owned).to_vec(),
        };
        Ok(Self::Git(Repository { address, protocol, login, reference, names }))
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Web(web) => web.url.fmt(f),
            Self::Git(git) => write!(f, "{}#{}", git.address, git.reference),
        }
    }
}

fn no<T>(text: impl Into<String>) -> Result<T, LinkError> {
    Err(LinkError(text.into()))
}

/// An address by how it is reached.
enum Place {
    Web(Url, Option<Login>),
    Other(String, &'static str),
}

fn taken_apart(link: &str) -> Result<Place, LinkError> {
    if link.starts_with('/') {
        return Ok(Place::Other(link.to_owned(), "file"));
    }
    let Ok(mut url) = Url::parse(link) else {
        return match link.split_once(':') {
            // `git@host:path`, as ssh has it.
            Some((host, path)) if host.contains('@') && !path.is_empty() && !host.contains('/') => {
                Ok(Place::Other(link.to_owned(), "ssh"))
            }
            Some(_) | None => no(
                "an address such as `https://host/path.git#branch`, `ssh://git@host/path`, `git@host:path` or `/path` is expected",
            ),
        };
    };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return no("`http` is only taken on this machine: use `https`"),
        "ssh" if url.password().is_some() => {
            return no("ssh takes no password from an address: use a key");
        }
        "ssh" => return Ok(Place::Other(url.to_string(), "ssh")),
        "file" => return Ok(Place::Other(url.to_string(), "file")),
        other => {
            return no(format!(
                "`{other}` is no way to a repository: use `https`, `ssh` or `file`"
            ));
        }
    }
    if !url.has_host() {
        return no("the address has no host");
    }
    let login = Login::take(&mut url);
    Ok(Place::Web(url, login))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn is_file(url: &Url) -> bool {
    [".yaml", ".yml"].iter().any(|end| url.path().ends_with(end))
}

/// **Source:** `git help check-ref-format`; stricter, since no ref of a configuration needs more.
fn checked_ref(reference: &str) -> Result<String, LinkError> {
    let fine = |c: char| c.is_ascii_alphanumeric() || "._/+@=-".contains(c);
    let bad = reference.is_empty()
        || reference.len() > MAX_REF_BYTES
        || !reference.chars().all(fine)
        || reference.starts_with(['-', '/', '.'])
        || reference.ends_with(['/', '.'])
        || reference.contains("..")
        || reference.contains("//");
    if bad {
        let shown: String = reference.chars().take(60).collect();
        return no(format!("`{shown}` behind `#` is no branch, tag or commit id"));
    }
    Ok(reference.to_owned())
}

fn checked_name(name: &str) -> Result<String, LinkError> {
    let fine = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if name.is_empty() || !name.chars().all(fine) || name.starts_with('-') {
        let shown: String = name.chars().take(60).collect();
        return no(format!("`{shown}` is no name of a file at the top of a repository"));
    }
    Ok(name.to_owned())
}

/// Percent signs resolved; what is no UTF-8 then stays as it is written.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = hex.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        rest = match byte {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                after.get(2..).unwrap_or_default()
            }
            Some(_) | None => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests;
