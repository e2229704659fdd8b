//! The Fedora Messaging bus: its configuration file, typed messages, the AMQP consumer and the archive reader for catch-up.
//! Does *not* store anything and does not decide what a message leads to.

pub mod amqp;
pub mod config;
pub mod datagrepper;
pub mod message;
