//! The service on stage, as faults find it: who leads, and what ended by itself. Does *not* know any fault.

use std::time::Duration;

use anyhow::Context;
use ebs_stage::{
    child::{say, wait_for},
    disk::Disk,
    status::Pages,
    troupe::{Cue, Troupe},
};
/// How long one of the coordinators may take to lead when nothing hurts.
const LEADS: Duration = Duration::from_secs(60);

/// How long a leader is looked for when one is to be hurt: with other faults about there may be none.
const FOUND: Duration = Duration::from_secs(3);

/// An instance: its name and the port of its pages.
pub type Instance = (&'static str, u16);

/// The service, and what may be done to it.
pub struct Scene<'a> {
    /// All processes.
    pub troupe: Troupe,
    pub(crate) cue: Cue<'a>,
    pages: Pages,
    /// The coordinators.
    instances: Vec<Instance>,
    /// Which worker is hurt next.
    next_worker: u16,
    /// Programs that ended by themselves, with their last words.
    pub ended_by_themselves: Vec<String>,
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
        let standby = troupe.standby.map(|port| ("standby", port));
        let instances = [("coordinator", cue.port)].into_iter().chain(standby).collect();
        Ok(Self { troupe, cue, pages, instances, next_worker: 1, ended_by_themselves: Vec::new() })
    }

    /// The instance that leads and the others, as far as it is to be found; else the first and the others.
    pub(crate) async fn leader_now(&self) -> anyhow::Result<(Instance, Vec<Instance>)> {
        let look = || async { self.look().await.map(Ok).transpose() };
        let found = wait_for("a leader", FOUND, look).await.ok();
        let (leader, others) = self.instances.split_first().context("there is a coordinator")?;
        Ok(found.unwrap_or_else(|| (*leader, others.to_vec())))
    }

    /// The instance that leads. Waits until one does.
    ///
    /// # Errors
    ///
    /// None does for long.
    pub async fn leader(&self) -> anyhow::Result<Instance> {
        let look = || async { self.look().await.map(Ok).transpose() };
        wait_for("one of the coordinators leads", LEADS, look).await.map(|(leader, _)| leader)
    }

    async fn look(&self) -> Option<(Instance, Vec<Instance>)> {
        for leader in &self.instances {
            if self.pages.leads(leader.1).await {
                let others = self.instances.iter().filter(|other| *other != leader);
                return Some((*leader, others.copied().collect()));
            }
        }
        None
    }

    /// The pages to look at coordinators with.
    #[must_use]
    pub fn pages(&self) -> &Pages {
        &self.pages
    }

    /// The coordinators: name and port.
    #[must_use]
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// The small file system, if there is one.
    pub(crate) fn disk(&self) -> anyhow::Result<&Disk> {
        self.cue.disk.context("there is a disk")
    }

    /// Starts again what has ended by itself, and remembers it.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub fn mend(&mut self) -> anyhow::Result<()> {
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
                (None, None) => anyhow::bail!("{name} ended, which is no program of ours"),
            }
        }
        Ok(())
    }

    /// The worker whose turn it is.
    pub(crate) fn worker(&mut self) -> u16 {
        let (workers, number) = (self.cue.workers.unwrap_or(1), self.next_worker);
        self.next_worker = number % workers + 1;
        number
    }
}
