//! One run of one seed: everything on this thread, in virtual time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use ebs_coordinator::intake::{RECORD_MARK_VERSION, RecordMark, mark_name};
use ebs_domain::{id::EventId, time::Timestamp};
use ebs_shared::clock::Clock as _;
use fedora_sim::{
    chance,
    control::{Deed, Report},
    world::{World, run_engine},
};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    absence::{Absence, Away},
    bus::Broker,
    cast::{JOB_LEASE, Role, Stage},
    chaos::Chaos,
    configuration::{self, LIST},
    doors::Net,
    invariants, lacking,
    memory::Memory,
    observed::{Announced, Observed},
    plan::{Event, FAULTS_UNTIL, NEVER_MS, PROCESSES, Plan, WELL_FROM},
    player::{Act, PATIENCE, Played, Player, Stands},
    process::{Gate, Ground, Life, Neighbour, Outage},
    server::QueueServer,
    story::{Line, Story},
    time::Wall,
};

/// How long the system may take to come to rest once the world is well.
const REST: Duration = Duration::from_secs(3 * 3600);

/// How often the invariants are looked at.
const LOOK: Duration = Duration::from_secs(10);

/// How long a process that is told to stop may take.
const GRACE: Duration = Duration::from_secs(40);

/// What is run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The seed.
    pub seed: u64,
    /// Names of faults that do not happen.
    pub without: BTreeSet<String>,
    /// A neighbour that is away for long; then nothing else goes wrong.
    pub away: Option<Away>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What did not hold.
    pub broken: Vec<String>,
    /// The faults that happened, by name.
    pub faults: Vec<String>,
    /// How many of each kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// The transcript.
    pub lines: Vec<Line>,
    /// How many calls were made by our processes.
    pub calls: u64,
    /// Batches that ended.
    pub batches: usize,
    /// Those of them that lingered for a detached build.
    pub lingered: usize,
    /// Builds that were asked for.
    pub builds: usize,
    /// Builds that reconcile has triggered.
    pub found: usize,
    /// What an operator asked for, and what came of it.
    pub played: Played,
    /// Virtual time it took.
    pub span: Duration,
}

/// Runs a seed.
///
/// # Errors
///
/// If the simulation itself cannot be put together.
pub fn run(options: &Options) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .context("cannot make a runtime")?;
    runtime.block_on(async { Play::begin(options)?.play().await })
}

/// The trigger tag was watched before, so that what enters it is never taken for what was always there.
fn watched_before(memory: &Memory, world: &World) -> anyhow::Result<()> {
    let event = EventId::new(world.read(fedora_sim::world::State::last_event));
    let (tag, at) = (configuration::trigger_tag()?, Wall::new().now());
    let look = RecordMark {
        v: RECORD_MARK_VERSION,
        before: event,
        event,
        looked: at,
        first: at,
        untriggered: 0,
    };
    memory.rows().marks.insert(mark_name(&tag), serde_json::to_string(&look)?);
    Ok(())
}

/// A process with the life it has now.
#[derive(Clone, Default)]
struct Alive {
    life: Arc<Life>,
    stop: CancellationToken,
}

type Lives = Arc<Mutex<BTreeMap<&'static str, Alive>>>;

struct Play {
    plan: Plan,
    stage: Arc<Stage>,
    lives: Lives,
    ended: Arc<Mutex<Vec<String>>>,
    walls: BTreeMap<&'static str, Wall>,
    announced: Vec<Announced>,
    removed: BTreeSet<String>,
    absence: Absence,
    lacking: Vec<(String, i64)>,
    player: Player,
    tasks: JoinSet<()>,
    /// A clock that never jumps, and what it showed at the beginning.
    truth: Wall,
    begun: (Instant, Timestamp),
}

