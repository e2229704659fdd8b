//! A neighbour that is away for long from the moment on at which a batch enters a phase. Nothing else goes wrong meanwhile.

use std::time::Duration;

use fedora_sim::{
    script::{Service, Trouble},
    world::World,
};
use tokio::time::Instant;

use crate::memory::Memory;

/// Who is away, from when on, and how long.
#[derive(Clone, Debug)]
pub struct Away {
    /// Who.
    pub service: Service,
    /// How it shows.
    pub trouble: Trouble,
    /// The phase of the open batch that it begins in; `forming`: triggers wait and no batch is open.
    pub phase: &'static str,
    /// How long.
    pub lasts: Duration,
}

/// Where it stands.
#[derive(Debug)]
pub enum Absence {
    /// There is none.
    Never,
    /// The phase has not come yet.
    Awaited(Away),
    /// It lasts until then.
    Lasting(Instant),
    /// It was over then.
    Over(Instant),
}

impl Absence {
    /// One that is to come, if any.
    #[must_use]
    pub fn of(away: Option<Away>) -> Self {
        away.map_or(Self::Never, Self::Awaited)
    }

    /// How long until it is to be looked at again; `None`: never.
    #[must_use]
    pub fn next_look(&self) -> Option<Duration> {
        match self {
            // Phases are short when nothing goes wrong.
            Self::Awaited(_) => Some(Duration::from_millis(10)),
            Self::Lasting(until) => Some(until.saturating_duration_since(Instant::now())),
            Self::Never | Self::Over(_) => None,
        }
    }

    /// Whether nothing more is to come, and since when if there was something.
    #[must_use]
    pub fn is_over(&self) -> (bool, Option<Instant>) {
        match self {
            Self::Never => (true, None),
            Self::Over(since) => (true, Some(*since)),
            Self::Awaited(_) | Self::Lasting(_) => (false, None),
        }
    }

    /// Begins it or ends it if its time has come; what is to be told.
    pub fn follow(&mut self, memory: &Memory, world: &World) -> Option<String> {
        let now = Instant::now();
        let (next, told, trouble) = match self {
            Self::Awaited(away) if phase(memory) == away.phase => {
                let told = format!("! {:?} is away for {:?}", away.service, away.lasts);
                world.change(|state| state.script.faults.now_service = away.service);
                (Self::Lasting(now + away.lasts), told, Some(away.trouble))
            }
            Self::Lasting(until) if *until <= now => {
                (Self::Over(now), "is whole again".to_owned(), None)
            }
            Self::Awaited(_) | Self::Lasting(_) | Self::Never | Self::Over(_) => return None,
        };
        world.change(|state| state.script.faults.now = trouble);
        *self = next;
        Some(told)
    }
}

/// The phase of the open batch.
fn phase(memory: &Memory) -> String {
    let rows = memory.rows();
    let open = rows.batches.values().find(|row| row.ended.is_none());
    let waiting = rows.triggers.values().any(|row| row.trigger.answer.is_none());
    match open {
        Some(row) => row.phase.clone(),
        None if waiting => "forming".to_owned(),
        None => String::new(),
    }
}
