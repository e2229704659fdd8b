//! The service itself, its sessions and its users.

use ebs_shared::koji::xmlrpc::Value;

use super::find;
use crate::{
    koji::{
        args::{Args, repr, truthy},
        context::{Context, Failure},
        render,
        sessions::Session,
    },
    world::Refusal,
};

type Reply = Result<Value, Failure>;

/// The hub that this one copies.
pub(in crate::koji) const VERSION: &str = "1.35.3";

pub(super) fn api_version(_: &mut Context<'_>, _: &Args) -> Reply {
    Ok(1.into())
}

pub(super) fn koji_version(_: &mut Context<'_>, _: &Args) -> Reply {
    Ok(VERSION.into())
}

pub(super) fn hello(_: &mut Context<'_>, _: &Args) -> Reply {
    Ok("Hello World".into())
}

pub(super) fn echo(_: &mut Context<'_>, args: &Args) -> Reply {
    Ok(args.get("args").clone())
}

pub(super) fn fault(_: &mut Context<'_>, _: &Args) -> Reply {
    Err(Refusal::new(1, "<class 'Exception'>: test exception").into())
}

pub(super) fn list_api(_: &mut Context<'_>, _: &Args) -> Reply {
    Ok(Value::Array(Vec::new()))
}

fn credentials(session: &Session) -> Value {
    Value::object([
        ("session-id", session.id.into()),
        ("session-key", session.key.as_str().into()),
        ("header-auth", true.into()),
    ])
}

/// A new session, or the caller's own with a new key.
fn enter(cx: &mut Context<'_>, user: i64, auth: i64, renew: bool) -> Reply {
    let own = cx.caller.session.filter(|_| cx.caller.user == Some(user));
    let session = match (renew, own) {
        (true, Some(id)) => cx.state.renew_session(id),
        (true, None) => None,
        (false, _) => Some(cx.state.open_session(user, auth)),
    };
    match session {
        Some(session) => Ok(credentials(&session)),
        None => Err(Refusal::new(1002, "Invalid session or bad credentials").into()),
    }
}

fn refuse_second_login(cx: &Context<'_>, renew: bool) -> Result<(), Failure> {
    if cx.shown_session && !renew {
        return Err(Refusal::new(1002, "Already logged in").into());
    }
    Ok(())
}

pub(super) fn login(cx: &mut Context<'_>, args: &Args) -> Reply {
    let renew = args.truth("renew", false);
    refuse_second_login(cx, renew)?;
    let (name, password) =
        (args.text("user").unwrap_or_default(), args.text("password").unwrap_or_default());
    let user = cx.state.user_named(name).filter(|user| {
        !password.is_empty() && user.name == name && user.password.as_deref() == Some(password)
    });
    match user.map(|user| user.id) {
        Some(id) => enter(cx, id, 0, renew),
        None => Err(Refusal::new(1002, "invalid username or password").into()),
    }
}

pub(super) fn ssl_login(cx: &mut Context<'_>, args: &Args) -> Reply {
    let renew = args.truth("renew", false);
    refuse_second_login(cx, renew)?;
    let Some(name) = cx.remote_user.clone() else {
        return Err(Refusal::new(1002, "could not verify client: None").into());
    };
    if truthy(args.get("proxyuser")) {
        return Err(
            Refusal::new(1002, format!("{name} is not authorized to login other users")).into()
        );
    }
    let known = cx.state.user_named(&name).map(|user| user.id);
    let id = known.unwrap_or_else(|| {
        let short = name.split('@').next().unwrap_or_default().to_owned();
        let id = cx.state.new_user(&short);
        if let Some(user) = cx.state.user_mut(id) {
            user.principals.push(name);
        }
        id
    });
    enter(cx, id, 3, renew)
}

pub(super) fn logout(cx: &mut Context<'_>, _: &Args) -> Reply {
    let session = cx.caller.session.and_then(|id| cx.state.session_mut(id));
    match session {
        Some(session) => session.closed = true,
        None => return Err(Refusal::new(1002, "Not logged in").into()),
    }
    Ok(Value::Nil)
}

pub(super) fn subsession(cx: &mut Context<'_>, _: &Args) -> Reply {
    let user = cx.user()?;
    let session = cx.state.open_session(user, 0);
    Ok(credentials(&session))
}

pub(super) fn exclusive(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.user()?;
    let own = cx.caller.session;
    let force = args.truth("force", false);
    for session in cx.state.sessions_of(user) {
        if Some(session.id) != own && session.exclusive {
            if !force {
                return Err(Refusal::new(1006, "Cannot get exclusive session").into());
            }
            session.closed = true;
        }
    }
    if let Some(session) = own.and_then(|id| cx.state.session_mut(id)) {
        session.exclusive = true;
    }
    Ok(Value::Nil)
}

pub(super) fn logged_in_user(cx: &mut Context<'_>, _: &Args) -> Reply {
    let session = cx.caller.session.and_then(|id| cx.state.session(id));
    let Some((session, user)) = session.and_then(|s| cx.state.user(s.user).map(|user| (s, user)))
    else {
        return Ok(Value::Nil);
    };
    let mut shown = render::user(user);
    let principal = user.principals.first().filter(|_| session.auth != 0).cloned();
    shown.extend(render::members([
        ("authtype", session.auth.into()),
        ("krb_principal", principal.into()),
    ]));
    Ok(Value::Struct(shown))
}

pub(super) fn get_user(cx: &mut Context<'_>, args: &Args) -> Reply {
    let named = args.get("userInfo");
    let found =
        if named.is_nil() { cx.state.user(cx.user()?) } else { find::user(cx.state, named)? };
    match found {
        Some(user) => {
            let mut shown = render::user(user);
            if args.truth("groups", false) {
                shown.push(("groups".to_owned(), Value::Array(Vec::new())));
            }
            Ok(Value::Struct(shown))
        }
        None if args.truth("strict", false) => {
            Err(Refusal::generic(format!("No such user: {}", repr(named))).into())
        }
        None => Ok(Value::Nil),
    }
}

pub(super) fn last_event(cx: &mut Context<'_>, _: &Args) -> Reply {
    let id = cx.state.last_event();
    let at = cx.state.event_time(id).map(render::seconds);
    Ok(Value::object([("id", id.into()), ("ts", at.into())]))
}

pub(super) fn channel(_: &mut Context<'_>, args: &Args) -> Reply {
    let name = if args.get("channelInfo").as_int() == Some(2) { "createrepo" } else { "default" };
    Ok(Value::object([
        ("id", if name == "default" { 1 } else { 2 }.into()),
        ("name", name.into()),
        ("description", Value::Nil),
        ("enabled", true.into()),
        ("comment", Value::Nil),
    ]))
}

pub(super) fn host(_: &mut Context<'_>, _: &Args) -> Reply {
    Ok(Value::object([
        ("id", 1.into()),
        ("user_id", 1.into()),
        ("name", "builder1".into()),
        ("arches", "x86_64 aarch64".into()),
        ("capacity", 2.0.into()),
        ("description", Value::Nil),
        ("comment", Value::Nil),
        ("enabled", true.into()),
        ("ready", true.into()),
        ("task_load", 0.0.into()),
    ]))
}
