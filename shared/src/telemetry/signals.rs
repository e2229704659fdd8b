//! The log level by signals, for who is on the machine: no address has to be opened for it.

use std::{io, time::Duration};

use tokio::signal::unix::{SignalKind, signal};

use super::LogControl;

/// How long SIGUSR1 lasts.
pub const DEBUG_SPAN: Duration = Duration::from_secs(15 * 60);

/// On SIGUSR1 our crates log at debug for [`DEBUG_SPAN`], counted from the last one; SIGUSR2 brings the usual filter back at once.
///
/// # Errors
///
/// If the signals cannot be heard.
pub fn debug_on_signal(control: &LogControl) -> io::Result<()> {
    let mut more = signal(SignalKind::user_defined1())?;
    let mut usual = signal(SignalKind::user_defined2())?;
    let control = control.clone();
    // It ends with the program: there is nothing to be ended in order.
    tokio::spawn(async move {
        loop {
            let changed = tokio::select! {
                biased;
                _ = usual.recv() => control.change(control.usual(), None),
                _ = more.recv() => control.change("debug", Some(DEBUG_SPAN)),
            };
            if let Err(error) = changed {
                tracing::error!(%error, "the log level is not changed");
            }
        }
    });
    Ok(())
}
