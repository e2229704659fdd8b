//! Looking at files: each by itself, and the dynamic one beside another.

use std::path::Path;

use anyhow::Context as _;
use ebs_shared::{
    config::{
        ConfigError, Difference, DynamicConfig, Fault, Kind, check_static, parse_dynamic,
        parse_static, read_text, settings, source::Origin,
    },
    content,
};

use super::{
    arguments::{CheckArguments, KindArgument},
    offer,
};

/// What was found.
pub(crate) struct Check {
    pub(super) files: Vec<Checked>,
    pub(super) compared: Option<Compared>,
}

/// One file.
pub(super) struct Checked {
    pub(super) file: String,
    /// What it is; unknown if its keys do not tell.
    pub(super) kind: Option<Kind>,
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<Fault>,
    dynamic: Option<DynamicConfig>,
}

/// What the dynamic file changes.
pub(super) struct Compared {
    /// Beside what.
    pub(super) against: Origin,
    /// How many packages both were applied to, overrides counted; `None` without lists.
    pub(super) packages: Option<usize>,
    /// Sentences about pause, tag and lists.
    pub(super) settings: Vec<String>,
    /// Rules and packages.
    pub(super) difference: Difference,
    /// How many things a sentence names.
    pub(super) names: usize,
    /// Patterns that gave up on a package.
    pub(super) given_up: Vec<String>,
}

impl Check {
    /// Looks at all files, then compares.
    pub(crate) async fn of(arguments: &CheckArguments) -> anyhow::Result<Self> {
        let files: Vec<Checked> =
            arguments.files.iter().map(|path| Checked::of(path, arguments)).collect();
        let compared = match &arguments.against {
            Some(against) => compare(&files, against, arguments).await?,
            None => None,
        };
        Ok(Self { files, compared })
    }

    /// Whether all files can be used.
    pub(crate) fn fine(&self, strict: bool) -> bool {
        self.files
            .iter()
            .all(|file| file.faults.is_empty() && (!strict || file.warnings.is_empty()))
    }
}

impl Checked {
    fn of(path: &Path, arguments: &CheckArguments) -> Self {
        let file = path.display().to_string();
        let mut checked =
            Self { file, kind: None, faults: Vec::new(), warnings: Vec::new(), dynamic: None };
        let told = arguments.kind.map(|kind| match kind {
            KindArgument::Static => Kind::Static,
            KindArgument::Dynamic => Kind::Dynamic,
            KindArgument::Single => Kind::Single,
        });
        let known = read_text(path).and_then(|text| {
            let kind = match told {
                Some(kind) => Some(kind),
                None => Kind::of(&checked.file, &text)?,
            };
            Ok((text, kind))
        });
        match known {
            Ok((text, kind)) => {
                checked.kind = kind;
                checked.read(&text, arguments.skip_files);
            }
            Err(error) => checked.refused(error),
        }
        checked
    }

    fn read(&mut self, text: &str, skip_files: bool) {
        let (fixed, dynamic) = match self.kind {
            Some(Kind::Static) => (true, false),
            Some(Kind::Dynamic | Kind::DistroBaker) => (false, true),
            Some(Kind::Single) => (true, true),
            None => {
                let text = "these are no keys of a configuration: say what it is with --kind";
                let fault = Fault {
                    file: self.file.clone(),
                    line: None,
                    path: String::new(),
                    text: text.to_owned(),
                };
                return self.faults.push(fault);
            }
        };
        if fixed {
            let read = if skip_files { check_static } else { parse_static };
            match read(&self.file, text) {
                Ok(loaded) => self.warned(loaded.warnings),
                Err(error) => self.refused(error),
            }
        }
        if dynamic {
            match parse_dynamic(&self.file, text) {
                Ok(loaded) => {
                    self.warned(loaded.warnings);
                    self.dynamic = Some(loaded.config);
                }
                Err(error) => self.refused(error),
            }
        }
    }

    fn refused(&mut self, error: ConfigError) {
        self.faults.extend(
            error
                .faults
                .into_iter()
                .filter(|fault| !self.faults.contains(fault))
                .collect::<Vec<_>>(),
        );
        self.faults.sort_by_key(|fault| fault.line);
        self.warned(error.warnings);
    }

    /// Both readings of a single file may warn of the same.
    fn warned(&mut self, warnings: Vec<Fault>) {
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        self.warnings.sort_by_key(|warning| warning.line);
    }
}

/// Compares the one dynamic file; nothing if that has faults of its own.
async fn compare(
    files: &[Checked],
    against: &str,
    arguments: &CheckArguments,
) -> anyhow::Result<Option<Compared>> {
    let dynamic = |file: &&Checked| {
        matches!(file.kind, Some(Kind::Dynamic | Kind::Single | Kind::DistroBaker))
    };
    let mut candidates = files.iter().filter(dynamic);
    let (Some(file), None) = (candidates.next(), candidates.next()) else {
        anyhow::bail!("--against needs exactly one dynamic configuration among the files");
    };
    let Some(after) = &file.dynamic else { return Ok(None) };
    let (before, origin) = offer::configuration(against).await?;
    let packages = match &arguments.packages {
        Some(path) => Some(offer::packages(path)?),
        None => None,
    };
    let (before_policy, after_policy) = if arguments.fetch_lists {
        let (old, new) = offer::lists(&before, after).await?;
        (content::snapshot(1, &before, old), content::snapshot(2, after, new))
    } else {
        let listed = packages.clone().unwrap_or_default();
        (content::snapshot(1, &before, listed.clone()), content::snapshot(2, after, listed))
    };
    let listed = arguments.fetch_lists || packages.is_some();
    Ok(Some(Compared {
        against: origin,
        packages: listed.then(|| after_policy.components().count()),
        settings: settings(&before, after),
        difference: Difference::between(&before_policy, &after_policy),
        names: arguments.names,
        given_up: after_policy.faults().iter().map(ToString::to_string).collect(),
    }))
}

impl Check {
    /// As JSON, version 1.
    pub(crate) fn json(&self) -> anyhow::Result<String> {
        let files: Vec<_> = self
            .files
            .iter()
            .map(|file| {
                serde_json::json!({
                    "file": file.file, "kind": file.kind, "faults": file.faults, "warnings": file.warnings,
                })
            })
            .collect();
        let difference = self.compared.as_ref().map(|compared| {
            serde_json::json!({
                "against": compared.against, "packages": compared.packages,
                "sentences": compared.sentences(), "changes": compared.difference,
                "given_up": compared.given_up,
            })
        });
        let whole = serde_json::json!({
            "version": 1, "fine": self.fine(false), "files": files, "difference": difference,
        });
        serde_json::to_string_pretty(&whole).context("cannot be written as JSON")
    }
}

impl Compared {
    /// All that is different, a sentence for each kind.
    pub(super) fn sentences(&self) -> Vec<String> {
        let settings = self.settings.iter().cloned();
        settings.chain(self.difference.sentences(self.names)).collect()
    }
}
