//! Finding things by what callers name them with: ids, names, structs.

use ebs_shared::koji::xmlrpc::Value;

use crate::{
    koji::args::{number, repr},
    world::{Build, Refusal, State, Tag, Target, User},
};

/// What a struct names a thing with: its `id`, else its `name`.
fn inner(value: &Value) -> &Value {
    match value.as_struct() {
        None => value,
        Some(_) => value.get("id").or_else(|| value.get("name")).unwrap_or(value),
    }
}

/// A live tag.
///
/// # Errors
///
/// 1019 if it is named with another type.
pub(super) fn tag<'a>(state: &'a State, named: &Value) -> Result<Option<&'a Tag>, Refusal> {
    match inner(named) {
        Value::Int(id) => Ok(state.tag(*id)),
        Value::Str(name) => Ok(state.tag_named(name)),
        other => Err(Refusal::new(1019, format!("Invalid name or id value: {}", repr(other)))),
    }
}

/// A live tag that must be there; its id.
///
/// # Errors
///
/// 1000 if there is none, 1019 if it is named with another type.
pub(super) fn tag_id(state: &State, named: &Value) -> Result<i64, Refusal> {
    tag(state, named)?.map(|tag| tag.id).ok_or_else(|| no_tag(named))
}

/// The hub's text for a tag that is not there.
pub(super) fn no_tag(named: &Value) -> Refusal {
    Refusal::generic(format!("No such tagInfo: {}", repr(named)))
}

/// A target.
///
/// # Errors
///
/// 1019 if it is named with another type.
pub(super) fn target<'a>(state: &'a State, named: &Value) -> Result<Option<&'a Target>, Refusal> {
    match inner(named) {
        Value::Int(id) => Ok(state.target(*id)),
        Value::Str(name) => Ok(state.target_named(name)),
        other => Err(Refusal::new(1019, format!("Invalid name or id value: {}", repr(other)))),
    }
}

/// A user.
///
/// # Errors
///
/// 1000 if it is named with another type.
pub(super) fn user<'a>(state: &'a State, named: &Value) -> Result<Option<&'a User>, Refusal> {
    let named = match named.as_struct() {
        None => named,
        Some(_) => named
            .get("id")
            .or_else(|| named.get("name"))
            .or_else(|| named.get("krb_principal"))
            .unwrap_or(named),
    };
    match named {
        Value::Int(id) => Ok(state.user(*id)),
        Value::Str(name) => Ok(state.user_named(name)),
        other => Err(Refusal::generic(format!("Invalid type for userInfo: {}", repr(other)))),
    }
}

/// A build.
///
/// # Errors
///
/// 1000 if a text is no NVR, or it is named with another type.
pub(super) fn build<'a>(state: &'a State, named: &Value) -> Result<Option<&'a Build>, Refusal> {
    match named {
        Value::Int(id) => Ok(state.build(*id)),
        Value::Str(nvr) => {
            if nvr.rsplitn(3, '-').count() < 3 {
                return Err(Refusal::generic(format!("invalid format: {nvr}")));
            }
            Ok(state.build_named(nvr))
        }
        Value::Struct(_) => {
            if let Some(id) = named.get("id").or_else(|| named.get("build_id")) {
                return Ok(state.build(number(id)?));
            }
            let part = |name: &str| named.get(name).and_then(Value::as_str).unwrap_or_default();
            Ok(state.build_named(&format!(
                "{}-{}-{}",
                part("name"),
                part("version"),
                part("release")
            )))
        }
        other => {
            Err(Refusal::generic(format!("invalid type for build identifier: {}", repr(other))))
        }
    }
}

/// A build that must be there; its id.
///
/// # Errors
///
/// 1000 if there is none.
pub(super) fn build_id(state: &State, named: &Value) -> Result<i64, Refusal> {
    let found = build(state, named)?.map(|build| build.id);
    found.ok_or_else(|| Refusal::generic(format!("No such build: {}", repr(named))))
}
