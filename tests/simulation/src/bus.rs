//! The bus: a broker that holds messages until they are acknowledged, and the consumer before the shipped handler.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ebs_shared::bus::{
    amqp::Handler,
    message::{Incoming, Reader, Wire},
};
use fedora_sim::world::{Message, World};
use tokio_util::sync::CancellationToken;

use crate::{
    chaos::{OF_SERVERS, Share},
    memory::Memory,
    process::{Call, Gate, Neighbour},
};

/// Most messages in a group.
const GROUP: usize = 10;

/// The pause after a lost connection.
const PAUSE: Duration = Duration::from_secs(2);

/// How long the consumer waits for messages before it sees whether the connection still stands.
const LOOK: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Waiting {
    /// How much of the log of messages has come in.
    seen: usize,
    ready: VecDeque<usize>,
    held: Vec<usize>,
    /// Builds whose messages were acknowledged while nothing was stored of them.
    too_early: Vec<i64>,
}

/// The broker, with our one queue.
pub struct Broker {
    world: World,
    /// Looked into at each acknowledgement: a moment later catch-up may have repaired what was lost.
    memory: Arc<Memory>,
    waiting: Mutex<Waiting>,
}

impl Broker {
    /// A broker to which the world publishes.
    #[must_use]
    pub fn new(world: World, memory: Arc<Memory>) -> Self {
        Self { world, memory, waiting: Mutex::default() }
    }

    /// Messages that nobody has acknowledged.
    #[must_use]
    pub fn unacknowledged(&self) -> usize {
        self.come_in();
        let waiting = self.waiting();
        waiting.ready.len() + waiting.held.len()
    }

    /// Builds whose messages were acknowledged while nothing was stored of them.
    #[must_use]
    pub fn acknowledged_too_early(&self) -> Vec<i64> {
        self.waiting().too_early.clone()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn come_in(&self) {
        let mut waiting = self.waiting();
        let seen = waiting.seen;
        let copies: Vec<u8> = self.world.read(|state| {
            state.messages().iter().skip(seen).map(|message| message.copies).collect()
        });
        for copies in copies {
            let number = waiting.seen;
            waiting.seen += 1;
            waiting.ready.extend(std::iter::repeat_n(number, usize::from(copies)));
        }
    }

    fn deliver(&self) -> Vec<usize> {
        self.come_in();
        let mut waiting = self.waiting();
        let count = waiting.ready.len().min(GROUP);
        let group: Vec<usize> = waiting.ready.drain(..count).collect();
        waiting.held.extend(&group);
        group
    }

    fn acknowledge(&self, group: &[usize]) {
        self.let_go(group);
        let told: Vec<i64> = self.world.read(|state| {
            let messages = group.iter().filter_map(|number| state.messages().get(*number));
            messages.filter_map(entered).collect()
        });
        let rows = self.memory.rows();
        let stored =
            |build: &i64| rows.triggers.values().any(|row| row.trigger.build.get() == *build);
        let early: Vec<i64> = told.into_iter().filter(|build| !stored(build)).collect();
        drop(rows);
        self.waiting().too_early.extend(early);
    }

    fn let_go(&self, group: &[usize]) {
        let mut waiting = self.waiting();
        for number in group {
            if let Some(place) = waiting.held.iter().position(|held| held == number) {
                waiting.held.swap_remove(place);
            }
        }
    }

    fn wire(&self, number: usize) -> Option<Wire> {
        self.world.read(|state| state.messages().get(number).map(wire))
    }
}

/// The build whose entry into Rawhide this tells of.
fn entered(message: &Message) -> Option<i64> {
    let entered = message.topic.ends_with("buildsys.tag")
        && message.body.get("tag").and_then(serde_json::Value::as_str) == Some("f45");
    message.body.get("build_id").filter(|_| entered)?.as_i64()
}

fn wire(message: &Message) -> Wire {
    let body = message.raw.clone().unwrap_or_else(|| message.body.to_string());
    Wire {
        id: Some(message.id.clone()),
        topic: message.topic.clone(),
        headers: message.headers.clone(),
        encoding: None,
        body: body.into_bytes(),
    }
}

/// A connection; what it holds goes back when it ends.
struct Connection<'a> {
    broker: &'a Broker,
    held: Vec<usize>,
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.broker.let_go(&self.held);
        let mut waiting = self.broker.waiting();
        for number in self.held.drain(..).rev() {
            waiting.ready.push_front(number);
        }
    }
}

/// Reads messages as one life of a coordinator does.
pub struct BusReader {
    /// Its gate.
    pub gate: Gate,
    /// The broker behind it.
    pub broker: Arc<Broker>,
    /// Understands messages.
    pub reader: Reader,
}

impl BusReader {
    /// Hands messages over until `over`, acknowledging each group once it is stored.
    pub async fn run(self, handler: Arc<dyn Handler>, over: CancellationToken) {
        while !over.is_cancelled() {
            let ended = tokio::select! {
                biased;
                () = over.cancelled() => return,
                ended = self.connection(&*handler) => ended,
            };
            self.gate.ground.story.tell(self.gate.who, format!("bus: {ended}"));
            tokio::select! {
                biased;
                () = over.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// One connection, until it is lost.
    async fn connection(&self, handler: &dyn Handler) -> &'static str {
        if !self.ask("connect", Share::Full).await {
            return "no connection";
        }
        let mut connection = Connection { broker: &self.broker, held: Vec::new() };
        handler.connected().await;
        loop {
            let changed = self.broker.world.changed();
            if !self.ask("deliver", Share::Small).await {
                return "the connection is lost";
            }
            connection.held = self.broker.deliver();
            if connection.held.is_empty() {
                // Whether there is news or not, the next step is to look.
                drop(tokio::time::timeout(LOOK, changed).await);
                continue;
            }
            let read = connection.held.iter().filter_map(|number| self.broker.wire(*number));
            let group: Vec<Incoming> = read.map(|wire| self.reader.read(wire)).collect();
            let group = self.gate.delivered("deliver.parts", group);
            if handler.store(&group).await.is_err() {
                return "not stored";
            }
            if !self.ask("ack", Share::Full).await {
                return "the connection is lost before the acknowledgement";
            }
            self.broker.acknowledge(&connection.held);
            connection.held.clear();
        }
    }

    async fn ask(&self, name: &'static str, share: Share) -> bool {
        let call = Call { of: Neighbour::Bus, name, share, kinds: OF_SERVERS };
        self.gate.pass(call, async { Ok(()) }, || ()).await.is_ok()
    }
}
