//! What can happen to the service.

use std::{str::FromStr, time::Duration};

use anyhow::Context as _;
use serde::{Deserialize, Serialize, de::value::StrDeserializer};

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// SIGKILL to the coordinator that leads; it is started again.
    KillLeader,
    /// SIGTERM to it: it hands over; it is started again.
    StopLeader,
    /// SIGSTOP to it for longer than its lease, then SIGCONT: it wakes into another's term.
    FreezeLeader,
    /// SIGKILL to the coordinator that does not lead.
    KillStandby,
    /// SIGKILL to a worker.
    KillWorker,
    /// SIGSTOP to a worker for longer than its jobs' leases, then SIGCONT.
    FreezeWorker,
    /// All of Redis is deleted.
    WipeQueue,
    /// SIGKILL to Redis, and a new start.
    RestartQueue,
    /// PostgreSQL is stopped and started.
    RestartDatabase,
    /// RabbitMQ is stopped and started.
    RestartBroker,
    /// Fedora's services end all connections and refuse new ones.
    CloseFedora,
    /// The hub says that it is offline.
    KojiOffline,
    /// Bodhi's front-end answers 502.
    BodhiBadGateway,
    /// Of all replies some are lost: the request ran, runs late, or never runs.
    LoseReplies,
    /// All connections to Redis are cut, again and again.
    CutQueue,
    /// All connections to PostgreSQL are cut, again and again.
    CutDatabase,
    /// All connections to RabbitMQ are cut, again and again.
    CutBroker,
    /// Whatever goes to and comes from Redis takes its time.
    SlowQueue,
    /// Whatever goes to and comes from PostgreSQL takes its time.
    SlowDatabase,
    /// Nothing more can be written to the file system with the SQLite file, and then again.
    FillDisk,
}

/// How the service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Two coordinators and several workers, with PostgreSQL and Redis.
    Distributed,
    /// One process and its SQLite file.
    Standalone,
}

/// What a fault hurts. Two faults of one target never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Either coordinator.
    Coordinators,
    /// A worker.
    Workers,
    /// Redis, or the way to it.
    Queue,
    /// PostgreSQL or the way to it, or the SQLite file.
    Database,
    /// RabbitMQ, or the way to it.
    Broker,
    /// The simulated Fedora.
    Fedora,
}

impl FromStr for Fault {
    type Err = serde::de::value::Error;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::deserialize(StrDeserializer::new(name))
    }
}

impl Fault {
    /// All kinds.
    pub const ALL: [Self; 20] = [
        Self::KillLeader,
        Self::StopLeader,
        Self::FreezeLeader,
        Self::KillStandby,
        Self::KillWorker,
        Self::FreezeWorker,
        Self::WipeQueue,
        Self::RestartQueue,
        Self::RestartDatabase,
        Self::RestartBroker,
        Self::CloseFedora,
        Self::KojiOffline,
        Self::BodhiBadGateway,
        Self::LoseReplies,
        Self::CutQueue,
        Self::CutDatabase,
        Self::CutBroker,
        Self::SlowQueue,
        Self::SlowDatabase,
        Self::FillDisk,
    ];

    /// How long it lasts, from the shortest to the longest.
    #[must_use]
    pub fn lasts(self) -> (Duration, Duration) {
        let (least, most) = match self {
            Self::WipeQueue => (0, 1),
            Self::KillLeader | Self::StopLeader | Self::KillStandby | Self::KillWorker => (0, 8),
            // Longer than the leases of a campaign, which are 5 s and 6 s.
            Self::FreezeLeader | Self::FreezeWorker => (7, 12),
            Self::RestartQueue | Self::RestartDatabase | Self::RestartBroker => (0, 6),
            Self::CloseFedora
            | Self::KojiOffline
            | Self::BodhiBadGateway
            | Self::LoseReplies
            | Self::CutQueue
            | Self::CutDatabase
            | Self::CutBroker
            | Self::SlowQueue
            | Self::SlowDatabase
            | Self::FillDisk => (3, 10),
        };
        (Duration::from_secs(least), Duration::from_secs(most))
    }

    /// What it hurts.
    #[must_use]
    pub fn target(self) -> Target {
        match self {
            Self::KillLeader | Self::StopLeader | Self::FreezeLeader | Self::KillStandby => {
                Target::Coordinators
            }
            Self::KillWorker | Self::FreezeWorker => Target::Workers,
            Self::WipeQueue | Self::RestartQueue | Self::CutQueue | Self::SlowQueue => {
                Target::Queue
            }
            Self::RestartDatabase | Self::CutDatabase | Self::SlowDatabase | Self::FillDisk => {
                Target::Database
            }
            Self::RestartBroker | Self::CutBroker => Target::Broker,
            Self::CloseFedora | Self::KojiOffline | Self::BodhiBadGateway | Self::LoseReplies => {
                Target::Fedora
            }
        }
    }

    /// Whether a service that runs in this form can be hurt so.
    #[must_use]
    pub fn hurts(self, form: Form) -> bool {
        match form {
            Form::Distributed => self != Self::FillDisk,
            Form::Standalone => match self.target() {
                Target::Workers | Target::Queue => false,
                Target::Coordinators => self != Self::KillStandby,
                Target::Database => self == Self::FillDisk,
                Target::Broker | Target::Fedora => true,
            },
        }
    }

    /// Its name, as the command line and the figures have it.
    ///
    /// # Errors
    ///
    /// None is known.
    pub fn name(self) -> anyhow::Result<String> {
        let name = serde_json::to_value(self).context("name a fault")?;
        name.as_str().map(str::to_owned).context("a fault's name is a text")
    }
}
