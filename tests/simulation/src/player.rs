//! An operator who plays along: at moments of the seed's choosing something is asked of the leader, about whatever is there then,
//! stored as the web stores it. The web's own look before that is left out, so the leader hears what it has to refuse, too.

use std::{collections::BTreeMap, time::Duration};

use ebs_coordinator::{
    pause::PAUSE,
    store::{MemberRow, NewRequest, Store as _},
    wish::{Asked, VERSION, WantedBuild, Wish},
};
use ebs_domain::{
    batch::{Decision, Group, GroupState, Operation},
    id::{BatchId, BuildId, Component, RequestId, TagName},
    time::Timestamp,
};
use fedora_sim::{chance, world::World};

use crate::{
    configuration::{self, PACKAGES},
    memory::{Memory, Rows},
};

/// The last moment at which an operator begins something, in ms: the world has been well for a while then.
const UNTIL_MS: u64 = 1_500_000;

/// Until then most of it is asked for, in ms.
const MOSTLY_UNTIL_MS: u64 = 600_000;

/// How often an operator who waits for something looks whether it is there.
pub const PATIENCE: Duration = Duration::from_millis(900);

/// The phase in which something is to be done to a batch; nothing: in any.
const PHASES: [&str; 8] =
    ["", "", "", "preparing", "building", "publishing", "settling", "cleaning"];

/// What is asked, about what is there; nothing as long as there is nothing like it.
type Make = fn(&Scene<'_>) -> Option<Wish>;

/// What an operator does: how often by weight, the word for it, and how it is asked for.
const ACTS: &[(u64, &str, Make)] = &[
    (2, "pause", |_| Some(Wish::Pause { until: None })),
    (3, "pause for a while", |it| Some(Wish::Pause { until: Some(it.soon()) })),
    (6, "unpause", |_| Some(Wish::Unpause)),
    (4, "trigger", |it| it.trigger(false)),
    (4, "trigger by force", |it| it.trigger(true)),
    (2, "abort", |it| it.on_batch(|_| Operation::Abort { requeue: false })),
    (2, "abort and requeue", |it| it.on_batch(|_| Operation::Abort { requeue: true })),
    (6, "drop", |it| it.on_batch(|component| Operation::Drop { component })),
    (6, "fail", |it| it.on_batch(|component| Operation::Fail { component })),
    (8, "detach", |it| it.detach()),
    (6, "retry a group", |it| it.on_group(Decision::Retry)),
    (6, "discard a group", |it| it.on_group(Decision::Discard)),
    (3, "undeny", |it| it.undeny()),
    (2, "reconcile", |it| Some(Wish::Reconcile { dry_run: it.draw("dry").is_multiple_of(2) })),
];

/// Something that an operator does, as planned: which row of the table, and which of the seed's acts it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    kind: usize,
    number: u64,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// Under this number.
    pub id: RequestId,
    /// The word for it.
    pub word: &'static str,
    /// What.
    pub wish: Wish,
    /// Why: no two have the same reason.
    pub why: String,
    /// The errata tag of the group that it is about, if it is about one that is held.
    pub tag: Option<TagName>,
}

/// How often what was asked for was carried out, and was refused, by its word.
pub type Played = BTreeMap<&'static str, (u64, u64)>;

/// What an operator of this seed does, and when; nothing in every other seed.
#[must_use]
pub fn acts(seed: u64) -> Vec<(Duration, Act)> {
    if chance::draw(seed, &["operator"]).is_multiple_of(2) {
        return Vec::new();
    }
    let mut before = 0;
    let planned = (1..=3 + chance::draw(seed, &["acts"]) % 9).map(|number| {
        let word = number.to_string();
        let draw = |what| chance::draw(seed, &["act", &word, what]);
        let most = if draw("late").is_multiple_of(4) { UNTIL_MS } else { MOSTLY_UNTIL_MS };
        // Some come together: the leader hears of them in one turn.
        let alone = !draw("together").is_multiple_of(4) || before == 0;
        let at = if alone { 5_000 + draw("at") % most } else { before + draw("after") % 300 };
        before = at;
        (Duration::from_millis(at), Act { kind: kind(draw("kind")), number })
    });
    planned.collect()
}

/// A row of the table, by weight.
fn kind(drawn: u64) -> usize {
    let sum: u64 = ACTS.iter().map(|(weight, ..)| weight).sum();
    let mut left = drawn % sum.max(1);
    let found = ACTS.iter().position(|(weight, ..)| {
        let is = left < *weight;
        left = left.saturating_sub(*weight);
        is
    });
    found.unwrap_or(0)
}

