//! The paths of the control plane.

use axum::{
    Json, Router,
    extract::State as Shared,
    http::StatusCode,
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{
    operator::Deed,
    report::Report,
    tag::{NewTag, TagAnswer},
};
use crate::world::World;

type Answer<T> = Result<Json<T>, (StatusCode, String)>;

async fn tag(Shared(world): Shared<World>, Json(new): Json<NewTag>) -> Answer<TagAnswer> {
    world
        .change(|state| state.tag_for_test(&new))
        .map(Json)
        .map_err(|fault| (StatusCode::CONFLICT, fault.to_string()))
}

async fn script(Shared(world): Shared<World>, Json(patch): Json<Value>) -> Answer<Value> {
    let replaced = world.change(|state| {
        let patched = state.script.patched(patch)?;
        state.script = patched;
        state.populate_missing();
        Ok::<_, serde_json::Error>(json!({"elapsed_ms": state.elapsed() / 1000}))
    });
    replaced.map(Json).map_err(|fault| (StatusCode::BAD_REQUEST, fault.to_string()))
}

async fn report(Shared(world): Shared<World>) -> Json<Report> {
    Json(world.read(Report::of))
}

async fn operator(Shared(world): Shared<World>, Json(deed): Json<Deed>) -> Answer<Value> {
    let done = world.change(|state| state.operate(&deed));
    done.map(Json).map_err(|fault| (StatusCode::CONFLICT, fault.to_string()))
}

/// `POST /sim/tag`, `POST /sim/script`, `POST /sim/operator`, `GET /sim/report`.
pub fn routes(world: World) -> Router {
    Router::new()
        .route("/sim/tag", post(tag))
        .route("/sim/script", post(script))
        .route("/sim/operator", post(operator))
        .route("/sim/report", get(report))
        .with_state(world)
}
