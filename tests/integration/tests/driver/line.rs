//! The line to the simulated Fedora in this process, on which one reply can be lost, or its hearer can die.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use ebs_shared::exchange::{Ask, Exchange, NoReply, Reply};
use ebs_simulation::doors::{Net, name_of};

use std::time::Duration;

/// What happens once a request has had its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// The connection is cut, and the reply with it.
    ReplyLost,
    /// Whoever asked dies: nothing of it goes on.
    Death,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trap {
    None,
    Set(&'static str, Mishap),
    Sprung,
}

/// The line. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Line {
    net: Net,
    trap: Arc<Mutex<Trap>>,
}

impl Line {
    pub(crate) fn new(net: Net) -> Self {
        Self { net, trap: Arc::new(Mutex::new(Trap::None)) }
    }

    /// Lets this happen at the next request of this name: a method of the hub, or method and path of any other.
    pub(crate) fn set(&self, request: &'static str, mishap: Mishap) {
        *self.trap() = Trap::Set(request, mishap);
    }

    /// Whether it has happened.
    pub(crate) fn has_happened(&self) -> bool {
        *self.trap() == Trap::Sprung
    }

    fn trap(&self) -> std::sync::MutexGuard<'_, Trap> {
        self.trap.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens at a request of this name.
    fn spring(&self, name: &str) -> Option<Mishap> {
        let mut trap = self.trap();
        match *trap {
            Trap::Set(request, mishap) if request == name => {
                *trap = Trap::Sprung;
                Some(mishap)
            }
            Trap::Set(..) | Trap::None | Trap::Sprung => None,
        }
    }
}

#[async_trait]
impl Exchange for Line {
    async fn exchange(&self, ask: Ask) -> Result<Reply, NoReply> {
        let mishap = self.spring(&name_of(&ask).0);
        let reply = self.net.send(ask, Duration::ZERO).await;
        match mishap {
            None => reply,
            Some(Mishap::ReplyLost) => Err(NoReply::Lost("cut".to_owned())),
            Some(Mishap::Death) => std::future::pending().await,
        }
    }
}
