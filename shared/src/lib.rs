//! What coordinator and worker share: the job protocol, the queue, the clients of Koji, Bodhi and the bus, configuration and
//! telemetry.

pub mod bodhi;
pub mod bus;
pub mod certificates;
pub mod clients;
pub mod clock;
pub mod config;
pub mod content;
pub mod credentials;
pub mod exchange;
pub mod fetch;
pub mod job;
pub mod kerberos;
pub mod koji;
pub mod listen;
pub mod pulse;
pub mod queue;
pub mod telemetry;
mod tls;
pub mod token;
