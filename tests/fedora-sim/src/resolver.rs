//! Content Resolver: lists of package names, one a line, as the script has them. An unknown list is 404.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State as Shared},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{
    script::Service,
    traffic::{self, Traffic},
    world::World,
};

async fn list(
    Shared((world, traffic)): Shared<(World, Arc<Traffic>)>,
    Path(name): Path<String>,
) -> Response {
    world.change(|state| state.record.count_request("resolver GET", false));
    if let Some(trouble) = traffic.arrive(&world, Service::Resolver).await {
        return traffic::in_trouble(trouble);
    }
    match world.read(|state| state.script.bodhi.lists.get(&name).cloned()) {
        Some(names) => {
            let text: String = names.iter().map(|name| format!("{name}\n")).collect();
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `GET /resolver/{file}`.
pub fn routes(world: World, traffic: Arc<Traffic>) -> Router {
    Router::new().route("/resolver/{name}", get(list)).with_state((world, traffic))
}
