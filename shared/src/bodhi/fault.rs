//! What Bodhi's answer to a POST means. The only place that reads its sentences; tested on recorded ones.

use ebs_domain::nvr::Nvr;

use super::{
    api::{BodhiErrorKind, Complaint, Update},
    shapes::{self, RawUpdate, RawUpdates},
};

/// What came of posting an update.
#[derive(Debug)]
pub(super) enum Posted {
    /// The update.
    Made(Update),
    /// Our login or CSRF token is not taken; nothing was made. Renew and try once more.
    Denied(String),
    /// Anything else.
    Failed(BodhiErrorKind),
}

/// Reads the answer to a POST of an update meant to hold `nvrs`.
pub(super) fn posted(status: u16, body: &[u8], nvrs: &[String]) -> Posted {
    let complaints = shapes::complaints(body);
    match (status, complaints) {
        (200..=299, _) => made(body, nvrs).map_or_else(unsettled, Posted::Made),
        (400 | 403, Some(complaints)) if !complaints.is_empty() => {
            refused(status, complaints, nvrs)
        }
        (401, _) => Posted::Denied(shapes::what_is(body)),
        // Nothing of Bodhi's has answered, or not to this path: nothing was made.
        (404 | 405 | 429, _) => Posted::Failed(BodhiErrorKind::Unavailable(answer(status, body))),
        (_, _) => unsettled(answer(status, body)),
    }
}

fn unsettled(why: String) -> Posted {
    Posted::Failed(BodhiErrorKind::NoAnswer(why))
}

/// A status and what came with it, for people.
pub(super) fn answer(status: u16, body: &[u8]) -> String {
    match shapes::complaints(body).and_then(|complaints| complaints.into_iter().next()) {
        Some(first) => {
            let text: String = first.description.chars().take(200).collect();
            format!("status {status}, {}: {text}", first.name)
        }
        None => format!("status {status}, {}", shapes::what_is(body)),
    }
}

/// The update object; of several (a side tag with builds of two releases) the one that holds most of ours.
fn made(body: &[u8], nvrs: &[String]) -> Result<Update, String> {
    if let Ok(update) = shapes::read::<RawUpdate>(body) {
        return Ok(update.into());
    }
    let several: RawUpdates = shapes::read(body)?;
    let updates = several.updates.into_iter().map(Update::from);
    let ours = |update: &Update| update.builds.iter().filter(|build| nvrs.contains(build)).count();
    updates.max_by_key(ours).ok_or_else(|| "an empty list of updates".to_owned())
}

/// What a list of complaints means. The whole list is looked through: the one that counts need not be the first.
///
/// **Source:** bodhi-server 26.4, `services/updates.py` and `validators.py`, and recorded refusals.
fn refused(status: u16, complaints: Vec<Complaint>, nvrs: &[String]) -> Posted {
    let said = |text: &str| complaints.iter().any(|complaint| complaint.description.contains(text));
    let named = |name: &str| complaints.iter().find(|complaint| complaint.name == name);
    if let Some(complaint) = named("csrf_token") {
        return Posted::Denied(complaint.description.clone());
    }
    if let Some(complaint) = named("HTTPForbidden").filter(|_| status == 403) {
        return Posted::Denied(complaint.description.clone());
    }
    if said("already exists using this side tag") {
        return Posted::Failed(BodhiErrorKind::AlreadyExists);
    }
    if said("Unable to create update") {
        // Said after the row was committed as well as before: the update may be there.
        let texts: Vec<_> =
            complaints.iter().map(|complaint| complaint.description.as_str()).collect();
        return unsettled(texts.join("; "));
    }
    if said("Koji error getting build") {
        return Posted::Failed(BodhiErrorKind::Unavailable(
            "Bodhi failed to ask Koji about a build".to_owned(),
        ));
    }
    let builds = nvrs
        .iter()
        .filter(|nvr| complaints.iter().any(|complaint| names(complaint, nvr)))
        .cloned()
        .collect();
    Posted::Failed(BodhiErrorKind::Refused { complaints, builds })
}

/// Whether a complaint is about this build: by its NVR, or by its package where Bodhi names that alone.
fn names(complaint: &Complaint, nvr: &str) -> bool {
    let text = complaint.description.as_str();
    if has_word(text, nvr) {
        return true;
    }
    let doubled =
        text.strip_prefix("Multiple ").and_then(|rest| rest.split_once(" builds specified"));
    let denied =
        text.split_once("does not have commit access to ").map(|(_, package)| package.trim());
    let package = doubled.map(|(package, _)| package).or(denied);
    package.is_some() && nvr.parse::<Nvr>().ok().is_some_and(|nvr| package == Some(nvr.name()))
}

/// Whether `word` stands in `text` as a whole NVR, not as part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "._+~^-".contains(c);
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + word.len()..].chars();
        let full_stop = after.clone().next() == Some('.')
            && after.clone().nth(1).is_none_or(char::is_whitespace);
        !before.is_some_and(inside) && (full_stop || !after.next().is_some_and(inside))
    })
}

#[cfg(test)]
mod tests;
