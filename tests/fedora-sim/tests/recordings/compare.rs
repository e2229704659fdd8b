//! Compares a reply with the recorded one, and learns which id here stands for which id there.

use std::collections::HashMap;

use ebs_shared::koji::xmlrpc::Value;

/// What stands here for ids and texts of the recording.
#[derive(Default)]
pub(crate) struct Known {
    ids: HashMap<(&'static str, i64), i64>,
    texts: HashMap<String, String>,
}

impl Known {
    pub(crate) fn id(&self, kind: &'static str, recorded: i64) -> i64 {
        self.ids.get(&(kind, recorded)).copied().unwrap_or(recorded)
    }

    pub(crate) fn text(&self, recorded: &str) -> String {
        self.texts.get(recorded).cloned().unwrap_or_else(|| recorded.to_owned())
    }

    pub(crate) fn learn(&mut self, kind: &'static str, recorded: i64, here: i64) {
        self.ids.insert((kind, recorded), here);
    }

    pub(crate) fn translate(&self, value: &Value, kind: &'static str) -> Value {
        match value {
            Value::Int(id) if !kind.is_empty() => self.id(kind, *id).into(),
            Value::Str(text) => self.text(text).into(),
            Value::Array(values) => {
                values.iter().map(|value| self.translate(value, kind)).collect::<Vec<_>>().into()
            }
            other => other.clone(),
        }
    }
}

/// The kind of id that a bare number in a method's reply is.
fn reply_kind(method: &str) -> &'static str {
    match method {
        "build" | "tagBuild" | "moveBuild" | "resubmitTask" => "task",
        _ => "",
    }
}

/// The kind of id that a member is; `None` if it is no id.
fn member_kind(method: &str, member: &str) -> Option<&'static str> {
    Some(match member {
        "session-id" => "session",
        "task_id" | "parent" => "task",
        "build_id" => "build",
        "tag_id" | "build_tag" | "dest_tag" | "parent_id" | "child_id" => "tag",
        "repo_id" => "repo",
        "brootid" | "creation_event_id" | "create_event" | "begin_event" | "min_event"
        | "revoke_event" | "query_event" => "event",
        "id" => match method {
            "getTaskInfo" | "getTaskChildren" | "getTaskDescendents" | "listTasks" => "task",
            "getBuild" | "listTagged" | "getLatestBuilds" | "promoteBuild" => "build",
            "getTag" | "createSideTag" | "listSideTags" | "listTags" | "getBuildConfig" => "tag",
            "getRepo" | "repoInfo" | "repo" => "repo",
            "request" => "request",
            "getLastEvent" => "event",
            _ => "",
        },
        _ => return None,
    })
}

/// Whether a member's value varies by nature.
fn varies(member: &str) -> bool {
    member.ends_with("_ts")
        || member.ends_with("_time")
        || member.starts_with("st_")
        || matches!(
            member,
            "ts" | "session-key"
                | "traceback"
                | "nvr"
                | "release"
                | "logs"
                | "rpms"
                | "srpms"
                | "srpm"
        )
}

/// What is different; ids and texts that vary are learnt.
///
/// A loose comparison looks at types, members and nils alone.
pub(crate) fn compare(
    known: &mut Known,
    method: &str,
    theirs: &Value,
    ours: &Value,
    loose: bool,
) -> Vec<String> {
    let mut walk = Walk { known, loose, found: Vec::new() };
    walk.value(method, "", theirs, ours);
    walk.found
}

struct Walk<'a> {
    known: &'a mut Known,
    loose: bool,
    found: Vec<String>,
}

