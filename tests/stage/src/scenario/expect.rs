//! What must come out: sums over the cast, made without the code that they check.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    cast::{Cast, Part},
    role::{End, Extra, Outcome, Scenario, UpdateTrouble},
};

/// The order number of a component that no role gives one. **Source:** `control.ordering`.
const DEFAULT_ORDER: i64 = 1000;

/// The package that comes new in a second round.
pub const NEW_IN_SECOND_ROUND: &str = "new-in-second-round";

/// Figures by their key in the JSON of a run.
pub type Figures = BTreeMap<&'static str, Value>;

/// What must come out of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// How each component ends, in words.
    pub ends: BTreeMap<String, String>,
    /// The figures that are fixed.
    pub figures: Figures,
}

/// How the updates end.
#[derive(Default)]
struct Left {
    updates: usize,
    by_end: BTreeMap<&'static str, usize>,
    held: usize,
    stable: usize,
}

impl Expected {
    /// What must come out of the scenario with this cast.
    #[must_use]
    pub fn of(scenario: &Scenario, cast: &Cast) -> Self {
        if scenario.all_false {
            return Self::of_nothing(cast.parts.len());
        }
        let new = usize::from(scenario.second_round);
        let count = |wanted: End| cast.parts.iter().filter(|part| part.end() == wanted).count();
        let mut failed = BTreeMap::new();
        for part in &cast.parts {
            if let End::Failed(class) = part.end() {
                *failed.entry(class).or_insert(0) += 1;
            }
        }
        let (slices, attempts) = slices(&cast.parts);
        let mut left = updates(scenario, cast);
        left.add_plain(new);
        let adopted = cast
            .parts
            .iter()
            .filter(|part| part.role.outcomes.contains(&Outcome::NvrTakenOurs))
            .count();
        let answers = answers(scenario, cast, new);
        let figures = Figures::from([
            ("batches", json!(1 + new)),
            ("triggers", json!(answers.values().sum::<usize>())),
            ("triggers_by_answer", json!(answers)),
            ("components", json!(cast.parts.len() + new)),
            ("slices", json!(slices + new)),
            ("attempts", json!(attempts + new)),
            ("builds_succeeded", json!(count(End::Succeeded) + new)),
            ("builds_failed", json!(failed)),
            ("builds_timed_out", json!(count(End::TimedOut))),
            ("builds_cancelled", json!(count(End::Cancelled))),
            ("builds_adopted", json!(adopted)),
            ("updates", json!(left.updates)),
            ("updates_by_end", json!(left.by_end)),
            ("groups_held", json!(left.held)),
            ("stable", json!(left.stable)),
        ]);
        let mut ends: BTreeMap<String, String> =
            cast.parts.iter().map(|part| (part.component.clone(), part.end().word())).collect();
        if scenario.second_round {
            ends.insert(NEW_IN_SECOND_ROUND.to_owned(), End::Succeeded.word());
        }
        Self { ends, figures: with_the_rest(figures) }
    }

    fn of_nothing(triggers: usize) -> Self {
        let figures = Figures::from([
            ("batches", json!(1)),
            ("triggers", json!(triggers)),
            ("triggers_by_answer", json!({ "withdrawn": triggers })),
            ("components", json!(0)),
            ("slices", json!(0)),
            ("attempts", json!(0)),
            ("builds_succeeded", json!(0)),
            ("builds_failed", json!({})),
            ("builds_timed_out", json!(0)),
            ("builds_cancelled", json!(0)),
            ("builds_adopted", json!(0)),
            ("updates", json!(0)),
            ("updates_by_end", json!({})),
            ("groups_held", json!(0)),
            ("stable", json!(0)),
        ]);
        Self { ends: BTreeMap::new(), figures: with_the_rest(figures) }
    }
}

/// Adds what holds in every scenario.
fn with_the_rest(mut figures: Figures) -> Figures {
    for key in [
        "triggers_pending",
        "late_found",
        "builds_dropped",
        "duplicate_submissions",
        "side_tags_left",
        "effects_open",
    ] {
        figures.insert(key, json!(0));
    }
    figures.insert("left_over", json!([]));
    figures
}

/// Slices, and attempts summed over them. The rule: attempt n+1 is made of those that failed in attempt n, if there are any and
/// n is 1 or they are fewer than before.
fn slices(parts: &[Part]) -> (usize, usize) {
    let mut by_order: BTreeMap<i64, Vec<&Part>> = BTreeMap::new();
    for part in parts {
        by_order.entry(part.role.order.unwrap_or(DEFAULT_ORDER)).or_default().push(part);
    }
    let attempts = by_order.values().map(|slice| {
        let (mut building, mut attempt, mut before) = (slice.clone(), 1, usize::MAX);
        loop {
            building.retain(|part| matches!(part.role.outcome(attempt).end(), End::Failed(_)));
            if building.is_empty() || (attempt > 1 && building.len() >= before) {
                return attempt;
            }
            before = building.len();
            attempt += 1;
        }
    });
    (by_order.len(), attempts.sum())
}

fn updates(scenario: &Scenario, cast: &Cast) -> Left {
    let mut left = Left::default();
    if scenario.scratch {
        return left;
    }
    let published: Vec<&Part> = cast.parts.iter().filter(|part| part.is_published()).collect();
    let size = if cast.batch_size == 0 { published.len() } else { cast.batch_size };
    for group in published.chunks(size.max(1)) {
        left.add(group.iter().find_map(|part| part.role.update), group.len());
    }
    left
}

impl Left {
    fn add(&mut self, trouble: Option<UpdateTrouble>, builds: usize) {
        let end = match trouble {
            Some(UpdateTrouble::Refused) => {
                self.held += 1;
                return;
            }
            None | Some(UpdateTrouble::CreatedButBadGateway) => "stable",
            Some(UpdateTrouble::BuildMissing) => {
                // What is missing gets an update of its own.
                self.updates += 1;
                *self.by_end.entry("stable").or_default() += 1;
                "stable"
            }
            Some(UpdateTrouble::Obsoleted) => "obsolete",
            Some(UpdateTrouble::Unpushed) => "unpushed",
            Some(UpdateTrouble::GatingFailed) => "gating_failed",
        };
        self.updates += 1;
        *self.by_end.entry(end).or_default() += 1;
        if end == "stable" {
            self.stable += builds;
        }
    }

    fn add_plain(&mut self, builds: usize) {
        if builds > 0 {
            self.add(None, builds);
        }
    }
}

/// How many triggers get which answer.
fn answers(scenario: &Scenario, cast: &Cast, new: usize) -> BTreeMap<&'static str, usize> {
    let mut answers = BTreeMap::new();
    let mut add = |word, count| {
        if count > 0 {
            *answers.entry(word).or_insert(0) += count;
        }
    };
    for part in &cast.parts {
        let word = match part.end() {
            End::Succeeded if scenario.scratch => "scratch_built",
            End::Succeeded => "built",
            End::Failed(_) => "failed",
            End::TimedOut => "timed_out",
            End::Cancelled => "cancelled",
        };
        add(word, 1);
        add("superseded", usize::from(part.role.twice));
    }
    for (extra, count) in scenario.extras() {
        match extra {
            Extra::Excluded => add("excluded", count),
            Extra::NotListed => add("not_listed", count),
            Extra::FalseTag => add("withdrawn", count),
            // No triggers: the one is not ours, the other cannot be read.
            Extra::CentosTopic | Extra::NotJson => {}
        }
    }
    if scenario.second_round {
        add(
            "denied",
            cast.parts.iter().filter(|part| matches!(part.end(), End::Failed(_))).count(),
        );
        add("built", new);
    }
    answers
}