impl Play {
    fn begin(options: &Options) -> anyhow::Result<Self> {
        let seed = options.seed;
        let begun = Instant::now();
        let plan = match options.away {
            None => Plan::of(seed, &options.without),
            Some(_) => Plan::calm(seed),
        };
        let world = World::new(plan.script.clone(), &Wall::new());
        let mut outages: Vec<Outage> = plan
            .outages
            .iter()
            .map(|(_, of, from, until)| Outage {
                of: *of,
                from: begun + *from,
                until: begun + *until,
            })
            .collect();
        // Reconnecting to the bus makes up for messages that were dropped.
        let well = begun + WELL_FROM;
        outages.push(Outage { of: Neighbour::Bus, from: well - 2 * LOOK, until: well });
        let faults_until = if options.away.is_some() { begun } else { begun + FAULTS_UNTIL };
        let chaos = Chaos::new(seed, faults_until, options.without.clone());
        for name in plan.outages.iter().map(|(name, ..)| name).chain(&plan.windows) {
            let _is_not_suppressed = chaos.inject(name, "outage");
        }
        let ground = Arc::new(Ground { story: Story::new(), chaos, outages });
        let memory: Arc<Memory> = Arc::default();
        let alone = options.away.is_none();
        let lacking = if alone { lacking::prepare(seed, &world)? } else { Vec::new() };
        watched_before(&memory, &world)?;
        let stage = Arc::new(Stage {
            seed,
            ground,
            net: Net::new(fedora_sim::app(&world)),
            broker: Arc::new(Broker::new(world.clone(), Arc::clone(&memory))),
            memory,
            server: Arc::new(QueueServer::new(JOB_LEASE)),
            plan: configuration::plan(seed)?,
            reconcile: if alone { lacking::interval(seed) } else { Duration::ZERO },
            world,
        });
        let walls = PROCESSES.into_iter().map(|process| (process, Wall::new())).collect();
        let (lives, ended, announced) = (Lives::default(), Arc::default(), Vec::new());
        let truth = Wall::new();
        let (tasks, begun_at, removed) = (JoinSet::new(), (begun, truth.now()), BTreeSet::new());
        let absence = Absence::of(options.away.clone());
        Ok(Self {
            plan,
            stage,
            lives,
            ended,
            walls,
            announced,
            removed,
            absence,
            lacking,
            player: Player::default(),
            tasks,
            truth,
            begun: begun_at,
        })
    }

    async fn play(mut self) -> anyhow::Result<Outcome> {
        self.tasks.spawn(run_engine(self.stage.world.clone()));
        for (process, wall) in self.walls.clone() {
            let keeper = Keeper {
                process,
                wall,
                stage: Arc::clone(&self.stage),
                lives: Arc::clone(&self.lives),
                ended: Arc::clone(&self.ended),
            };
            self.tasks.spawn(keeper.keep());
        }
        let mut broken = self.until_rest().await;
        let observed = self.observe().await;
        if broken.is_empty() {
            broken = invariants::broken(invariants::ALWAYS, &observed);
            broken.extend(invariants::broken(invariants::AT_REST, &observed));
        }
        let ground = &self.stage.ground;
        Ok(Outcome {
            broken,
            faults: ground.chaos.injected(),
            kinds: ground.chaos.kinds(),
            calls: ground.chaos.calls(),
            span: ground.story.elapsed(),
            batches: observed.rows.batches.len(),
            lingered: observed.rows.batches.values().filter(|row| row.lingers).count(),
            builds: observed.report.builds.len(),
            found: observed.found(),
            played: observed.played(),
            lines: ground.story.take(),
        })
    }

