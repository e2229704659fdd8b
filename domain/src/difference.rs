//! What is different between two snapshots, in words for people. Pure. Does *not* know what is no part of a snapshot: pause,
//! trigger tag, and which lists are read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use crate::{
    id::Component,
    policy::{DEFAULT_ORDER, Eligibility, Pattern, Policy},
};

/// One difference. Ordered as it is told: first what the rules say, then what becomes of packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A pattern was added to a list of patterns, or taken from it.
    Pattern {
        /// Which list.
        rule: Rule,
        /// The pattern, as it is written.
        pattern: String,
        /// Whether it was added.
        added: bool,
    },
    /// A pattern of `ordering` was added, taken away, or has another number.
    Numbered {
        /// The pattern, as it is written.
        pattern: String,
        /// Its number before; `None` if it was not there.
        before: Option<i64>,
        /// Its number after; `None` if it is gone.
        after: Option<i64>,
    },
    /// The patterns of `ordering` that are in both stand in another sequence: the first that hits counts.
    Sequence,
    /// A component is on the list that was not.
    Entered {
        /// The component.
        component: Component,
        /// What Rawhide calls it, if that is another name.
        upstream: Option<String>,
        /// Where it comes from.
        origin: String,
        /// The pattern that excludes it all the same.
        excluded: Option<String>,
        /// Its order number.
        order: i64,
    },
    /// A component is on the list no longer.
    Left {
        /// The component.
        component: Component,
        /// Where it came from.
        origin: String,
    },
    /// A component is another package of Rawhide's.
    Renamed {
        /// The component.
        component: Component,
        /// What it was there.
        before: String,
        /// What it is there.
        after: String,
    },
    /// A component comes from another list.
    Moved {
        /// The component.
        component: Component,
        /// Where it came from.
        before: String,
        /// Where it comes from.
        after: String,
    },
    /// A component that was rebuilt is excluded.
    Excluded {
        /// The component.
        component: Component,
        /// By this pattern.
        pattern: String,
    },
    /// A component that was excluded is rebuilt.
    Included {
        /// The component.
        component: Component,
        /// The pattern that hit it.
        pattern: String,
    },
    /// A component that is rebuilt has another order number.
    Order {
        /// The component.
        component: Component,
        /// Its number before.
        before: i64,
        /// Its number after.
        after: i64,
    },
    /// Whether the Rawhide build of a component that is rebuilt is put into the side tag.
    Seeding {
        /// The component.
        component: Component,
        /// Whether it is.
        seeded: bool,
    },
}

/// A list of patterns without numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// `exclude`.
    Exclude,
    /// `skip_tag`.
    SkipTag,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exclude => "exclude",
            Self::SkipTag => "skip_tag",
        })
    }
}

/// What leads from one snapshot to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Difference {
    changes: Vec<Change>,
}

impl Difference {
    /// Compares two snapshots.
    #[must_use]
    pub fn between(before: &Policy, after: &Policy) -> Self {
        let mut changes = Vec::new();
        let (old, new) = (before.rules(), after.rules());
        patterns(Rule::Exclude, &old.exclude, &new.exclude, &mut changes);
        patterns(Rule::SkipTag, &old.skip_tag, &new.skip_tag, &mut changes);
        ordering(&old.ordering, &new.ordering, &mut changes);
        let names: BTreeSet<&Component> = before.components().chain(after.components()).collect();
        for name in names {
            match (before.origin(name), after.origin(name)) {
                (None, Some(origin)) => changes.push(entered(name, origin, after)),
                (Some(origin), None) => changes
                    .push(Change::Left { component: name.clone(), origin: origin.to_owned() }),
                (Some(old), Some(new)) => {
                    moved(name, (old, before), (new, after), &mut changes);
                    judged(name, before, after, &mut changes);
                }
                (None, None) => {}
            }
        }
        Self { changes }
    }

    /// Each difference: rules first, then packages by name.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// A sentence for each kind of difference, naming at most `most` things; the others are counted.
    pub fn sentences(&self, most: usize) -> impl Iterator<Item = String> + use<> {
        let mut kinds: BTreeMap<Kind, (usize, Vec<String>)> = BTreeMap::new();
        for change in &self.changes {
            let (count, items) = kinds.entry(Kind::of(change)).or_default();
            *count += 1;
            if items.len() < most {
                items.push(item(change));
            }
        }
        kinds.into_iter().map(|(kind, (count, items))| sentence(kind, count, &items))
    }
}

