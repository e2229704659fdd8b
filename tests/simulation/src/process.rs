//! A process: lives that begin, are killed, and begin again. A life that was killed does nothing more; one that is paused does
//! nothing until it goes on, and hears nothing.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::{
    chaos::{Chaos, Fate, Fault, OF_DELIVERIES, Share},
    story::Story,
};

/// A neighbour that can be away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Neighbour {
    /// The database.
    Store,
    /// Redis.
    Queue,
    /// The broker.
    Bus,
    /// Whatever is asked over HTTP; its outages are its own.
    Http,
}

/// A span in which a neighbour is away.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// Who.
    pub of: Neighbour,
    /// From then.
    pub from: Instant,
    /// Until then.
    pub until: Instant,
}

/// How long a caller waits for a server that is away.
const AWAY_WAIT: Duration = Duration::from_millis(700);

/// What all processes stand on.
pub struct Ground {
    /// What happened.
    pub story: Story,
    /// What goes wrong.
    pub chaos: Chaos,
    /// Who is away when.
    pub outages: Vec<Outage>,
}

impl Ground {
    fn is_away(&self, of: Neighbour) -> bool {
        let now = Instant::now();
        self.outages.iter().any(|o| o.of == of && o.from <= now && now < o.until)
    }
}

/// One life of a process.
#[derive(Debug, Default)]
pub struct Life {
    state: Mutex<State>,
    killed: Notify,
}

#[derive(Debug, Default)]
struct State {
    dead: bool,
    paused_until: Option<Instant>,
}

impl Life {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it at once.
    pub fn kill(&self) {
        self.state().dead = true;
        self.killed.notify_one();
    }

    /// Waits until it is killed.
    pub async fn killed(&self) {
        while !self.state().dead {
            self.killed.notified().await;
        }
    }

    /// Stands still until then.
    pub fn pause(&self, until: Instant) {
        self.state().paused_until = Some(until);
    }

    fn is_paused(&self) -> bool {
        self.state().paused_until.is_some_and(|until| Instant::now() < until)
    }

    /// Goes on once it may; never after it was killed.
    pub async fn may_run(&self) {
        loop {
            let until = {
                let state = self.state();
                if state.dead { None } else { Some(state.paused_until) }
            };
            match until {
                None => std::future::pending::<()>().await,
                Some(Some(until)) if Instant::now() < until => {
                    tokio::time::sleep_until(until).await
                }
                Some(_) => return,
            }
        }
    }

    /// Dies here.
    pub async fn die<T>(&self) -> T {
        self.kill();
        std::future::pending().await
    }
}

/// A call through a gate.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Who is asked.
    pub of: Neighbour,
    /// What.
    pub name: &'a str,
    /// How often it meets a fault.
    pub share: Share,
    /// With which.
    pub kinds: &'a [Fault],
}

/// Through which one life of a process asks everything outside.
#[derive(Clone)]
pub struct Gate {
    /// Whose.
    pub who: &'static str,
    /// Its life.
    pub life: Arc<Life>,
    /// What it stands on.
    pub ground: Arc<Ground>,
}

/// How a call begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It may be made, and this becomes of it.
    Go(Option<Fate>),
    /// It is not made.
    Away,
}

impl Gate {
    /// What becomes of a call that begins now. Returns when the process may run.
    pub async fn enter(&self, call: Call<'_>) -> Entry {
        let paused = self.life.is_paused();
        self.life.may_run().await;
        // A process that stood still does not send what it had decided to send before.
        if paused && call.of == Neighbour::Http {
            return Entry::Away;
        }
        if self.ground.is_away(call.of) {
            tokio::time::sleep(AWAY_WAIT).await;
            self.life.may_run().await;
            return Entry::Away;
        }
        let Some((fate, name)) =
            self.ground.chaos.fate(self.who, call.name, call.share, call.kinds)
        else {
            return Entry::Go(None);
        };
        let ms = fate.span.as_millis();
        self.ground.story.tell(self.who, format!("! {name}: {:?} ({ms} ms)", fate.fault));
        match fate.fault {
            Fault::CrashBefore => self.life.die().await,
            Fault::Refused => Entry::Away,
            Fault::Stall => {
                self.life.pause(Instant::now() + fate.span);
                self.life.may_run().await;
                // As for any process that stood still.
                if call.of == Neighbour::Http { Entry::Away } else { Entry::Go(None) }
            }
            Fault::Slow => {
                tokio::time::sleep(fate.span).await;
                self.life.may_run().await;
                Entry::Go(None)
            }
            Fault::SlowAnswer
            | Fault::Unheard
            | Fault::AnswerLost
            | Fault::Late
            | Fault::BadGateway
            | Fault::Shuffled
            | Fault::Repeated
            | Fault::CrashDuring
            | Fault::CrashAfter => Entry::Go(Some(fate)),
        }
    }

    /// What comes of a delivery that has several parts: perhaps in another order, perhaps twice.
    pub fn delivered<T: Clone>(&self, name: &'static str, mut parts: Vec<T>) -> Vec<T> {
        if parts.is_empty() {
            return parts;
        }
        let Some((fate, name)) = self.ground.chaos.fate(self.who, name, Share::Full, OF_DELIVERIES)
        else {
            return parts;
        };
        self.ground.story.tell(self.who, format!("! {name}: {:?}", fate.fault));
        if fate.fault == Fault::Repeated {
            parts.extend(parts.clone());
        }
        parts.reverse();
        parts
    }

    /// A call of a server: made or not, heard or not. `away` makes the error of one that failed.
    ///
    /// # Errors
    ///
    /// That of the call, or `away`.
    pub async fn pass<T, E>(
        &self,
        call: Call<'_>,
        work: impl Future<Output = Result<T, E>>,
        away: impl FnOnce() -> E,
    ) -> Result<T, E> {
        let fate = match self.enter(call).await {
            Entry::Away => return Err(away()),
            Entry::Go(fate) => fate,
        };
        let outcome = work.await;
        if let Some(fate) = fate {
            match fate.fault {
                Fault::CrashAfter => return self.life.die().await,
                Fault::AnswerLost => {
                    self.life.may_run().await;
                    return Err(away());
                }
                Fault::SlowAnswer => tokio::time::sleep(fate.span).await,
                Fault::Slow
                | Fault::Refused
                | Fault::Unheard
                | Fault::Late
                | Fault::BadGateway
                | Fault::Stall
                | Fault::Shuffled
                | Fault::Repeated
                | Fault::CrashBefore
                | Fault::CrashDuring => {}
            }
        }
        self.life.may_run().await;
        outcome
    }
}