    /// Plays the events and waits for rest; what did not hold on the way.
    async fn until_rest(&mut self) -> Vec<String> {
        let begun = Instant::now();
        let mut look = begun;
        let events = std::mem::take(&mut self.plan.events);
        let mut events = events.into_iter().peekable();
        loop {
            while let Some(planned) = events.next_if(|planned| begun + planned.at <= Instant::now())
            {
                if planned
                    .fault
                    .as_ref()
                    .is_none_or(|name| self.stage.ground.chaos.inject(name, planned.event.word()))
                {
                    if let Event::Act(act) = planned.event {
                        self.play_along(Some(act)).await;
                    } else {
                        self.happen(planned.event);
                    }
                }
            }
            if let Some(told) = self.absence.follow(&self.stage.memory, &self.stage.world) {
                self.stage.ground.story.tell("world", told);
            }
            self.play_along(None).await;
            let now = Instant::now();
            if now >= look {
                look = now + LOOK;
                let observed = self.observe().await;
                let broken = invariants::broken(invariants::ALWAYS, &observed);
                if !broken.is_empty() || (events.peek().is_none() && self.is_at_end(&observed)) {
                    return broken;
                }
            }
            let planned = events.peek().map(|planned| begun + planned.at);
            let absence = self.absence.next_look().map(|span| now + span);
            let patience = self.player.waits().then(|| now + PATIENCE);
            let next = [planned, absence, patience].into_iter().flatten().fold(look, Instant::min);
            tokio::time::sleep_until(next).await;
        }
    }

    /// The operator does this, or looks whether what else is to be done can be done now.
    async fn play_along(&mut self, act: Option<Act>) {
        let (seed, memory, world) = (self.stage.seed, &self.stage.memory, &self.stage.world);
        let stands = Stands { seed, memory, world, now: self.truth.now() };
        let mut told = match act {
            Some(act) => self.player.act(act, &stands).await,
            None => self.player.look(&stands).await,
        };
        if self.well().is_some() {
            told.extend(self.player.tidy(&stands).await);
        }
        for told in told {
            self.stage.ground.story.tell("operator", told);
        }
    }

    /// Whether the run is over: at rest in a well world, or not at rest for too long.
    fn is_at_end(&self, observed: &Observed) -> bool {
        let Some(well) = observed.well else { return false };
        self.walls.values().for_each(Wall::mend);
        observed.is_at_rest() || observed.now.since(well) > REST
    }

    /// Since when the world is well, if it is.
    fn well(&self) -> Option<Timestamp> {
        let (over, since) = self.absence.is_over();
        let since = since.map_or(Duration::ZERO, |since| since - self.begun.0);
        Some(self.begun.1 + WELL_FROM.max(since)).filter(|well| over && *well <= self.truth.now())
    }

    fn happen(&mut self, event: Event) {
        let story = &self.stage.ground.story;
        if !matches!(event, Event::Tag(_)) {
            story.tell("world", format!("! {event:?}"));
        }
        let alive = |process| {
            let lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
            lives.get(process).cloned().unwrap_or_default()
        };
        match event {
            Event::Tag(new) => {
                let announce = new.announce;
                match self.stage.world.change(|state| state.tag_for_test(&new)) {
                    Ok(made) => {
                        story.tell(
                            "world",
                            format!("tags {} as {} ({announce:?})", made.nvr, made.build_id),
                        );
                        self.announced.push(Announced { made, announce });
                    }
                    Err(refusal) => story.tell("world", format!("cannot tag: {refusal}")),
                }
            }
            Event::Update(new) => {
                self.stage.world.change(|state| state.update_for_test(&new));
            }
            Event::Kill(process) => alive(process).life.kill(),
            Event::Stop(process) => alive(process).stop.cancel(),
            Event::Pause(process, span) => alive(process).life.pause(Instant::now() + span),
            Event::Jump(process, by_ms) => {
                if let Some(wall) = self.walls.get(process) {
                    wall.jump(by_ms);
                }
            }
            Event::Wipe => self.stage.server.wipe(),
            Event::LoseSideTag => {
                let newest = |state: &fedora_sim::world::State| {
                    state.side_tags(None, None).last().map(|tag| tag.name.clone())
                };
                self.removed.extend(self.stage.world.read(newest));
                self.deed(&Deed::RemoveSideTag { tag: None });
            }
            Event::List(list) => self.stage.world.change(|state| {
                let lists = &mut state.script.bodhi.lists;
                match list.names() {
                    Some(names) => lists.insert(LIST.to_owned(), names),
                    None => lists.remove(LIST),
                };
            }),
            Event::StallRepos => {
                self.stage.world.change(|state| state.script.timing.repo_ms = NEVER_MS);
            }
            Event::MendRepos(ms) => {
                self.stage.world.change(|state| state.script.timing.repo_ms = ms);
                self.deed(&Deed::FailRepos);
            }
            Event::ForgetSessions => self.deed(&Deed::ForgetSessions),
            Event::Act(_) => {}
            Event::AgeSessions => self.deed(&Deed::AgeSessions { by_ms: 48 * 3_600_000 }),
        }
    }