fn patterns(rule: Rule, before: &[Pattern], after: &[Pattern], changes: &mut Vec<Change>) {
    let mut tell =
        |some: &[Pattern], others: &[Pattern], added| {
            changes.extend(some.iter().filter(|pattern| !others.contains(pattern)).map(
                |pattern| Change::Pattern { rule, pattern: pattern.as_str().to_owned(), added },
            ));
        };
    tell(after, before, true);
    tell(before, after, false);
}

/// Of two entries with one pattern only the first can ever hit.
fn ordering(before: &[(Pattern, i64)], after: &[(Pattern, i64)], changes: &mut Vec<Change>) {
    let number = |rules: &[(Pattern, i64)], wanted: &Pattern| {
        rules.iter().find(|(pattern, _)| pattern == wanted).map(|(_, number)| *number)
    };
    let gone = before.iter().filter(|(pattern, _)| number(after, pattern).is_none());
    for (pattern, _) in after.iter().chain(gone) {
        let (old, new) = (number(before, pattern), number(after, pattern));
        if old != new {
            changes.push(Change::Numbered {
                pattern: pattern.as_str().to_owned(),
                before: old,
                after: new,
            });
        }
    }
    let common = |some: &[(Pattern, i64)], others: &[(Pattern, i64)]| -> Vec<String> {
        let both = some.iter().filter(|(pattern, _)| number(others, pattern).is_some());
        both.map(|(pattern, _)| pattern.as_str().to_owned()).collect()
    };
    if common(before, after) != common(after, before) {
        changes.push(Change::Sequence);
    }
}

fn entered(component: &Component, origin: &str, after: &Policy) -> Change {
    let upstream = after.upstream_name(component);
    Change::Entered {
        component: component.clone(),
        upstream: (component.as_str() != upstream).then(|| upstream.to_owned()),
        origin: origin.to_owned(),
        excluded: excluded(component, after),
        order: after.order(component),
    }
}

/// The pattern that excludes a listed component.
fn excluded(component: &Component, policy: &Policy) -> Option<String> {
    match policy.eligible(component) {
        Eligibility::Excluded { pattern } => Some(pattern),
        Eligibility::Yes | Eligibility::NotListed => None,
    }
}

/// Where a component that stays comes from, and what Rawhide calls it.
fn moved(
    name: &Component,
    (old, before): (&str, &Policy),
    (new, after): (&str, &Policy),
    changes: &mut Vec<Change>,
) {
    let (was, is) = (before.upstream_name(name), after.upstream_name(name));
    if was != is {
        let (before, after) = (was.to_owned(), is.to_owned());
        changes.push(Change::Renamed { component: name.clone(), before, after });
    }
    if old != new {
        let (before, after) = (old.to_owned(), new.to_owned());
        changes.push(Change::Moved { component: name.clone(), before, after });
    }
}

/// What the patterns say of a component that stays. Order and seeding of one that is not rebuilt matter to nobody.
fn judged(name: &Component, before: &Policy, after: &Policy, changes: &mut Vec<Change>) {
    let component = || name.clone();
    match (excluded(name, before), excluded(name, after)) {
        (None, Some(pattern)) => changes.push(Change::Excluded { component: component(), pattern }),
        (Some(pattern), None) => changes.push(Change::Included { component: component(), pattern }),
        (Some(_), Some(_)) => return,
        (None, None) => {}
    }
    let (old, new) = (before.order(name), after.order(name));
    if old != new {
        changes.push(Change::Order { component: component(), before: old, after: new });
    }
    let seeded = after.may_seed(name);
    if before.may_seed(name) != seeded {
        changes.push(Change::Seeding { component: component(), seeded });
    }
}

/// What is told in one sentence, in the order of telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    ExcludeGains,
    ExcludeLoses,
    SkipTagGains,
    SkipTagLoses,
    Ordering,
    Sequence,
    Entered,
    Left,
    Renamed,
    Moved,
    Excluded,
    Included,
    Order,
    NotSeeded,
    Seeded,
}

