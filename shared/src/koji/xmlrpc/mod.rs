//! Koji's dialect of XML-RPC: values, calls and replies, read and written. Does *not* know any method, and sends nothing.
//!
//! A body is read straight into typed rows: what a row does not name is stepped over without being built. The stand-in hub
//! of the tests uses the same module the other way round.
//!
//! **Source**: the hub's own reader and writer (Python's `xmlrpc.client` with Koji's changes), and recorded exchanges.

mod error;
mod lexer;
mod message;
mod reader;
mod scan;
mod value;
mod writer;

pub use error::XmlError;
pub use message::{
    Each, MethodCall, RawFault, Reply, Triples, read_call, read_reply, read_reply_value,
};
pub use value::Value;
pub use writer::{write_call, write_fault, write_reply};
