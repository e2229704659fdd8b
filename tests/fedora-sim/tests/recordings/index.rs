//! The recorded exchanges, read from the folder that the client's tests use too.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

/// One exchange.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) n: u32,
    pub(crate) name: String,
    pub(crate) http: String,
    pub(crate) path: String,
    pub(crate) request_headers: BTreeMap<String, String>,
    pub(crate) status: u16,
    request: Option<String>,
    reply: Option<String>,
}

impl Exchange {
    pub(crate) fn request(&self) -> Vec<u8> {
        body(self.request.as_deref())
    }

    pub(crate) fn reply(&self) -> Vec<u8> {
        body(self.reply.as_deref())
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../recordings/koji")
}

fn body(file: Option<&str>) -> Vec<u8> {
    file.map(|file| std::fs::read(folder().join(file)).unwrap()).unwrap_or_default()
}

/// All exchanges in the order of recording.
pub(crate) fn read() -> Vec<Exchange> {
    serde_json::from_slice(&std::fs::read(folder().join("index.json")).unwrap()).unwrap()
}
