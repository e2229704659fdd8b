//! What comes into the driver from its own process.

use ebs_domain::{
    id::{BuildId, PackageName, TagName},
    trigger::Cause,
};
use ebs_shared::queue::Delivered;
use tokio::sync::{mpsc, oneshot};

use crate::store::{OddMessage, RequestRow};

/// A build that was seen entering the trigger tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Its package, under its upstream name.
    pub package: PackageName,
    /// The tag.
    pub tag: TagName,
    /// The build.
    pub build: BuildId,
    /// Its NVR.
    pub nvr: String,
    /// How we came to know.
    pub cause: Cause,
    /// The bus message's id.
    pub message: Option<String>,
}

/// One input.
#[derive(Debug)]
pub enum Input {
    /// Builds and odd messages from intake; answered once they are stored.
    Intake {
        /// The builds.
        sightings: Vec<Sighting>,
        /// Messages nobody understood.
        odd: Vec<OddMessage>,
        /// Named texts to be stored with them, such as how far catch-up has come.
        marks: Vec<(String, String)>,
        /// Told when all of it is stored.
        stored: oneshot::Sender<()>,
    },
    /// Something happened to a tag of ours, or a build: look soon.
    Nudge,
    /// Results from workers.
    Results(Vec<Delivered>),
    /// What people ask, as stored.
    Requests(Vec<RequestRow>),
    /// The queue would not give results; the reader goes on trying.
    QueueFailed(String),
}

/// The driver does not run, or could not store what it was given.
#[derive(Debug, thiserror::Error)]
#[error("the driver is not running")]
pub struct DriverGone;

/// The way into the driver.
#[derive(Clone, Debug)]
pub struct Handle(pub(super) mpsc::Sender<Input>);

impl Handle {
    /// A way in, and what the driver reads from. Bounded: intake waits when the driver is behind.
    #[must_use]
    pub fn channel() -> (Self, mpsc::Receiver<Input>) {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        (Self(sender), receiver)
    }

    /// Hands builds and odd messages over and waits until they are stored.
    ///
    /// # Errors
    ///
    /// [`DriverGone`] if they were not stored: to be handed over again.
    pub async fn store(
        &self,
        sightings: Vec<Sighting>,
        odd: Vec<OddMessage>,
        marks: Vec<(String, String)>,
    ) -> Result<(), DriverGone> {
        let (stored, answer) = oneshot::channel();
        self.0
            .send(Input::Intake { sightings, odd, marks, stored })
            .await
            .map_err(|_| DriverGone)?;
        answer.await.map_err(|_| DriverGone)
    }

    /// The way in itself, for what feeds inputs of its own.
    #[must_use]
    pub fn sender(&self) -> mpsc::Sender<Input> {
        self.0.clone()
    }

    /// Lets the driver look soon. Lost without harm when it is busy.
    pub fn nudge(&self) {
        let _lost_without_harm = self.0.try_send(Input::Nudge);
    }
}

/// Most inputs that wait for the driver.
const MAX_WAITING: usize = 256;
