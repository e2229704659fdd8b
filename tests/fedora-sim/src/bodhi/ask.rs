//! The body of a POST: JSON or a form, checked against Bodhi's schema. Errors come all together, in the schema's order.

use serde_json::{Map, Value as Json, json};

/// One entry of an error reply.
pub(super) type Complaint = Json;

/// What is asked for, with the schema's defaults.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) from_tag: Option<String>,
    pub(super) builds: Vec<String>,
    pub(super) kind: String,
    pub(super) notes: String,
    pub(super) severity: String,
    pub(super) suggest: String,
    pub(super) display_name: String,
    pub(super) edited: Option<String>,
    pub(super) stable_karma: i64,
    pub(super) unstable_karma: i64,
    pub(super) autokarma: bool,
    pub(super) close_bugs: bool,
    pub(super) require_bugs: bool,
    pub(super) require_testcases: bool,
}

impl Ask {
    /// What a packager asks for whose update is of no interest but for its builds.
    pub(super) fn of_packager() -> Self {
        let unspecified = || "unspecified".to_owned();
        Self {
            from_tag: None,
            builds: Vec::new(),
            kind: "enhancement".to_owned(),
            notes: "Several packages that belong together".to_owned(),
            severity: unspecified(),
            suggest: unspecified(),
            display_name: String::new(),
            edited: None,
            stable_karma: 3,
            unstable_karma: -3,
            autokarma: true,
            close_bugs: true,
            require_bugs: false,
            require_testcases: false,
        }
    }
}

const TYPES: [&str; 5] = ["bugfix", "security", "newpackage", "enhancement", "unspecified"];
const SEVERITIES: [&str; 5] = ["unspecified", "urgent", "high", "medium", "low"];
const SUGGESTIONS: [&str; 3] = ["unspecified", "reboot", "logout"];

/// One complaint.
pub(super) fn complaint(location: &str, name: &str, description: impl Into<String>) -> Complaint {
    json!({"location": location, "name": name, "description": description.into()})
}

/// The body as a map; a form's values are texts, and lists where a key comes twice.
pub(super) fn open(content_type: &str, body: &[u8]) -> Result<Map<String, Json>, Vec<Complaint>> {
    let text = String::from_utf8_lossy(body);
    let no_mapping = |what: &str| {
        let text = format!(
            "\"{what}\" is not a mapping type: Does not implement dict-like functionality."
        );
        vec![complaint("body", "", text)]
    };
    if content_type.starts_with("application/x-www-form-urlencoded") {
        return Ok(form(body));
    }
    if !content_type.starts_with("application/json") {
        return Err(no_mapping(&format!("b'{text}'")));
    }
    match serde_json::from_str(&text) {
        Ok(Json::Object(map)) => Ok(map),
        Ok(other) => Err(no_mapping(&other.to_string())),
        Err(error) => Err(vec![
            complaint("body", "", format!("Invalid JSON: {error}")),
            complaint("body", "", "Required"),
        ]),
    }
}

fn form(body: &[u8]) -> Map<String, Json> {
    let mut map = Map::new();
    for (key, value) in url::form_urlencoded::parse(body) {
        let value = Json::from(value.into_owned());
        match map.get_mut(key.as_ref()) {
            Some(Json::Array(list)) => list.push(value),
            Some(first) => *first = Json::Array(vec![first.take(), value]),
            None => {
                map.insert(key.into_owned(), value);
            }
        }
    }
    map
}

/// A text; numbers count as their digits, null and absent as nothing.
pub(super) fn text(map: &Map<String, Json>, key: &str) -> Option<String> {
    match map.get(key)? {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// A list, or a text separated by commas or spaces.
fn list(map: &Map<String, Json>, key: &str) -> Vec<String> {
    let split = |text: &str| {
        text.split([',', ' '])
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    match map.get(key) {
        Some(Json::Array(values)) => {
            values.iter().filter_map(Json::as_str).flat_map(split).collect()
        }
        Some(Json::String(text)) => split(text),
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_)) | None => Vec::new(),
    }
}

fn flag(map: &Map<String, Json>, key: &str) -> bool {
    match map.get(key) {
        Some(Json::Bool(flag)) => *flag,
        Some(Json::String(text)) => {
            !["false", "0", "no", "f", "n", "off", ""].contains(&text.to_lowercase().as_str())
        }
        Some(Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_)) | None => true,
    }
}

