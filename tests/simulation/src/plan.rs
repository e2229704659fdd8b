//! What a seed has in store: builds that are tagged, how each ends, and what goes wrong beside single calls.

use std::{collections::BTreeSet, time::Duration};

use fedora_sim::{
    bodhi::script::{BodhiScript, UpdateTiming},
    chance,
    control::{NewTag, RawhideUpdate},
    script::{Outcome, Script, Service, Site, Timing, Trouble, Window},
};

use crate::{
    configuration::{LIST, PACKAGES},
    doors::BASE,
    lacking,
    odds::{ANNOUNCE, HELD, OUTCOMES, REPO_MS, SEEDS, SESSIONS_MS, TROUBLES, UPDATES},
    player::{self, Act},
    process::Neighbour,
};

/// The processes.
pub const PROCESSES: [&str; 4] = ["a", "b", "w1", "w2"];

/// When the last fault begins at the latest.
pub const FAULTS_UNTIL: Duration = Duration::from_secs(450);

/// The world is well from then on: the longest outage has ended, and every process runs, also one that stood still.
pub const WELL_FROM: Duration = Duration::from_secs(780);

/// How long a repo takes that is not ready in any run.
pub const NEVER_MS: u64 = 7 * 24 * 3_600_000;

/// Something that happens at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A build enters Rawhide.
    Tag(NewTag),
    /// Bodhi has an update with these builds, which come one by one, or not at all.
    Update(RawhideUpdate),
    /// A process is killed.
    Kill(&'static str),
    /// A process is told to stop.
    Stop(&'static str),
    /// A process stands still for so long.
    Pause(&'static str, Duration),
    /// A process's wall clock jumps by so many ms.
    Jump(&'static str, i64),
    /// The queue forgets everything.
    Wipe,
    /// Somebody removes the newest side tag.
    LoseSideTag,
    /// The hub forgets all sessions.
    ForgetSessions,
    /// All sessions expire.
    AgeSessions,
    /// The package list becomes this.
    List(List),
    /// No repo that is begun from now on is ever ready.
    StallRepos,
    /// Those are given up, and repos that are begun from now on take so many ms.
    MendRepos(u64),
    /// An operator asks for something.
    Act(Act),
}

/// How the package list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// As it should be.
    Whole,
    /// It is there, and nothing stands in it.
    Empty,
    /// It is not there: its site is being built.
    Gone,
}

impl List {
    /// What stands in it; nothing if it is not there.
    #[must_use]
    pub fn names(self) -> Option<Vec<String>> {
        match self {
            Self::Whole => Some(PACKAGES.map(str::to_owned).to_vec()),
            Self::Empty => Some(Vec::new()),
            Self::Gone => None,
        }
    }
}

impl Event {
    /// In a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Tag(_) => "tag",
            Self::Update(_) => "update of Rawhide",
            Self::Kill(_) => "kill",
            Self::Stop(_) => "stop",
            Self::Pause(..) => "pause",
            Self::Jump(..) => "clock jump",
            Self::Wipe => "wiped queue",
            Self::LoseSideTag => "side tag vanished",
            Self::ForgetSessions => "sessions forgotten",
            Self::AgeSessions => "sessions expired",
            Self::List(_) => "package list gone",
            Self::StallRepos | Self::MendRepos(_) => "repo never ready",
            Self::Act(_) => "operator",
        }
    }
}

/// An event with its moment and name.
#[derive(Clone, Debug)]
pub struct Planned {
    /// When.
    pub at: Duration,
    /// The fault's name; nothing for what is no fault.
    pub fault: Option<String>,
    /// What.
    pub event: Event,
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What happens, in order.
    pub events: Vec<Planned>,
    /// Outages of what is not asked over HTTP.
    pub outages: Vec<(String, Neighbour, Duration, Duration)>,
    /// The names of Fedora's outages, beside those in its script.
    pub windows: Vec<String>,
    /// What Fedora is told.
    pub script: Script,
}

