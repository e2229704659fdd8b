//! Ports for servers of tests, which only take a number and open it themselves, a little later.
//!
//! A port that the system hands out (`bind` to 0) may be somebody's again before such a server opens it: it comes from the
//! range from which every outgoing connection takes its own end. These lie below that range, and whoever got one keeps it
//! for as long as the process lives, also before other processes that ask here.

use std::{
    hash::{BuildHasher as _, RandomState},
    net::{Ipv4Addr, TcpListener},
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixListener},
    },
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;

/// Below Linux' `ip_local_port_range` as it comes, 32768 to 60999, and above what services are usually given.
const RANGE: std::ops::Range<u16> = 18_000..32_000;

/// What marks a port as taken: a name in the abstract socket space, which ends with the process that holds it.
static HELD: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());

/// A port that nobody listens on, and that nobody else is given here.
///
/// # Errors
///
/// If every port of the range is taken.
pub fn free_port() -> anyhow::Result<u16> {
    let length = RANGE.end - RANGE.start;
    let first = u16::try_from(RandomState::new().hash_one(()) % u64::from(length))?;
    (0..length)
        .map(|step| RANGE.start + (first + step) % length)
        .find(|port| reserve(*port).is_ok())
        .with_context(|| format!("no port from {} to {} is free", RANGE.start, RANGE.end - 1))
}

/// Several of them, all different.
///
/// # Errors
///
/// As [`free_port`].
pub fn free_ports<const COUNT: usize>() -> anyhow::Result<[u16; COUNT]> {
    let mut ports = [0; COUNT];
    for port in &mut ports {
        *port = free_port()?;
    }
    Ok(ports)
}

fn reserve(port: u16) -> std::io::Result<()> {
    let name = SocketAddr::from_abstract_name(format!("ebs-test-port-{port}"))?;
    let mark = UnixListener::bind_addr(&name)?;
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    HELD.lock().unwrap_or_else(PoisonError::into_inner).push(mark);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_port_is_given_twice_and_none_that_somebody_listens_on() {
        let given: BTreeSet<u16> = free_ports::<200>().unwrap().into();
        assert_eq!(given.len(), 200);
        assert!(given.iter().all(|port| RANGE.contains(port)));
        let listened = free_port().unwrap();
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, listened)).unwrap();
        HELD.lock().unwrap().clear();
        assert!(reserve(listened).is_err());
    }
}