/// Reads an update's body. `csrf` is what is wrong with the token, if anything.
pub(super) fn read(
    map: &Map<String, Json>,
    csrf: Option<Complaint>,
) -> Result<Ask, Vec<Complaint>> {
    let mut wrong: Vec<Complaint> = csrf.into_iter().collect();
    let kind = choice(map, "type", &TYPES, None, &mut wrong);
    let severity = choice(map, "severity", &SEVERITIES, Some("unspecified"), &mut wrong);
    let notes = notes(map, &mut wrong);
    let stable_karma = number(map, "stable_karma", 3, (Some(1), None), &mut wrong);
    let unstable_karma = number(map, "unstable_karma", -3, (None, Some(-1)), &mut wrong);
    let suggest = choice(map, "suggest", &SUGGESTIONS, Some("unspecified"), &mut wrong);
    number(map, "stable_days", 0, (Some(0), None), &mut wrong);
    if wrong.is_empty() && kind == "security" && severity == "unspecified" {
        wrong.push(complaint("body", "severity", "Must specify severity for a security update"));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Ask {
        from_tag: text(map, "from_tag").filter(|tag| !tag.is_empty()),
        builds: list(map, "builds"),
        kind,
        notes,
        severity,
        suggest,
        display_name: text(map, "display_name").unwrap_or_default(),
        edited: text(map, "edited").filter(|alias| !alias.is_empty()),
        stable_karma,
        unstable_karma,
        autokarma: flag(map, "autokarma"),
        close_bugs: flag(map, "close_bugs"),
        require_bugs: flag(map, "require_bugs"),
        require_testcases: flag(map, "require_testcases"),
    })
}

fn choice(
    map: &Map<String, Json>,
    key: &str,
    known: &[&str],
    default: Option<&str>,
    wrong: &mut Vec<Complaint>,
) -> String {
    match (text(map, key), default) {
        (Some(value), _) => {
            if !known.contains(&value.as_str()) {
                wrong.push(not_one_of("body", key, &value, known));
            }
            value
        }
        (None, Some(default)) => default.to_owned(),
        (None, None) => {
            wrong.push(complaint("body", key, "Required"));
            String::new()
        }
    }
}

/// The complaint about a value outside a fixed list.
pub(super) fn not_one_of(location: &str, name: &str, value: &str, known: &[&str]) -> Complaint {
    complaint(location, name, format!("\"{value}\" is not one of {}", known.join(", ")))
}

fn notes(map: &Map<String, Json>, wrong: &mut Vec<Complaint>) -> String {
    let notes = text(map, "notes").unwrap_or_default();
    let length = notes.chars().count();
    if length == 0 {
        wrong.push(complaint("body", "notes", "A description is required for the update."));
    } else if length < 2 {
        wrong.push(complaint("body", "notes", "Shorter than minimum length 2"));
    } else if length > 10_000 {
        wrong.push(complaint("body", "notes", "Longer than maximum length 10000"));
    }
    notes
}

fn number(
    map: &Map<String, Json>,
    key: &str,
    default: i64,
    (least, most): (Option<i64>, Option<i64>),
    wrong: &mut Vec<Complaint>,
) -> i64 {
    let Some(text) = text(map, key) else { return default };
    let Ok(number) = text.parse::<i64>() else {
        wrong.push(complaint("body", key, format!("\"{text}\" is not a number")));
        return default;
    };
    if let Some(least) = least.filter(|least| number < *least) {
        wrong.push(complaint("body", key, format!("{number} is less than minimum value {least}")));
    }
    if let Some(most) = most.filter(|most| number > *most) {
        wrong.push(complaint(
            "body",
            key,
            format!("{number} is greater than maximum value {most}"),
        ));
    }
    number
}
