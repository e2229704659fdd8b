//! The Koji hub: its XML-RPC dialect, its sessions, and the calls we make.

pub mod api;
pub mod error;