impl Act {
    /// The name by which it is left out.
    #[must_use]
    pub fn name(&self) -> String {
        format!("operator.{}", self.number)
    }

    /// In a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        ACTS.get(self.kind).map_or("nothing", |(_, word, _)| word)
    }
}

/// The operator.
#[derive(Debug, Default)]
pub struct Player {
    /// What was asked for, in order.
    pub orders: Vec<Order>,
    /// What waits for its thing to be there.
    patient: Vec<Act>,
}

/// What an operator sees.
pub struct Stands<'a> {
    /// The seed of all chance.
    pub seed: u64,
    /// The database.
    pub memory: &'a Memory,
    /// Fedora.
    pub world: &'a World,
    /// The time of day.
    pub now: Timestamp,
}

impl Player {
    /// Does something, or waits until it can be done; what is to be told.
    pub async fn act(&mut self, act: Act, stands: &Stands<'_>) -> Vec<String> {
        let wish = {
            let rows = stands.memory.rows();
            let scene = Scene { stands, rows: &rows, act: &act };
            ACTS.get(act.kind).and_then(|(.., make)| make(&scene))
        };
        let Some(wish) = wish else {
            self.patient.push(act);
            return Vec::new();
        };
        // Who hears no answer asks again.
        let times = if stands.draw(&act, "again").is_multiple_of(6) { 2 } else { 1 };
        let mut told = Vec::new();
        for time in 1..=times {
            let why = format!("{} time {time}", act.name());
            told.extend(self.ask(act.word(), wish.clone(), why, stands).await);
        }
        told
    }

    /// Whether something waits for its thing.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.patient.is_empty()
    }

    /// Does what has waited for its thing, as far as that is there now.
    pub async fn look(&mut self, stands: &Stands<'_>) -> Vec<String> {
        let mut told = Vec::new();
        for act in std::mem::take(&mut self.patient) {
            told.extend(self.act(act, stands).await);
        }
        told
    }

    /// Ends a pause that still holds, if nothing that was asked for can begin another.
    pub async fn tidy(&mut self, stands: &Stands<'_>) -> Option<String> {
        let paused = {
            let rows = stands.memory.rows();
            rows.requests.is_empty() && rows.marks.get(PAUSE).is_some_and(|text| !text.is_empty())
        };
        if !paused {
            return None;
        }
        let why = format!("all is well {}", self.orders.len());
        self.ask("unpause at the end", Wish::Unpause, why, stands).await
    }

    async fn ask(
        &mut self,
        word: &'static str,
        wish: Wish,
        why: String,
        stands: &Stands<'_>,
    ) -> Option<String> {
        let who = "olga".to_owned();
        let (action, subject) = (wish.word().to_owned(), wish.subject().to_owned());
        let asked = Asked { v: VERSION, who: who.clone(), why: why.clone(), wish: wish.clone() };
        let payload = serde_json::to_string(&asked).ok()?;
        let tag = if let Wish::RetryGroup { batch, group, .. }
        | Wish::DiscardGroup { batch, group, .. } = &wish
        {
            held_tag(&stands.memory.rows(), *batch, *group)
        } else {
            None
        };
        let told = format!("asks for {action} of {subject} ({why})");
        let new = NewRequest { who, asked: stands.now, action, subject, why: why.clone(), payload };
        let id = stands.memory.ask(new).await.ok().flatten()?;
        self.orders.push(Order { id, word, wish, why, tag });
        Some(told)
    }
}

impl Stands<'_> {
    fn draw(&self, act: &Act, what: &str) -> u64 {
        chance::draw(self.seed, &["act", &act.number.to_string(), what])
    }
}

/// What is there at the moment of an act.
struct Scene<'a> {
    stands: &'a Stands<'a>,
    rows: &'a Rows,
    act: &'a Act,
}

