//! How each fault is done, kept up and undone.

use std::time::Duration;

use anyhow::Context;
use ebs_integration::rabbit::Rabbit;
use ebs_stage::troupe::{Proxies, ServerProxies, Servers};
use serde_json::json;

use crate::{fault::Fault, scene::Scene};

/// How much a slowed connection is slowed, each way.
const SLOW: Duration = Duration::from_millis(150);

/// How many of all replies are lost while some are.
const LOST: f64 = 0.2;

/// The longest that a request runs after its reply was lost, in ms. Shorter than `doubt_wait`.
const LATE_MS: u64 = 2000;

/// What is to be undone when a fault has lasted long enough.
pub(crate) enum Undo {
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
    FastQueue,
    FastDatabase,
    FreeDisk,
}

impl Scene<'_> {
    pub(crate) async fn inflict(&mut self, fault: Fault) -> anyhow::Result<Undo> {
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
            Fault::WipeQueue | Fault::RestartQueue | Fault::SlowQueue => {
                self.hurt_queue(fault).await
            }
            Fault::RestartDatabase => {
                self.servers()?.postgres.stop()?;
                Ok(Undo::StartDatabase)
            }
            Fault::SlowDatabase => {
                self.server_proxies()?.postgres.slow(SLOW);
                Ok(Undo::FastDatabase)
            }
            Fault::FillDisk => {
                self.disk()?.fill()?;
                Ok(Undo::FreeDisk)
            }
            Fault::RestartBroker => {
                self.broker()?.stop()?;
                Ok(Undo::StartBroker)
            }
            // Done while it lasts.
            Fault::CutQueue | Fault::CutDatabase | Fault::CutBroker => Ok(Undo::Nothing),
            Fault::CloseFedora => {
                self.troupe.fedora.door(false).await?;
                Ok(Undo::OpenFedora)
            }
            Fault::KojiOffline => self.trouble("koji", "offline").await,
            Fault::BodhiBadGateway => self.trouble("bodhi", "http502").await,
            Fault::LoseReplies => {
                let lost = json!({ "lost_reply_rate": LOST, "late_effect_max_ms": LATE_MS });
                self.troupe.fedora.change(&json!({ "faults": lost })).await?;
                Ok(Undo::Script)
            }
        }
    }

    async fn hurt_coordinator(&mut self, fault: Fault) -> anyhow::Result<Undo> {
        let (leader, others) = self.leader_now().await?;
        let standby = others.first().copied();
        let hurt = if fault == Fault::KillStandby { standby } else { Some(leader) };
        let (name, port) = hurt.context("there is a standby")?;
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

    async fn hurt_queue(&mut self, fault: Fault) -> anyhow::Result<Undo> {
        if fault == Fault::SlowQueue {
            self.server_proxies()?.redis.slow(SLOW);
            return Ok(Undo::FastQueue);
        }
        let redis = &mut self.servers()?.redis;
        if fault == Fault::WipeQueue {
            redis.command::<String>(&["FLUSHALL"]).await?;
            Ok(Undo::Nothing)
        } else {
            redis.kill().await?;
            Ok(Undo::StartQueue)
        }
    }

    async fn trouble(&self, service: &str, trouble: &str) -> anyhow::Result<Undo> {
        let patch = json!({ "faults": { "now": trouble, "now_service": service } });
        self.troupe.fedora.change(&patch).await?;
        Ok(Undo::Script)
    }

    /// Does again what is done while a fault lasts.
    pub(crate) fn keep_up(&self, fault: Fault) -> anyhow::Result<()> {
        match fault {
            Fault::CutQueue => self.server_proxies()?.redis.cut(),
            Fault::CutDatabase => self.server_proxies()?.postgres.cut(),
            Fault::CutBroker => self.proxies()?.broker.cut(),
            // What gives room, such as a log that shrinks, is taken too.
            Fault::FillDisk => self.disk()?.fill()?,
            Fault::KillLeader
            | Fault::StopLeader
            | Fault::FreezeLeader
            | Fault::KillStandby
            | Fault::KillWorker
            | Fault::FreezeWorker
            | Fault::WipeQueue
            | Fault::RestartQueue
            | Fault::RestartDatabase
            | Fault::RestartBroker
            | Fault::CloseFedora
            | Fault::KojiOffline
            | Fault::BodhiBadGateway
            | Fault::LoseReplies
            | Fault::SlowQueue
            | Fault::SlowDatabase => {}
        }
        Ok(())
    }

    pub(crate) async fn undo(&mut self, undo: Undo) -> anyhow::Result<()> {
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
            Undo::StartBroker => self.broker()?.resume()?,
            Undo::OpenFedora => self.troupe.fedora.door(true).await?,
            Undo::Script => {
                let patch = json!({ "faults": { "now": null, "lost_reply_rate": 0.0 } });
                self.troupe.fedora.change(&patch).await?;
            }
            Undo::FastQueue => self.server_proxies()?.redis.slow(Duration::ZERO),
            Undo::FastDatabase => self.server_proxies()?.postgres.slow(Duration::ZERO),
            Undo::FreeDisk => self.disk()?.free()?,
        }
        Ok(())
    }

    fn broker(&mut self) -> anyhow::Result<&mut Rabbit> {
        self.troupe.broker.as_mut().context("there is a broker")
    }

    fn servers(&mut self) -> anyhow::Result<&mut Servers> {
        self.troupe.servers.as_mut().context("there are servers")
    }

    fn proxies(&self) -> anyhow::Result<&Proxies> {
        self.troupe.proxies.as_ref().context("there are proxies")
    }

    fn server_proxies(&self) -> anyhow::Result<&ServerProxies> {
        self.proxies()?.servers.as_ref().context("there are servers")
    }
}
