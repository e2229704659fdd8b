//! `GET /updates/` and `GET /releases/`: filters, pages, and what is ignored.

use std::{cell::LazyCell, collections::HashSet};

use chrono::NaiveDate;
use serde_json::{Value as Json, json};

use super::{
    ask::{Complaint, complaint, not_one_of},
    releases,
    render::Shown,
    update::Update,
};
use crate::world::{Build, State};

const STATUSES: [&str; 5] = ["pending", "testing", "stable", "unpushed", "obsolete"];
const STATES: [&str; 5] = ["disabled", "pending", "frozen", "current", "archived"];

/// The pairs of a query string.
pub(super) struct Query(Vec<(String, String)>);

/// One page of rows.
struct Page {
    number: usize,
    rows: usize,
}

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    fn one(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// All values: keys may come twice, and commas separate too.
    fn all(&self, key: &str) -> Vec<&str> {
        let values = self.0.iter().filter(|(name, _)| name == key).map(|(_, value)| value.as_str());
        values
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .collect()
    }

    fn number(
        &self,
        key: &str,
        default: usize,
        most: Option<usize>,
        wrong: &mut Vec<Complaint>,
    ) -> usize {
        let Some(text) = self.one(key) else { return default };
        let add = |text: String| complaint("querystring", key, text);
        match (text.parse::<i64>(), most) {
            (Ok(number), _) if number < 1 => {
                wrong.push(add(format!("{number} is less than minimum value 1")))
            }
            (Ok(number), Some(most))
                if usize::try_from(number).is_ok_and(|number| number > most) =>
            {
                wrong.push(add(format!("{number} is greater than maximum value {most}")));
            }
            (Ok(number), _) => return usize::try_from(number).unwrap_or(default),
            (Err(_), _) => wrong.push(add(format!("\"{text}\" is not a number"))),
        }
        default
    }

    fn choices(&self, key: &str, known: &[&str], wrong: &mut Vec<Complaint>) {
        for (place, value) in self.all(key).iter().enumerate() {
            if !known.contains(value) {
                wrong.push(not_one_of("querystring", &format!("{key}.{place}"), value, known));
            }
        }
    }

    fn page(&self, wrong: &mut Vec<Complaint>) -> Page {
        let number = self.number("page", 1, None, wrong);
        Page { number, rows: self.number("rows_per_page", 20, Some(1000), wrong) }
    }
}

/// The page's rows and the reply's figures.
fn paged(key: &str, rows: Vec<Json>, page: &Page) -> Json {
    let total = rows.len();
    let shown: Vec<_> =
        rows.into_iter().skip((page.number - 1) * page.rows).take(page.rows).collect();
    json!({key: shown, "page": page.number, "pages": total.div_ceil(page.rows), "rows_per_page": page.rows,
        "total": total})
}

impl State {
    /// Searches for updates, newest first. Unknown keys are ignored.
    pub(super) fn search_updates(&self, query: &Query) -> Result<Json, Vec<Complaint>> {
        let mut wrong = Vec::new();
        query.choices("status", &STATUSES, &mut wrong);
        let page = query.page(&mut wrong);
        let since = query
            .one("submitted_since")
            .map(|text| NaiveDate::parse_from_str(text.get(..10).unwrap_or(text), "%Y-%m-%d"));
        if matches!(since, Some(Err(_))) {
            wrong.push(complaint("querystring", "submitted_since", "Invalid date"));
        }
        if wrong.is_empty() {
            for name in query.all("user").into_iter().filter(|name| self.user_named(name).is_none())
            {
                wrong.push(complaint(
                    "querystring",
                    "user",
                    format!("Invalid users specified: {name}"),
                ));
            }
            let unknown = |name: &&str| releases::find(&self.script.trigger_tag, name).is_none();
            for name in query.all("releases").into_iter().filter(unknown) {
                wrong.push(complaint(
                    "querystring",
                    "releases",
                    format!("Invalid releases specified: {name}"),
                ));
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let since = since.and_then(Result::ok).and_then(|day| day.and_hms_opt(0, 0, 0));
        let since = since.map(|time| time.and_utc().timestamp_micros());
        let found = self
            .bodhi
            .updates()
            .rev()
            .filter(|update| since.is_none_or(|since| update.submitted >= since));
        let rows = found
            .filter(|update| self.matches(update, query))
            .map(|update| self.show(update, Shown::InGet));
        let mut reply = paged("updates", rows.collect(), &page);
        reply["chrome"] = json!(true);
        reply["display_user"] = json!(true);
        reply["display_request"] = json!(true);
        reply["package"] = query.one("packages").map_or(Json::Null, |package| json!(package));
        Ok(reply)
    }

    fn matches(&self, update: &Update, query: &Query) -> bool {
        let any = |key: &str, holds: &dyn Fn(&str) -> bool| {
            let values = query.all(key);
            values.is_empty() || values.into_iter().any(holds)
        };
        let builds = || update.builds.iter().filter_map(|id| self.build(*id));
        // Only asked for where it matters: a large update has thousands.
        let nvrs = LazyCell::new(|| builds().map(Build::nvr).collect::<HashSet<_>>());
        let packages = LazyCell::new(|| builds().map(|b| b.name.as_str()).collect::<HashSet<_>>());
        let release = releases::all(&self.script.trigger_tag).into_iter().nth(update.release);
        any("status", &|status| update.status.name() == status)
            && any("alias", &|alias| update.alias == alias)
            && any("user", &|name| self.user_name(update.user) == name)
            && any("gating", &|gating| update.gating == Some(gating))
            && any("builds", &|nvr| nvrs.contains(nvr))
            && any("packages", &|name| packages.contains(name))
            && any("releases", &|name| {
                release.as_ref().is_some_and(|own| own.object["name"] == name)
            })
            && query.one("from_side_tag_name").is_none_or(|tag| update.from_tag == tag)
    }

    /// Lists the releases.
    pub(super) fn search_releases(&self, query: &Query) -> Result<Json, Vec<Complaint>> {
        let mut wrong = Vec::new();
        query.choices("state", &STATES, &mut wrong);
        let page = query.page(&mut wrong);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let (states, name) = (query.all("state"), query.one("name"));
        let all = releases::all(&self.script.trigger_tag).into_iter().map(|release| release.object);
        let rows = all.filter(|release| {
            (states.is_empty() || states.iter().any(|state| release["state"] == *state))
                && name.is_none_or(|name| release["name"] == name)
        });
        Ok(paged("releases", rows.collect(), &page))
    }
}