struct Dice<'a> {
    seed: u64,
    without: &'a BTreeSet<String>,
}

impl Dice<'_> {
    fn draw(&self, words: &[&str]) -> u64 {
        chance::draw(self.seed, words)
    }

    fn below(&self, words: &[&str], most: u64) -> u64 {
        self.draw(words) % most
    }

    fn span(&self, words: &[&str], low_ms: u64, high_ms: u64) -> Duration {
        Duration::from_millis(chance::between(self.seed, words, low_ms, high_ms))
    }

    fn one<T: Copy>(&self, words: &[&str], of: &[(u64, T)]) -> Option<T> {
        let sum: u64 = of.iter().map(|(weight, _)| weight).sum();
        let mut left = self.below(words, sum.max(1));
        for (weight, thing) in of {
            if left < *weight {
                return Some(*thing);
            }
            left -= weight;
        }
        None
    }
}

impl Plan {
    /// The plan of a seed, without the faults named.
    #[must_use]
    pub fn of(seed: u64, without: &BTreeSet<String>) -> Self {
        let dice = Dice { seed, without };
        let mut plan = Self {
            events: Vec::new(),
            outages: Vec::new(),
            windows: Vec::new(),
            script: script(&dice),
        };
        plan.tag_builds(&dice);
        plan.operate(&dice);
        plan.begin_with(&dice);
        // Every fourth seed has faults of single calls only.
        if dice.below(&["troubles"], 4) != 0 {
            plan.trouble_processes(&dice);
            plan.trouble_neighbours(&dice);
            plan.trouble_content(&dice);
        }
        plan.events.sort_by_key(|planned| planned.at);
        plan
    }

    /// The builds of a seed, and nothing that goes wrong.
    #[must_use]
    pub fn calm(seed: u64) -> Self {
        let without = BTreeSet::new();
        let dice = Dice { seed, without: &without };
        let (events, outages, windows) = (Vec::new(), Vec::new(), Vec::new());
        let mut plan = Self { events, outages, windows, script: script(&dice) };
        plan.tag_builds(&dice);
        plan.events.sort_by_key(|planned| planned.at);
        plan
    }

    fn tag_builds(&mut self, dice: &Dice<'_>) {
        let rounds = 2 + dice.below(&["rounds"], 2);
        for round in 1..=rounds {
            let round_word = round.to_string();
            let begin =
                dice.span(&["round", &round_word], (round - 1) * 100_000 + 3_000, round * 130_000);
            let count = 2 + dice.below(&["packages", &round_word], 5);
            let mut packages: Vec<&str> = PACKAGES.to_vec();
            packages.sort_by_key(|package| dice.draw(&["pick", &round_word, package]));
            packages.truncate(usize::try_from(count).unwrap_or(2));
            let mut together = Vec::new();
            for package in packages {
                let words = ["build", round_word.as_str(), package];
                let at = begin + dice.span(&words, 0, 20_000);
                let builds =
                    if dice.below(&["twice", &round_word, package], 8) == 0 { 2 } else { 1 };
                for release in 1..=builds {
                    let tag = self.new_build(dice, package, round, release);
                    let at = at + Duration::from_secs(4 * (release - 1));
                    together.push(tag.clone());
                    self.events.push(Planned { at, fault: None, event: Event::Tag(tag) });
                }
            }
            // Every other round is one update, known to Bodhi before its builds are tagged.
            if dice.below(&["together", &round_word], 2) == 0 {
                let update = RawhideUpdate {
                    from_tag: format!("f45-build-side-{round_word}"),
                    builds: together,
                };
                let at = begin - Duration::from_secs(1);
                self.events.push(Planned { at, fault: None, event: Event::Update(update) });
            }
        }
    }

