//! From the file's table to the typed configuration, collecting faults. Does *not* stop at the first one.

use std::{collections::BTreeMap, path::PathBuf};

use toml::{Table, Value};

use super::shape::{
    Binding, BrokerUrl, BusConfig, ConfigFault, ConfigFaults, Exchange, Queue, Tls,
};

/// Every top-level key of the library. Source: `DEFAULTS` of its configuration module.
const KNOWN: [&str; 14] = [
    "amqp_url",
    "client_properties",
    "publish_exchange",
    "topic_prefix",
    "publish_priority",
    "passive_declares",
    "exchanges",
    "queues",
    "bindings",
    "qos",
    "callback",
    "monitoring",
    "consumer_config",
    "tls",
];

/// Known too, and configures Python's logging only.
const LOG_CONFIG: &str = "log_config";

/// Client properties that name the library; nobody else may set them.
const RESERVED: [&str; 3] = ["version", "information", "product"];

const DEFAULT_URL: &str = "amqp://?connection_attempts=3&retry_delay=5";
const DEFAULT_EXCHANGE: &str = "amq.topic";
const DEFAULT_PREFETCH: u16 = 10;

/// The file's faults so far.
#[derive(Default)]
struct Faults(Vec<ConfigFault>);

impl Faults {
    fn add(&mut self, key: impl Into<String>, fault: impl Into<String>) {
        self.0.push(ConfigFault { key: key.into(), fault: fault.into() });
    }

    fn wrong_type(&mut self, key: impl Into<String>, wanted: &str, value: &Value) {
        self.add(key, format!("must be {wanted}, is {}", type_name(value)));
    }
}

/// Reads the whole file.
pub(super) fn config(file: Table) -> Result<BusConfig, ConfigFaults> {
    let mut faults = Faults::default();
    let file = known_keys(file, &mut faults);
    let queues = queues(&file, &mut faults);
    let config = BusConfig {
        url: broker(&file, &mut faults),
        passive_declares: flag(
            file.get("passive_declares"),
            "passive_declares",
            false,
            &mut faults,
        ),
        topic_prefix: text(file.get("topic_prefix"), "topic_prefix", "", &mut faults),
        exchanges: exchanges(&file, &mut faults),
        bindings: bindings(&file, &queues, &mut faults),
        queues,
        prefetch_count: prefetch(&file, &mut faults),
        tls: tls(&file, &mut faults),
        client_properties: properties(&file, &mut faults),
    };
    if faults.0.is_empty() { Ok(config) } else { Err(ConfigFaults(faults.0)) }
}

/// Names in lower case, as the library takes them; unknown ones are faults.
fn known_keys(file: Table, faults: &mut Faults) -> Table {
    let mut known = Table::new();
    for (key, value) in file {
        let name = key.to_lowercase();
        if !KNOWN.contains(&name.as_str()) && name != LOG_CONFIG {
            faults.add(key, "unknown key");
        } else if known.insert(name, value).is_some() {
            faults.add(key, "given twice: names do not differ by case");
        }
    }
    known
}

fn broker(file: &Table, faults: &mut Faults) -> BrokerUrl {
    let url = text(file.get("amqp_url"), "amqp_url", DEFAULT_URL, faults);
    match url.parse::<lapin::uri::AMQPUri>() {
        Ok(mut uri) => {
            // Source: pika, which the library uses: no path, or `/` alone, means the virtual host `/`.
            if uri.vhost.is_empty() {
                uri.vhost = "/".to_owned();
            }
            BrokerUrl(uri)
        }
        Err(error) => {
            faults.add("amqp_url", error);
            BrokerUrl(lapin::uri::AMQPUri::default())
        }
    }
}

fn exchanges(file: &Table, faults: &mut Faults) -> BTreeMap<String, Exchange> {
    let Some(value) = file.get("exchanges") else {
        let usual = Exchange {
            kind: "topic".to_owned(),
            durable: true,
            auto_delete: false,
            arguments: Table::new(),
        };
        return BTreeMap::from([(DEFAULT_EXCHANGE.to_owned(), usual)]);
    };
    let mut found = BTreeMap::new();
    for (name, settings) in tables(value, "exchanges", faults) {
        let at = format!("exchanges.{name}");
        only(&settings, &at, &["type", "durable", "auto_delete", "arguments"], faults);
        let exchange = Exchange {
            kind: text(settings.get("type"), &format!("{at}.type"), "topic", faults),
            durable: flag(settings.get("durable"), &format!("{at}.durable"), true, faults),
            auto_delete: flag(
                settings.get("auto_delete"),
                &format!("{at}.auto_delete"),
                false,
                faults,
            ),
            arguments: arguments(&settings, &at, faults),
        };
        found.insert(name, exchange);
    }
    found
}