impl Kind {
    fn of(change: &Change) -> Self {
        match change {
            Change::Pattern { rule: Rule::Exclude, added: true, .. } => Self::ExcludeGains,
            Change::Pattern { rule: Rule::Exclude, added: false, .. } => Self::ExcludeLoses,
            Change::Pattern { rule: Rule::SkipTag, added: true, .. } => Self::SkipTagGains,
            Change::Pattern { rule: Rule::SkipTag, added: false, .. } => Self::SkipTagLoses,
            Change::Numbered { .. } => Self::Ordering,
            Change::Sequence => Self::Sequence,
            Change::Entered { .. } => Self::Entered,
            Change::Left { .. } => Self::Left,
            Change::Renamed { .. } => Self::Renamed,
            Change::Moved { .. } => Self::Moved,
            Change::Excluded { .. } => Self::Excluded,
            Change::Included { .. } => Self::Included,
            Change::Order { .. } => Self::Order,
            Change::Seeding { seeded: false, .. } => Self::NotSeeded,
            Change::Seeding { seeded: true, .. } => Self::Seeded,
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::ExcludeGains => "patterns added to `exclude`",
            Self::ExcludeLoses => "patterns taken from `exclude`",
            Self::SkipTagGains => "patterns added to `skip_tag`",
            Self::SkipTagLoses => "patterns taken from `skip_tag`",
            Self::Ordering => "patterns of `ordering` that change",
            Self::Sequence => {
                "the patterns of `ordering` stand in another sequence, and the first that hits counts"
            }
            Self::Entered => "packages that enter",
            Self::Left => "packages that leave",
            Self::Renamed => "packages that Rawhide calls otherwise",
            Self::Moved => "packages from another list",
            Self::Excluded => "packages that become excluded",
            Self::Included => "packages that are no longer excluded",
            Self::Order => "packages with another order number",
            Self::NotSeeded => "packages that are no longer seeded",
            Self::Seeded => "packages that become seeded",
        }
    }
}

fn sentence(kind: Kind, count: usize, items: &[String]) -> String {
    let heading = kind.heading();
    if kind == Kind::Sequence {
        return heading.to_owned();
    }
    let named = items.join(", ");
    match count.saturating_sub(items.len()) {
        0 => format!("{heading} ({count}): {named}"),
        more if items.is_empty() => format!("{heading}: {more}"),
        more => format!("{heading} ({count}): {named} and {more} more"),
    }
}

/// One thing of a sentence.
fn item(change: &Change) -> String {
    match change {
        Change::Pattern { pattern, .. } => format!("`{pattern}`"),
        Change::Numbered { pattern, before: None, after: Some(after) } => {
            format!("`{pattern}` added with {after}")
        }
        Change::Numbered { pattern, before: Some(before), after: Some(after) } => {
            format!("`{pattern}` {before} → {after}")
        }
        Change::Numbered { pattern, after: None, .. } => format!("`{pattern}` taken away"),
        Change::Sequence => String::new(),
        Change::Entered { component, upstream, origin, excluded, order } => {
            let mut text = format!("{component} ({origin}");
            if let Some(upstream) = upstream {
                text.push_str(&format!(", {upstream} in Rawhide"));
            }
            if *order != DEFAULT_ORDER {
                text.push_str(&format!(", order {order}"));
            }
            if let Some(pattern) = excluded {
                text.push_str(&format!(", excluded by `{pattern}`"));
            }
            text.push(')');
            text
        }
        Change::Left { component, origin } => format!("{component} ({origin})"),
        Change::Renamed { component, before, after } => {
            format!("{component} ({before} → {after})")
        }
        Change::Moved { component, before, after } => format!("{component} ({before} → {after})"),
        Change::Excluded { component, pattern } | Change::Included { component, pattern } => {
            format!("{component} (`{pattern}`)")
        }
        Change::Order { component, before, after } => format!("{component} ({before} → {after})"),
        Change::Seeding { component, .. } => component.to_string(),
    }
}

#[cfg(test)]
mod tests;