    fn new_build(&mut self, dice: &Dice<'_>, package: &str, round: u64, release: u64) -> NewTag {
        let (round, release) = (round.to_string(), release.to_string());
        let words = |what| [what, package, round.as_str(), release.as_str()];
        let commit = format!(
            "{:016x}{:016x}{:08x}",
            dice.draw(&words("one")),
            dice.draw(&words("two")),
            dice.draw(&words("three")) >> 32
        );
        let ends = dice.one(&words("outcome"), OUTCOMES).unwrap_or(&[Outcome::Succeed]);
        self.script.outcomes.insert(format!("{package}#{commit}"), ends.to_vec());
        NewTag {
            name: package.to_owned(),
            version: round.clone(),
            release: format!("{release}.fc45"),
            commit,
            announce: dice.one(&words("announce"), ANNOUNCE).unwrap_or_default(),
            ..NewTag::default()
        }
    }

    fn trouble_processes(&mut self, dice: &Dice<'_>) {
        for process in PROCESSES {
            for number in 1..=dice.below(&["troubles", process], 4) {
                let number = number.to_string();
                let words = |what| [what, process, number.as_str()];
                let pause = dice.span(&words("pause"), 5_000, 150_000);
                let jump = dice.span(&words("jump"), 1_000, 20_000).as_millis();
                let jump = i64::try_from(jump).unwrap_or(0);
                let signed = if dice.below(&words("sign"), 2) == 0 { jump } else { -jump };
                let kinds = [
                    (3, Event::Kill(process)),
                    (2, Event::Stop(process)),
                    (4, Event::Pause(process, pause)),
                    (1, Event::Jump(process, signed)),
                ];
                let picked = dice.below(&words("kind"), 10);
                let mut sum = 0;
                let event = kinds.into_iter().find(|(weight, _)| {
                    sum += weight;
                    picked < sum
                });
                if let Some((_, event)) = event {
                    let at = dice.span(&words("at"), 1_000, millis(FAULTS_UNTIL));
                    self.add(at, format!("{process}.trouble.{number}"), event);
                }
            }
        }
    }

    /// How builds end that were in Rawhide before.
    fn begin_with(&mut self, dice: &Dice<'_>) {
        for (new, _) in lacking::before(dice.seed) {
            let ends = dice.one(&["outcome", &new.name, "before"], OUTCOMES).unwrap_or_default();
            self.script.outcomes.insert(format!("{}#{}", new.name, new.commit), ends.to_vec());
        }
    }

    /// What an operator does is left out as faults are. Where there is one, more groups are held.
    fn operate(&mut self, dice: &Dice<'_>) {
        let acts = player::acts(dice.seed);
        for package in PACKAGES.iter().filter(|_| !acts.is_empty()) {
            if let Some(ends) = dice.one(&["held", package], HELD).filter(|ends| !ends.is_empty()) {
                self.script.bodhi.outcomes.insert((*package).to_owned(), ends.to_vec());
            }
        }
        for (at, act) in acts {
            self.add(at, act.name(), Event::Act(act));
        }
    }

    fn add(&mut self, at: Duration, name: String, event: Event) {
        self.events.push(Planned { at, fault: Some(name), event });
    }

    /// What is there, and then is not for a while: package lists, and repos that were asked for in the meantime.
    fn trouble_content(&mut self, dice: &Dice<'_>) {
        let usual = Event::MendRepos(self.script.timing.repo_ms);
        let lists = if dice.below(&["empty list"], 2) == 0 { List::Gone } else { List::Empty };
        let kinds = [
            ("list", 2, Event::List(lists), Event::List(List::Whole)),
            ("repos", 4, Event::StallRepos, usual),
        ];
        for (name, one_in, ill, well) in kinds {
            if dice.below(&["trouble", name], one_in) != 0 {
                continue;
            }
            let from = dice.span(&["from", name], 1_000, millis(FAULTS_UNTIL));
            let until = from + dice.span(&["lasts", name], 1_000, 150_000);
            self.add(from, name.to_owned(), ill);
            self.events.push(Planned { at: until, fault: None, event: well });
        }
    }

