//! When a source that failed is not built for a while. Does *not* keep the list.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::failure::FailureClass;

/// Which failures deny a source, after how many of them, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenyRule {
    /// In how many attempts of one batch it must have failed, by failures of the classes below. Default: 2.
    pub attempts: u32,
    /// For how long, by the class of its last failure. A failure of a class that is not here denies nothing, and is not
    /// counted either. Default: `source`, `srpm` and `build` 30 days; `dependency` and `unknown`, which may mend themselves,
    /// 3 days.
    pub classes: BTreeMap<FailureClass, Duration>,
}

impl Default for DenyRule {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        let of = |class| match class {
            FailureClass::Source | FailureClass::Srpm | FailureClass::Build => Some(30 * DAY),
            FailureClass::Dependency | FailureClass::Unknown => Some(3 * DAY),
            FailureClass::Tagging
            | FailureClass::Policy
            | FailureClass::Infrastructure
            | FailureClass::Operator => None,
        };
        let classes = FailureClass::ALL.into_iter().filter_map(|class| Some((class, of(class)?)));
        Self { attempts: 2, classes: classes.collect() }
    }
}

impl DenyRule {
    /// Whether a failure of this class is one of those that are counted.
    #[must_use]
    pub fn counts(&self, class: FailureClass) -> bool {
        self.classes.contains_key(&class)
    }

    /// For how long a source is denied that failed so often, and last so; `None`: it is not.
    #[must_use]
    pub fn span(&self, failures: u32, last: FailureClass) -> Option<Duration> {
        self.classes.get(&last).copied().filter(|_| failures >= self.attempts)
    }

    /// Whether nobody has said otherwise.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests;
