//! The service on stage, as faults find it: who leads, who can be hurt, and how each fault is done and undone.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Context;
use ebs_stage::{
    child::{say, wait_for},
    status::Pages,
    troupe::{Cue, Proxies, Servers, Troupe},
};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::fault::Fault;

/// How long one of the coordinators may take to lead.
const LEADS: Duration = Duration::from_secs(60);

/// How often connections are cut while that fault lasts.
const CUT_EVERY: Duration = Duration::from_millis(700);

/// How much a slowed connection is slowed, each way.
const SLOW: Duration = Duration::from_millis(150);

/// The service, and what may be done to it.
pub struct Scene<'a> {
    /// All processes.
    pub troupe: Troupe,
    cue: Cue<'a>,
    pages: Pages,
    /// The coordinators' instance names and ports.
    instances: [(&'static str, u16); 2],
    /// Which worker is hurt next.
    next_worker: u16,
    /// Programs that ended by themselves, with their last words.
    pub ended_by_themselves: Vec<String>,
}

/// What is to be undone when the fault has lasted long enough.
enum Undo {
    Nothing,
    StartCoordinator(&'static str, u16),
    ThawCoordinator(&'static str),
    StartWorker(u16),
    ThawWorker(u16),
    StartQueue,
    StartDatabase,
    StartBroker,
    OpenFedora,
    Script,
    Fast,
}

impl<'a> Scene<'a> {
    /// Starts everything.
    ///
    /// # Errors
    ///
    /// Something does not start.
    pub async fn start(cue: Cue<'a>) -> anyhow::Result<Self> {
        let pages = Pages::new()?;
        let troupe = Troupe::start(&cue, &pages).await?;
        let standby = troupe.standby.context("there is a standby")?;
        let instances = [("coordinator", cue.port), ("standby", standby)];
        Ok(Self { troupe, cue, pages, instances, next_worker: 1, ended_by_themselves: Vec::new() })
    }

    /// Does this, lets it last, and undoes it.
    ///
    /// # Errors
    ///
    /// It cannot be done or undone.
    pub async fn suffer(&mut self, fault: Fault, lasts: Duration) -> anyhow::Result<()> {
        let what = format!("{fault:?}");
        let undo = self.inflict(fault).await.with_context(|| format!("do {what}"))?;
        self.last(fault, lasts).await?;
        self.undo(undo).await.with_context(|| format!("undo {what}"))
    }

    /// The instance that leads, and the one that does not. Waits until one does.
    ///
    /// # Errors
    ///
    /// None does for long.
    pub async fn leader(&self) -> anyhow::Result<((&'static str, u16), (&'static str, u16))> {
        let [first, second] = self.instances;
        wait_for("one of the coordinators leads", LEADS, || async {
            if self.pages.leads(first.1).await {
                return Ok(Some((first, second)));
            }
            Ok(self.pages.leads(second.1).await.then_some((second, first)))
        })
        .await
    }

    /// The pages to look at coordinators with.
    #[must_use]
    pub fn pages(&self) -> &Pages {
        &self.pages
    }

    async fn inflict(&mut self, fault: Fault) -> anyhow::Result<Undo> {
        match fault {
            Fault::KillLeader | Fault::StopLeader | Fault::FreezeLeader | Fault::KillStandby => {
                self.hurt_coordinator(fault).await
            }
            Fault::KillWorker => {
                let number = self.worker();
                self.troupe.take_worker(number).context("the worker runs")?.kill().await;
                Ok(Undo::StartWorker(number))
            }
            Fault::FreezeWorker => {
                let number = self.worker();
                self.troupe.worker(number).context("the worker runs")?.freeze();
                Ok(Undo::ThawWorker(number))
            }
            Fault::WipeQueue
            | Fault::RestartQueue
            | Fault::RestartDatabase
            | Fault::RestartBroker
            | Fault::SlowQueue
            | Fault::SlowDatabase => self.hurt_server(fault).await,
            // Done while it lasts.
            Fault::CutQueue | Fault::CutDatabase | Fault::CutBroker => Ok(Undo::Nothing),
            Fault::CloseFedora => {
                self.troupe.fedora.door(false).await?;
                Ok(Undo::OpenFedora)
            }
            Fault::KojiOffline => self.trouble("koji", "offline").await,
            Fault::BodhiBadGateway => self.trouble("bodhi", "http502").await,
            Fault::LoseReplies => {
                let lost = json!({ "lost_reply_rate": 0.2, "late_effect_max_ms": 2000 });
                self.troupe.fedora.change(&json!({ "faults": lost })).await?;
                Ok(Undo::Script)
            }
        }
    }

    async fn hurt_coordinator(&mut self, fault: Fault) -> anyhow::Result<Undo> {
        let (leader, standby) = self.leader().await?;
        let (name, port) = if fault == Fault::KillStandby { standby } else { leader };
        if fault == Fault::FreezeLeader {
            self.troupe.coordinator(name).context("the leader runs")?.freeze();
            return Ok(Undo::ThawCoordinator(name));
        }
        let child = self.troupe.take_coordinator(name).context("the coordinator runs")?;
        if fault == Fault::StopLeader {
            let status = child.terminate().await?;
            anyhow::ensure!(status.success(), "{name} ended on SIGTERM with {status}");
        } else {
            child.kill().await;
        }
        Ok(Undo::StartCoordinator(name, port))
    }

    /// Does this to one of the servers, or to the way to it.
    async fn hurt_server(&mut self, fault: Fault) -> anyhow::Result<Undo> {
        if matches!(fault, Fault::SlowQueue | Fault::SlowDatabase) {
            let Proxies { redis, postgres, .. } = self.proxies()?;
            if fault == Fault::SlowQueue {
                redis.slow(SLOW)
            } else {
                postgres.slow(SLOW)
            }
            return Ok(Undo::Fast);
        }
        let servers = self.servers()?;
        if fault == Fault::WipeQueue {
            servers.redis.command::<String>(&["FLUSHALL"]).await?;
            Ok(Undo::Nothing)
        } else if fault == Fault::RestartQueue {
            servers.redis.kill().await?;
            Ok(Undo::StartQueue)
        } else if fault == Fault::RestartDatabase {
            servers.postgres.stop()?;
            Ok(Undo::StartDatabase)
        } else {
            servers.broker.stop()?;
            Ok(Undo::StartBroker)
        }
    }

    async fn trouble(&self, service: &str, trouble: &str) -> anyhow::Result<Undo> {
        let patch = json!({ "faults": { "now": trouble, "now_service": service } });
        self.troupe.fedora.change(&patch).await?;
        Ok(Undo::Script)
    }

    async fn last(&self, fault: Fault, lasts: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + lasts;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            let proxies = self.proxies()?;
            if fault == Fault::CutQueue {
                proxies.redis.cut();
            } else if fault == Fault::CutDatabase {
                proxies.postgres.cut();
            } else if fault == Fault::CutBroker {
                proxies.broker.cut();
            }
            sleep(left.min(CUT_EVERY)).await;
        }
        Ok(())
    }

    async fn undo(&mut self, undo: Undo) -> anyhow::Result<()> {
        match undo {
            Undo::Nothing => {}
            Undo::StartCoordinator(name, port) => {
                self.troupe.start_coordinator(&self.cue, name, port)?;
            }
            Undo::ThawCoordinator(name) => {
                self.troupe.coordinator(name).context("it is frozen")?.thaw();
            }
            Undo::StartWorker(number) => self.troupe.start_worker(&self.cue, number)?,
            Undo::ThawWorker(number) => {
                self.troupe.worker(number).context("it is frozen")?.thaw();
            }
            Undo::StartQueue => self.servers()?.redis.restart().await?,
            Undo::StartDatabase => self.servers()?.postgres.resume()?,
            Undo::StartBroker => self.servers()?.broker.resume()?,
            Undo::OpenFedora => self.troupe.fedora.door(true).await?,
            Undo::Script => {
                let patch = json!({ "faults": { "now": null, "lost_reply_rate": 0.0 } });
                self.troupe.fedora.change(&patch).await?;
            }
            Undo::Fast => {
                self.proxies()?.redis.slow(Duration::ZERO);
                self.proxies()?.postgres.slow(Duration::ZERO);
            }
        }
        Ok(())
    }

    /// Starts again what has ended by itself, and remembers it.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub fn mend(&mut self) -> anyhow::Result<()> {
        let known: BTreeSet<&str> = self.instances.iter().map(|(name, _)| *name).collect();
        for (name, words) in self.troupe.take_ended()? {
            say(&format!("{name} ended by itself"));
            self.ended_by_themselves.push(format!("{name}: {words}"));
            let instance = self.instances.iter().find(|(known, _)| name.starts_with(known));
            match (instance, name.strip_prefix("worker-")) {
                (Some((instance, port)), _) => {
                    self.troupe.start_coordinator(&self.cue, instance, *port)?;
                }
                (None, Some(number)) => {
                    self.troupe.start_worker(&self.cue, number.parse()?)?;
                }
                (None, None) => anyhow::bail!("{name} ended, which is none of {known:?}"),
            }
        }
        Ok(())
    }

    fn worker(&mut self) -> u16 {
        let (workers, number) = (self.cue.workers.unwrap_or(1), self.next_worker);
        self.next_worker = number % workers + 1;
        number
    }

    fn servers(&mut self) -> anyhow::Result<&mut Servers> {
        self.troupe.servers.as_mut().context("there are servers")
    }

    fn proxies(&self) -> anyhow::Result<&Proxies> {
        self.troupe.proxies.as_ref().context("there are proxies")
    }
}