fn queues(file: &Table, faults: &mut Faults) -> BTreeMap<String, Queue> {
    let Some(value) = file.get("queues") else {
        let unnamed =
            Queue { durable: false, auto_delete: true, exclusive: true, arguments: Table::new() };
        return BTreeMap::from([(String::new(), unnamed)]);
    };
    let mut found = BTreeMap::new();
    for (name, settings) in tables(value, "queues", faults) {
        let at = format!("queues.{name}");
        let keys = ["durable", "auto_delete", "exclusive", "arguments"];
        only(&settings, &at, &keys, faults);
        for key in keys {
            if !settings.contains_key(key) {
                faults.add(format!("{at}.{key}"), "required");
            }
        }
        let queue = Queue {
            durable: flag(settings.get("durable"), &format!("{at}.durable"), false, faults),
            auto_delete: flag(
                settings.get("auto_delete"),
                &format!("{at}.auto_delete"),
                true,
                faults,
            ),
            exclusive: flag(settings.get("exclusive"), &format!("{at}.exclusive"), true, faults),
            arguments: arguments(&settings, &at, faults),
        };
        found.insert(name, queue);
    }
    if found.is_empty() {
        faults.add("queues", "there must be one queue at least");
    }
    found
}

/// The bindings. One for a queue that is not declared would silently never be made, so it is a fault here.
fn bindings(file: &Table, queues: &BTreeMap<String, Queue>, faults: &mut Faults) -> Vec<Binding> {
    let Some(value) = file.get("bindings") else {
        if !queues.contains_key("") && !queues.is_empty() {
            faults.add(
                "bindings",
                "required: the default binds a queue without name, which is not declared",
            );
        }
        let all = vec!["#".to_owned()];
        return vec![Binding {
            queue: String::new(),
            exchange: DEFAULT_EXCHANGE.to_owned(),
            routing_keys: all,
        }];
    };
    let Value::Array(rows) = value else {
        faults.wrong_type("bindings", "a list of tables", value);
        return Vec::new();
    };
    let mut found = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let at = format!("bindings.{index}");
        match row.as_table() {
            Some(row) => found.push(binding(row, &at, queues, faults)),
            None => faults.wrong_type(at, "a table", row),
        }
    }
    found
}

fn binding(
    row: &Table,
    at: &str,
    queues: &BTreeMap<String, Queue>,
    faults: &mut Faults,
) -> Binding {
    only(row, at, &["queue", "exchange", "routing_keys"], faults);
    let queue = text(row.get("queue"), &format!("{at}.queue"), "", faults);
    if !queues.contains_key(&queue) {
        let fault = if row.contains_key("queue") {
            format!("no queue `{queue}` is declared, so the binding would never be made")
        } else {
            "missing: it means the queue without name, which is not declared".to_owned()
        };
        faults.add(format!("{at}.queue"), fault);
    }
    if !row.contains_key("exchange") {
        faults.add(format!("{at}.exchange"), "required");
    }
    let key = format!("{at}.routing_keys");
    let routing_keys = match row.get("routing_keys") {
        Some(Value::Array(keys)) => {
            keys.iter().map(|one| text(Some(one), &key, "", faults)).collect()
        }
        Some(other) => {
            faults.wrong_type(key, "a list of texts", other);
            Vec::new()
        }
        None => {
            faults.add(key, "required");
            Vec::new()
        }
    };
    Binding {
        queue,
        exchange: text(row.get("exchange"), &format!("{at}.exchange"), "", faults),
        routing_keys,
    }
}