    fn trouble_neighbours(&mut self, dice: &Dice<'_>) {
        for number in 1..=dice.below(&["queue troubles"], 3) {
            let number = number.to_string();
            let at = dice.span(&["wipe", &number], 1_000, millis(FAULTS_UNTIL));
            self.add(at, format!("wipe.{number}"), Event::Wipe);
        }
        for number in 1..=dice.below(&["session troubles"], 3) {
            let number = number.to_string();
            let at = dice.span(&["sessions", &number], 1_000, millis(FAULTS_UNTIL));
            let forget = dice.below(&["forget", &number], 2) == 0;
            let event = if forget { Event::ForgetSessions } else { Event::AgeSessions };
            self.add(at, format!("sessions.{number}"), event);
        }
        // A tag that is gone makes a batch begin over: not in each run.
        if dice.below(&["lose a tag"], 4) == 0 {
            let at = dice.span(&["lose a tag", "at"], 20_000, millis(FAULTS_UNTIL));
            self.add(at, "lose.1".to_owned(), Event::LoseSideTag);
        }
        let ours =
            [("store", Neighbour::Store), ("queue", Neighbour::Queue), ("bus", Neighbour::Bus)];
        for (word, of) in ours {
            for number in 1..=dice.below(&["outages", word], 2) {
                let name = format!("outage.{word}.{number}");
                if dice.without.contains(&name) {
                    continue;
                }
                let from = dice.span(&["from", &name], 1_000, millis(FAULTS_UNTIL));
                let until = from + dice.span(&["lasts", &name], 1_000, 150_000);
                self.outages.push((name, of, from, until));
            }
        }
        let foreign = [
            ("koji", Service::Koji),
            ("bodhi", Service::Bodhi),
            ("archive", Service::Archive),
            ("resolver", Service::Resolver),
        ];
        for (word, service) in foreign {
            for number in 1..=dice.below(&["outages", word], 2) {
                let name = format!("outage.{word}.{number}");
                if dice.without.contains(&name) {
                    continue;
                }
                let from = dice.span(&["from", &name], 1_000, millis(FAULTS_UNTIL));
                let until = from + dice.span(&["lasts", &name], 1_000, 150_000);
                let trouble = dice.one(&["how", &name], TROUBLES).unwrap_or(Trouble::Cut);
                let (from_ms, until_ms) = (millis(from), millis(until));
                self.script.faults.windows.push(Window { service, from_ms, until_ms, trouble });
                self.windows.push(name);
            }
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn script(dice: &Dice<'_>) -> Script {
    let updates = PACKAGES
        .iter()
        .filter_map(|package| {
            let ends = dice.one(&["update", package], UPDATES)?;
            Some(((*package).to_owned(), ends.to_vec()))
        })
        .collect();
    let seed_trouble = PACKAGES
        .iter()
        .filter_map(|package| {
            let trouble = dice.one(&["seed", package], SEEDS)?;
            Some(((*package).to_owned(), trouble?))
        })
        .collect();
    Script {
        seed: dice.seed,
        site: Site { base_url: BASE.to_owned(), ..Site::default() },
        timing: Timing {
            request_ms: 20,
            call_ms: 1,
            pickup_ms: 500,
            build_min_ms: 4_000,
            build_max_ms: 60_000,
            tagging_ms: 300,
            repo_ms: dice.one(&["repo"], REPO_MS).unwrap_or(3_000),
            repo_queue_ms: 0,
            slow_factor: 4,
        },
        bodhi: BodhiScript {
            timing: UpdateTiming {
                tag_ms: 1_000,
                sign_ms: 2_000,
                gate_ms: 2_000,
                approve_ms: 4_000,
            },
            outcomes: updates,
            lists: List::Whole.names().map(|names| (LIST.to_owned(), names)).into_iter().collect(),
            ..BodhiScript::default()
        },
        build_messages: false,
        seed_trouble,
        session_lifetime_ms: dice.one(&["session"], SESSIONS_MS).flatten(),
        ..Script::default()
    }
}
