//! The recorded exchanges in `tests/recordings/koji`.

use std::{fs, path::PathBuf};

use serde::Deserialize;

/// One exchange with its bodies.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// What it is looked up by.
    pub(crate) name: String,
    /// The method, `None` where the request is no call.
    pub(crate) method: Option<String>,
    /// The HTTP status of the reply.
    pub(crate) status: u16,
    /// The code of its fault.
    pub(crate) fault: Option<i64>,
    /// What was sent.
    pub(crate) request: Option<Vec<u8>>,
    /// What was answered.
    pub(crate) reply: Option<Vec<u8>>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    method: Option<String>,
    status: u16,
    fault: Option<i64>,
    request: Option<String>,
    reply: Option<String>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../recordings/koji")
}

/// All exchanges, in the order they were recorded.
pub(crate) fn all() -> Vec<Exchange> {
    let index = fs::read(folder().join("index.json")).expect("the recordings are in the checkout");
    let rows: Vec<Row> = serde_json::from_slice(&index).expect("the index is JSON");
    let body = |file: Option<String>| {
        file.map(|file| fs::read(folder().join(file)).expect("a body for each entry"))
    };
    let exchange = |row: Row| Exchange {
        name: row.name,
        method: row.method,
        status: row.status,
        fault: row.fault,
        request: body(row.request),
        reply: body(row.reply),
    };
    rows.into_iter().map(exchange).collect()
}

/// The exchange of this name.
pub(crate) fn exchange(name: &str) -> Exchange {
    all()
        .into_iter()
        .find(|exchange| exchange.name == name)
        .unwrap_or_else(|| panic!("no recording {name}"))
}
