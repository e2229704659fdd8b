//! The paths of the control plane.

use axum::{
    Json, Router,
    extract::State as Shared,
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Door,
    operator::Deed,
    report::Report,
    tag::{NewTag, TagAnswer},
    update::RawhideUpdate,
};
use crate::world::World;

type Answer<T> = Result<Json<T>, (StatusCode, String)>;

async fn tag(Shared(world): Shared<World>, Json(new): Json<NewTag>) -> Answer<TagAnswer> {
    world
        .change(|state| state.tag_for_test(&new))
        .map(Json)
        .map_err(|fault| (StatusCode::CONFLICT, fault.to_string()))
}

async fn update(Shared(world): Shared<World>, Json(new): Json<RawhideUpdate>) -> Json<Value> {
    Json(json!({"alias": world.change(|state| state.update_for_test(&new))}))
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

/// Whether the services are to listen.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    open: bool,
}

async fn door(Shared(door): Shared<Door>, Json(wish): Json<Wish>) -> Answer<Value> {
    if door.turn(wish.open).await {
        Ok(Json(json!({})))
    } else {
        Err((StatusCode::CONFLICT, "the listener does not do as it is told".to_owned()))
    }
}

/// `POST /sim/tag`, `POST /sim/update`, `POST /sim/script`, `POST /sim/operator`, `POST /sim/door`, `GET /sim/report`.
pub fn routes(world: World, doorkeeper: Door) -> Router {
    let doors = Router::new().route("/sim/door", post(door)).with_state(doorkeeper);
    Router::new()
        .route("/sim/tag", post(tag))
        .route("/sim/update", post(update))
        .route("/sim/script", post(script))
        .route("/sim/operator", post(operator))
        .route("/sim/report", get(report))
        .with_state(world)
        .merge(doors)
}