impl Walk<'_> {
    fn value(&mut self, method: &str, at: &str, theirs: &Value, ours: &Value) {
        let member = at.rsplit(['.', ']']).next().unwrap_or_default().to_owned();
        match (theirs, ours) {
            (Value::Struct(theirs), Value::Struct(ours)) => self.members(method, at, theirs, ours),
            (Value::Array(theirs), Value::Array(ours)) => self.elements(method, at, theirs, ours),
            (Value::Int(theirs), Value::Int(ours)) => {
                self.number(method, &member, at, *theirs, *ours)
            }
            (Value::Str(theirs), Value::Str(ours)) => self.text(&member, at, theirs, ours),
            (Value::Double(_), Value::Double(_)) => {}
            (theirs, ours) if theirs == ours => {}
            (Value::Bool(_), Value::Bool(_)) if self.loose => {}
            (theirs, ours) => self.found.push(format!("{at}: {ours:?}, recorded {theirs:?}")),
        }
    }

    fn members(
        &mut self,
        method: &str,
        at: &str,
        theirs: &[(String, Value)],
        ours: &[(String, Value)],
    ) {
        // A tree is keyed by ids.
        let key = |known: &Known, name: &str| match name.parse() {
            Ok(id) if method == "getTaskDescendents" => known.id("task", id).to_string(),
            _ => name.to_owned(),
        };
        for (name, _) in ours {
            if !theirs.iter().any(|(other, _)| key(self.known, other) == *name) {
                self.found.push(format!("{at}: member `{name}` is not recorded"));
            }
        }
        for (name, value) in theirs {
            let inner = match (method, name.as_str()) {
                (_, "repo") => "repo",
                (_, "request") if matches!(value, Value::Struct(_)) => "request",
                (_, "task") => "getTaskInfo",
                _ => method,
            };
            match ours.iter().find(|(other, _)| *other == key(self.known, name)) {
                Some((_, our)) => self.value(inner, &format!("{at}.{name}"), value, our),
                None => self.found.push(format!("{at}: member `{name}` is missing")),
            }
        }
    }

    fn elements(&mut self, method: &str, at: &str, theirs: &[Value], ours: &[Value]) {
        let member = at.rsplit('.').next().unwrap_or_default();
        if varies(member) {
            return;
        }
        if theirs.len() != ours.len() && !self.loose {
            self.found.push(format!("{at}: {} elements, recorded {}", ours.len(), theirs.len()));
        }
        let order = |list: &[Value]| {
            let mut list = list.to_vec();
            if method.starts_with("getTask") || method == "multiCall" {
                list.sort_by_key(|row| row.get("label").map(|label| format!("{label:?}")));
            }
            list
        };
        for (place, (theirs, ours)) in order(theirs).iter().zip(&order(ours)).enumerate() {
            self.value(method, &format!("{at}[{place}]"), theirs, ours);
        }
    }

    fn number(&mut self, method: &str, member: &str, at: &str, theirs: i64, ours: i64) {
        let kind = if at.is_empty() { reply_kind(method) } else { "" };
        match member_kind(method, member) {
            Some(kind) => self.known.learn(kind, theirs, ours),
            None if !kind.is_empty() => self.known.learn(kind, theirs, ours),
            // Numbers in a request and results of repo tasks are ids.
            None if at.contains("request[")
                || method == "getTaskResult"
                || method == "tagLastChangeEvent" => {}
            None if method == "multiCall" && at.ends_with("][0]") => {
                self.known.learn("task", theirs, ours)
            }
            None if theirs == ours || self.loose => {}
            None => self.found.push(format!("{at}: {ours}, recorded {theirs}")),
        }
    }

    fn text(&mut self, member: &str, at: &str, theirs: &str, ours: &str) {
        if theirs == ours || self.loose {
            return;
        }
        let blunt =
            |text: &str| text.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>();
        if varies(member) || blunt(theirs) == blunt(ours) {
            self.known.texts.insert(theirs.to_owned(), ours.to_owned());
            return;
        }
        if same_fault(theirs, ours) || theirs.starts_with("<?xml") {
            return;
        }
        self.found.push(format!("{at}: `{ours}`, recorded `{theirs}`"));
    }
}

/// Whether two texts of faults differ only where they may: tracebacks, and Python's names and dictionaries.
fn same_fault(theirs: &str, ours: &str) -> bool {
    let beginning = |text: &str| text.split(['(', '{']).next().unwrap_or_default().to_owned();
    let argument = |text: &str| text.split_once("()").map(|(_, rest)| rest.to_owned());
    (theirs.starts_with("Traceback") && ours.starts_with("Traceback"))
        || (theirs.starts_with("Build already exists") && beginning(theirs) == beginning(ours))
        || (argument(theirs).is_some() && argument(theirs) == argument(ours))
}
