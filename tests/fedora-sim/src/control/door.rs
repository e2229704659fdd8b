//! Whether the services listen: while the door is closed, connections are refused.

use std::time::Duration;

use tokio::{sync::watch, time::timeout};

/// How long the listener may take to do as it is told: requests that are being answered are waited for.
const LIMIT: Duration = Duration::from_secs(10);

/// Opens and closes the listener of all services.
#[derive(Clone, Debug)]
pub struct Door {
    wanted: watch::Sender<bool>,
    is_open: watch::Receiver<bool>,
}

/// The listener's side of a door.
#[derive(Debug)]
pub struct Ways {
    /// Whether it is to listen.
    pub wanted: watch::Receiver<bool>,
    /// Whether it does.
    pub is_open: watch::Sender<bool>,
}

impl Door {
    /// An open door.
    #[must_use]
    pub fn new() -> (Self, Ways) {
        let (wanted, wish) = watch::channel(true);
        let (answer, is_open) = watch::channel(true);
        (Self { wanted, is_open }, Ways { wanted: wish, is_open: answer })
    }

    /// Opens or closes it, and waits until it is so; false if that does not come to be.
    pub async fn turn(&self, open: bool) -> bool {
        self.wanted.send_replace(open);
        let mut is_open = self.is_open.clone();
        matches!(timeout(LIMIT, is_open.wait_for(|now| *now == open)).await, Ok(Ok(_)))
    }
}
