//! The usual configuration file of Fedora Messaging, read as the Python library 3.9.1 reads it, except that every fault is
//! reported, all together. Does *not* open the certificate files; that is done at each connect, so renewed ones are found.

use toml::Table;

mod read;
mod shape;

pub use shape::{Binding, BrokerUrl, BusConfig, ConfigFault, ConfigFaults, Exchange, Queue, Tls};

impl BusConfig {
    /// Reads the file's text.
    ///
    /// # Errors
    ///
    /// [`ConfigFaults`] with every fault there is.
    pub fn parse(text: &str) -> Result<Self, ConfigFaults> {
        let table = text.parse::<Table>().map_err(|error| {
            let fault = error.to_string().trim_end().to_owned();
            ConfigFaults(vec![ConfigFault { key: "(file)".to_owned(), fault }])
        })?;
        read::config(table)
    }
}

#[cfg(test)]
mod tests;