    fn deed(&self, deed: &Deed) {
        if let Err(refusal) = self.stage.world.change(|state| state.operate(deed)) {
            self.stage.ground.story.tell("world", format!("cannot: {refusal}"));
        }
    }

    async fn observe(&self) -> Observed {
        let queue = self.stage.server.depths().await;
        Observed {
            rows: self.stage.memory.rows().clone(),
            report: self.stage.world.read(Report::of),
            announced: self.announced.clone(),
            unacknowledged: self.stage.broker.unacknowledged(),
            acknowledged_too_early: self.stage.broker.acknowledged_too_early(),
            now: self.truth.now(),
            well: self.well(),
            window: self.stage.plan.max_open_builds,
            queue,
            removed_by_others: self.removed.clone(),
            orders: self.player.orders.clone(),
            lacking: self.lacking.clone(),
            reconciles: !self.stage.reconcile.is_zero(),
            forgotten_too_early: self.stage.server.forgotten_too_early(),
            ended: self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

/// Keeps one process alive: starts it again whenever it has died.
struct Keeper {
    process: &'static str,
    wall: Wall,
    stage: Arc<Stage>,
    lives: Lives,
    ended: Arc<Mutex<Vec<String>>>,
}

impl Keeper {
    async fn keep(self) {
        for number in 1.. {
            let alive = Alive::default();
            self.lives
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(self.process, alive.clone());
            self.live(number, &alive).await;
            let number = number.to_string();
            let words = ["restart", self.process, number.as_str()];
            let pause = chance::between(self.stage.seed, &words, 500, 40_000);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    /// One life, from its beginning to its end.
    async fn live(&self, number: u32, alive: &Alive) {
        let story = &self.stage.ground.story;
        story.tell(self.process, "starts");
        let gate = Gate {
            who: self.process,
            life: Arc::clone(&alive.life),
            ground: Arc::clone(&self.stage.ground),
        };
        let (wall, stop) = (self.wall.clone(), alive.stop.clone());
        let role = Role { gate, life: number, wall, stop };
        let stage = Arc::clone(&self.stage);
        let mut task = if self.process.starts_with('w') {
            tokio::spawn(stage.worker(role))
        } else {
            tokio::spawn(stage.coordinator(role))
        };
        let stopped = async {
            alive.stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        let ended = tokio::select! {
            biased;
            ended = &mut task => Some(ended),
            () = alive.life.killed() => None,
            () = stopped => None,
        };
        match ended {
            None => {
                task.abort();
                drop(task.await);
                story.tell(self.process, "is killed");
            }
            Some(Ok(Ok(()))) if alive.stop.is_cancelled() => {
                story.tell(self.process, "has stopped")
            }
            Some(ended) => {
                let how = match ended {
                    Ok(Ok(())) => "without a word".to_owned(),
                    Ok(Err(error)) => format!("{error:#}"),
                    Err(panic) => panic.to_string(),
                };
                let text = format!("{} ended by itself: {how}", self.process);
                story.tell(self.process, text.clone());
                self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            }
        }
        alive.life.kill();
    }
}
