//! What stands behind the login: how to ask for something, and what a program shows for it. Changes nothing.

use askama::Template;
use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
    routing::get,
};
use serde::Deserialize;
use url::form_urlencoded;

use super::{
    desk::Desk,
    gate::Visit,
    notice::{html, notice, off, redirect},
    visit::{session_id, visit},
};
use crate::login::{People, Session};

/// The page of somebody who may change things.
#[derive(Template)]
#[template(path = "greeting.html")]
struct Greeting<'a> {
    title: &'a str,
    session: &'a Session,
    /// What is so now.
    facts: &'a [String],
    /// What a program would do.
    command: String,
    /// The session's id, if it shall be shown.
    token: Option<&'a str>,
    /// Where it is shown.
    path: &'a str,
}

/// Whom a page behind the login is for.
pub(super) struct Admitted<'a> {
    people: &'a People,
    session: Session,
    id: &'a str,
}

/// Whether the session's id shall be shown.
#[derive(Deserialize)]
pub(super) struct Asked {
    show_token: Option<String>,
}

impl Asked {
    fn shows(&self) -> bool {
        matches!(self.show_token.as_deref(), Some("1" | "true" | "yes"))
    }
}

/// What is answered at `GET /trigger`.
pub(super) fn routes(desk: Desk) -> Router {
    Router::new().route("/trigger", get(trigger)).with_state(desk)
}

async fn trigger(
    State(desk): State<Desk>,
    uri: Uri,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    match admitted(&desk, &headers, &uri).await {
        Ok(admitted) => {
            let facts = ["What is asked for is built as soon as a batch takes it.".to_owned()];
            let body = " -H 'Content-Type: application/json' -d '[\"bash\", \"sed\"]'";
            admitted.page(("Trigger builds", "/trigger"), &facts, body, &asked)
        }
        Err(response) => response,
    }
}

/// Lets somebody see a page behind the login.
///
/// # Errors
///
/// The answer to one who may not, or has yet to log in.
pub(super) async fn admitted<'a>(
    desk: &'a Desk,
    headers: &'a HeaderMap,
    uri: &Uri,
) -> Result<Admitted<'a>, Response> {
    let Some(people) = &desk.people else { return Err(off()) };
    let session = match visit(people, headers).await {
        Visit::Header(session) | Visit::Cookie(session) => session,
        Visit::None | Visit::Over => return Err(to_login(uri)),
        Visit::Unknown => {
            let text = "The server that keeps sessions does not answer. Try again later; tokens are taken all the same.";
            let (status, title) = (StatusCode::SERVICE_UNAVAILABLE, "Who you are is not known now");
            return Err(notice(status, title, text));
        }
    };
    if !session.is_in(&people.admin_groups) {
        let groups = people.admin_groups.join(", ");
        let text = format!(
            "You have logged in as {}, but are in none of these groups: {groups}.",
            session.user
        );
        return Err(notice(StatusCode::FORBIDDEN, "This is not for you", &text));
    }
    let id = session_id(people, headers).unwrap_or_default();
    Ok(Admitted { people, session, id })
}

impl Admitted<'_> {
    /// A page for them: its title and path, what is so now, and what else a program sends to change it.
    pub(super) fn page(
        &self,
        (title, path): (&str, &str),
        facts: &[String],
        body: &str,
        asked: &Asked,
    ) -> Response {
        let token = asked.shows().then_some(self.id);
        let (shown, site) = (token.unwrap_or("TOKEN"), self.people.site.as_str());
        let command = format!(
            "curl -X POST -H 'Authorization: Bearer {shown}'{body} {}{path}",
            site.trim_end_matches('/')
        );
        let session = &self.session;
        html(StatusCode::OK, &Greeting { title, session, facts, command, token, path })
    }
}

/// Sends somebody to log in, and from there back here.
fn to_login(uri: &Uri) -> Response {
    let here = uri.path_and_query().map_or("/", |it| it.as_str());
    let asked =
        form_urlencoded::Serializer::new(String::new()).append_pair("return_to", here).finish();
    redirect(&format!("/login?{asked}"), [])
}