impl Scene<'_> {
    fn draw(&self, what: &str) -> u64 {
        self.stands.draw(self.act, what)
    }

    /// One of these, by chance.
    fn one<T: Clone>(&self, what: &str, of: &[T]) -> Option<T> {
        let count = u64::try_from(of.len()).ok().filter(|count| *count > 0)?;
        of.get(usize::try_from(self.draw(what) % count).ok()?).cloned()
    }

    /// A moment within the next minutes.
    fn soon(&self) -> Timestamp {
        self.stands.now + Duration::from_millis(1 + self.draw("soon") % 200_000)
    }

    /// The batch that runs, be it in a certain phase, and one of its components; now and then one that is not there.
    fn on_batch(&self, make: fn(Component) -> Operation) -> Option<Wish> {
        let phase = self.one("phase", &PHASES)?;
        let fits = |found: &str| phase.is_empty() || phase == found;
        let open = self.rows.batches.values().find(|row| row.ended.is_none() && fits(&row.phase));
        let any = self.rows.batches.values().next_back();
        let batch = open.or_else(|| any.filter(|_| self.draw("late").is_multiple_of(4)))?.id;
        let members = self.rows.members.keys().filter(|(of, _)| *of == batch);
        let members: Vec<Component> = members.map(|(_, component)| component.clone()).collect();
        let component = match self.one("component", &members) {
            Some(component) => component,
            None => self.one("package", &PACKAGES)?.parse().ok()?,
        };
        Some(Wish::on_batch(batch, make(component)))
    }

    /// A component whose task runs, in a batch that has not ended.
    fn detach(&self) -> Option<Wish> {
        let open =
            |batch: &BatchId| self.rows.batches.get(batch).is_some_and(|row| row.ended.is_none());
        let runs = |row: &MemberRow| matches!(row.shown.as_str(), "free" | "building");
        let running = self.rows.members.values().filter(|row| open(&row.batch) && runs(row));
        let running: Vec<_> = running.map(|row| (row.batch, row.component.clone())).collect();
        let (batch, component) = self.one("running", &running)?;
        Some(Wish::on_batch(batch, Operation::Detach { component }))
    }

    /// A group that is held; now and then any.
    fn on_group(&self, decision: Decision) -> Option<Wish> {
        let all: Vec<(BatchId, u32)> = self.rows.groups.keys().copied().collect();
        let held: Vec<(BatchId, u32)> = all
            .iter()
            .copied()
            .filter(|(batch, group)| held_tag(self.rows, *batch, *group).is_some())
            .collect();
        let odd = self.draw("any").is_multiple_of(8);
        let (batch, group) = self.one("group", if odd { &all } else { &held })?;
        Some(Wish::on_group(batch, group, decision))
    }

    /// What is latest of one package in the tag that triggers, or something that is not; by force rather what is denied.
    fn trigger(&self, force: bool) -> Option<Wish> {
        let tag = configuration::trigger_tag().ok()?;
        let denied: Vec<String> =
            self.rows.denied.values().map(|row| row.component.to_string()).collect();
        let package = match self.one("denied", &denied).filter(|_| force) {
            Some(package) => package,
            None => self.one("package", &PACKAGES)?.to_owned(),
        };
        let known: Vec<(i64, String)> = self.stands.world.read(|state| {
            let Some(tag) = state.tag_named(tag.as_str()) else { return Vec::new() };
            let rows = state.list_tagged(tag.id, false, None, Some(&package));
            rows.iter().map(|row| (row.build.id, row.build.nvr())).collect()
        });
        let odd = self.draw("older").is_multiple_of(6);
        let (build, nvr) =
            if odd { self.one("build", &known)? } else { known.into_iter().next()? };
        let component: Component = package.parse().ok()?;
        let builds = vec![WantedBuild { component, tag, build: BuildId::new(build), nvr }];
        Some(Wish::Trigger { what: package, builds, force, again: force })
    }

    fn undeny(&self) -> Option<Wish> {
        let denied: Vec<_> = self.rows.denied.keys().cloned().collect();
        let source = self.one("source", &denied)?;
        Some(Wish::Undeny { what: source.to_string(), sources: vec![source] })
    }
}

/// The errata tag of a group that is held.
fn held_tag(rows: &Rows, batch: BatchId, group: u32) -> Option<TagName> {
    let row = rows.groups.get(&(batch, group))?;
    match serde_json::from_str::<Group>(&row.state).ok()?.state {
        GroupState::Held { tag, .. } => Some(tag),
        GroupState::Waiting
        | GroupState::CreatingTag
        | GroupState::Filling { .. }
        | GroupState::Posting { .. }
        | GroupState::Posted(_)
        | GroupState::Late { .. }
        | GroupState::Discarded { .. }
        | GroupState::Empty
        | GroupState::Ended { .. } => None,
    }
}
