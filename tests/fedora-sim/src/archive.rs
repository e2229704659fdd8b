//! datagrepper: the log of messages, searched. What the script keeps from it is a gap.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{RawQuery, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

use crate::{
    script::Service,
    traffic::{self, Traffic},
    world::{Message, State, World},
};

/// Seconds looked back when no time is given.
const DEFAULT_DELTA: i64 = 86_400;

/// What is asked for.
struct Search {
    topics: Vec<String>,
    start: i64,
    end: i64,
    page: usize,
    rows: usize,
    ascending: bool,
}

impl Search {
    fn parse(query: &str, now: i64) -> Result<Self, String> {
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let all = |key: &str| {
            pairs
                .iter()
                .filter(|(name, _)| name == key)
                .map(|(_, value)| value.clone())
                .collect::<Vec<_>>()
        };
        let number = |key: &str| -> Result<Option<i64>, String> {
            let Some(text) = all(key).pop() else { return Ok(None) };
            let whole = text.split('.').next().unwrap_or_default();
            whole.parse().map(Some).map_err(|_| format!("`{key}` is not a time: {text}"))
        };
        let end = number("end")?;
        let delta = number("delta")?.unwrap_or(DEFAULT_DELTA);
        let end_or_now = end.unwrap_or(now);
        let rows = number("rows_per_page")?.unwrap_or(25);
        if rows > 100 {
            return Err("`rows_per_page` must be at most 100".to_owned());
        }
        Ok(Self {
            topics: all("topic"),
            start: number("start")?.unwrap_or(end_or_now - delta),
            end: end_or_now,
            page: usize::try_from(number("page")?.unwrap_or(1).max(1)).unwrap_or(1),
            rows: usize::try_from(rows.max(1)).unwrap_or(25),
            ascending: all("order").pop().as_deref() == Some("asc"),
        })
    }

    fn matches(&self, message: &Message) -> bool {
        let second = message.sent_at.div_euclid(1_000_000);
        let topic = self.topics.is_empty() || self.topics.contains(&message.topic);
        // What is no JSON never reaches the archive: the library drops it there as everywhere.
        message.archived
            && message.raw.is_none()
            && topic
            && (self.start..=self.end).contains(&second)
    }

    fn answer(&self, state: &State) -> Value {
        let mut found: Vec<&Message> =
            state.messages().iter().filter(|message| self.matches(message)).collect();
        if !self.ascending {
            found.reverse();
        }
        let total = found.len();
        let shown: Vec<Value> =
            found.into_iter().skip((self.page - 1) * self.rows).take(self.rows).map(row).collect();
        json!({"arguments": {"topics": self.topics, "start": self.start, "end": self.end, "page": self.page,
                "rows_per_page": self.rows, "order": if self.ascending { "asc" } else { "desc" }},
            "count": shown.len(), "pages": total.div_ceil(self.rows), "total": total, "raw_messages": shown})
    }
}

fn row(message: &Message) -> Value {
    json!({"id": message.id, "topic": message.topic, "priority": message.priority.unwrap_or(0), "queue": null,
        "headers": message.headers, "body": message.body})
}

async fn search(
    Shared((world, traffic)): Shared<(World, Arc<Traffic>)>,
    RawQuery(query): RawQuery,
) -> Response {
    world.change(|state| state.record.count_request("archive GET", false));
    if let Some(trouble) = traffic.arrive(&world, Service::Archive).await {
        return traffic::in_trouble(trouble);
    }
    let query = query.unwrap_or_default();
    let found = world.read(|state| {
        let now = state.now().div_euclid(1_000_000);
        Search::parse(&query, now).map(|search| search.answer(state))
    });
    match found {
        Ok(answer) => Json(answer).into_response(),
        Err(text) => {
            let body = json!({"error": text, "arguments": {}});
            (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
        }
    }
}

/// `GET /datagrepper/v2/search`.
pub fn routes(world: World, traffic: Arc<Traffic>) -> Router {
    Router::new().route("/datagrepper/v2/search", get(search)).with_state((world, traffic))
}