fn prefetch(file: &Table, faults: &mut Faults) -> u16 {
    let Some(qos) = section(file, "qos", faults) else { return DEFAULT_PREFETCH };
    only(qos, "qos", &["prefetch_size", "prefetch_count"], faults);
    // The table replaces the default one whole, so one key alone leaves the other without any value.
    for key in ["prefetch_size", "prefetch_count"] {
        if !qos.contains_key(key) {
            faults.add(format!("qos.{key}"), "required: the table replaces the default one whole");
        }
    }
    if qos.get("prefetch_size").is_some_and(|size| size.as_integer() != Some(0)) {
        faults.add("qos.prefetch_size", "must be 0: the broker knows no limit in bytes");
    }
    match qos.get("prefetch_count") {
        Some(value) => {
            value.as_integer().and_then(|count| u16::try_from(count).ok()).unwrap_or_else(|| {
                faults.add("qos.prefetch_count", "must be a number from 0 to 65535");
                DEFAULT_PREFETCH
            })
        }
        None => DEFAULT_PREFETCH,
    }
}

fn tls(file: &Table, faults: &mut Faults) -> Tls {
    let Some(section) = section(file, "tls", faults) else { return Tls::default() };
    only(section, "tls", &["ca_cert", "certfile", "keyfile"], faults);
    let mut path = |key: &str| {
        let text = text(section.get(key), &format!("tls.{key}"), "", faults);
        (!text.is_empty()).then(|| PathBuf::from(text))
    };
    let (ca, cert, key) = (path("ca_cert"), path("certfile"), path("keyfile"));
    let client = match (cert, key) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        (Some(_), None) => {
            faults.add("tls.keyfile", "required beside `certfile`");
            None
        }
        (None, Some(_)) => {
            faults.add("tls.certfile", "required beside `keyfile`");
            None
        }
    };
    Tls { ca, client }
}

fn properties(file: &Table, faults: &mut Faults) -> BTreeMap<String, String> {
    let Some(section) = section(file, "client_properties", faults) else {
        return BTreeMap::from([("app".to_owned(), "Unknown".to_owned())]);
    };
    let mut found = BTreeMap::new();
    for (name, value) in section {
        let at = format!("client_properties.{name}");
        if RESERVED.contains(&name.as_str()) {
            faults.add(at, "reserved: it names the client library");
        } else if let Some(text) = value.as_str() {
            found.insert(name.clone(), text.to_owned());
        } else if let Value::Array(several) = value {
            // The documented `app_contacts_email` is a list.
            let texts: Vec<_> = several.iter().filter_map(Value::as_str).collect();
            found.insert(name.clone(), texts.join(", "));
        } else {
            faults.wrong_type(at, "a text or a list of texts", value);
        }
    }
    found
}

fn section<'a>(file: &'a Table, name: &str, faults: &mut Faults) -> Option<&'a Table> {
    let value = file.get(name)?;
    if value.as_table().is_none() {
        faults.wrong_type(name, "a table", value);
    }
    value.as_table()
}

/// The tables in a table, by name.
fn tables(value: &Value, at: &str, faults: &mut Faults) -> Vec<(String, Table)> {
    let Value::Table(outer) = value else {
        faults.wrong_type(at, "a table of tables", value);
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, inner) in outer {
        match inner.as_table() {
            Some(table) => found.push((name.clone(), table.clone())),
            None => faults.wrong_type(format!("{at}.{name}"), "a table", inner),
        }
    }
    found
}

fn only(table: &Table, at: &str, known: &[&str], faults: &mut Faults) {
    for key in table.keys().filter(|key| !known.contains(&key.as_str())) {
        faults.add(format!("{at}.{key}"), "unknown key");
    }
}

fn arguments(table: &Table, at: &str, faults: &mut Faults) -> Table {
    match table.get("arguments") {
        Some(Value::Table(arguments)) => arguments.clone(),
        Some(other) => {
            faults.wrong_type(format!("{at}.arguments"), "a table", other);
            Table::new()
        }
        None => Table::new(),
    }
}

fn text(value: Option<&Value>, at: &str, default: &str, faults: &mut Faults) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => {
            faults.wrong_type(at, "a text", other);
            default.to_owned()
        }
        None => default.to_owned(),
    }
}

fn flag(value: Option<&Value>, at: &str, default: bool, faults: &mut Faults) -> bool {
    match value {
        Some(Value::Boolean(flag)) => *flag,
        Some(other) => {
            faults.wrong_type(at, "true or false", other);
            default
        }
        None => default,
    }
}

/// What a value of this file is called in a fault.
fn type_name(value: &Value) -> &'static str {
    value.type_str()
}
