//! What stands in the settings file: where the coordinator is, and where the token is. A flag comes before the environment, and
//! that before this file.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::Deserialize;
use url::Url;

/// Its name in the folder of a user's settings.
const NAME: &str = "ebsctl.toml";

/// What can stand in it.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The coordinator's address.
    pub(crate) url: Option<Url>,
    /// The file with the token; a relative path begins where the settings file is.
    pub(crate) token_file: Option<PathBuf>,
}

impl Settings {
    /// Reads the file that was named, or the usual one, if there is one.
    pub(crate) fn read(named: Option<&Path>, usual: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = named.or(usual) else { return Ok(Self::default()) };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                let path = path.display();
                return Err(error).with_context(|| format!("cannot read the settings file {path}"));
            }
        };
        let settings: Self = toml::from_str(&text).with_context(|| {
            let path = path.display();
            format!("the settings file {path} holds `url` and `token_file`, and nothing else")
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Self { token_file: settings.token_file.map(|file| folder.join(file)), ..settings })
    }
}

/// Where a user's settings file is, by the environment.
pub(crate) fn usual() -> Option<PathBuf> {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
    let settings = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")));
    settings.map(|settings| settings.join(NAME))
}

#[cfg(test)]
mod tests;
