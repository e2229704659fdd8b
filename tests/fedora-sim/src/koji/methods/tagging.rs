//! Tagging, untagging, and what is in a tag.

use ebs_shared::koji::xmlrpc::Value;

use super::find;
use crate::{
    koji::{
        args::Args,
        context::{Context, Failure},
        render,
    },
    script::SeedTrouble,
    world::{Refusal, State},
};

type Reply = Result<Value, Failure>;

/// The checks at the time of asking; "already tagged" is not among them.
fn check(state: &State, tag: i64, build: i64) -> Result<(), Refusal> {
    if let Some(found) = state.build(build)
        && state.script.seed_trouble.get(&found.name) == Some(&SeedTrouble::NotInList)
    {
        let tag = state.tag(tag).map_or("", |tag| &tag.name);
        return Err(Refusal::new(1003, format!("Package {} not in list for {tag}", found.name)));
    }
    state.check_tagging(tag, build)
}

pub(super) fn tag_build(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.user()?;
    let tag = find::tag_id(cx.state, args.get("tag"))?;
    let build = find::build_id(cx.state, args.get("build"))?;
    let from = match args.get("fromtag") {
        Value::Nil => None,
        named => Some(find::tag_id(cx.state, named)?),
    };
    check(cx.state, tag, build)?;
    cx.changed = true;
    Ok(cx.state.ask_tagging(tag, build, from, user).into())
}

pub(super) fn move_build(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.user()?;
    let from = find::tag_id(cx.state, args.get("tag1"))?;
    let to = find::tag_id(cx.state, args.get("tag2"))?;
    let build = find::build_id(cx.state, args.get("build"))?;
    check(cx.state, to, build)?;
    cx.changed = true;
    Ok(cx.state.ask_tagging(to, build, Some(from), user).into())
}

pub(super) fn tag_bypass(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.permitted("tag")?;
    let tag = find::tag_id(cx.state, args.get("tag"))?;
    let build = find::build_id(cx.state, args.get("build"))?;
    cx.state.tag_build(tag, build, user)?;
    cx.changed = true;
    Ok(Value::Nil)
}

fn untag(cx: &mut Context<'_>, args: &Args, user: i64) -> Reply {
    let tag = find::tag_id(cx.state, args.get("tag"))?;
    let build = find::build_id(cx.state, args.get("build"))?;
    if cx.state.is_tagged(tag, build) || args.truth("strict", true) {
        cx.state.untag_build(tag, build, user)?;
        cx.changed = true;
    }
    Ok(Value::Nil)
}

pub(super) fn untag_build(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.user()?;
    untag(cx, args, user)
}

pub(super) fn untag_bypass(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.permitted("tag")?;
    untag(cx, args, user)
}

pub(super) fn list_tagged(cx: &mut Context<'_>, args: &Args) -> Reply {
    let named = args.get("tag");
    let Some(tag) = find::tag(cx.state, named)?.map(|tag| tag.id) else {
        return if args.truth("strict", true) {
            Err(find::no_tag(named).into())
        } else {
            Ok(Value::Array(Vec::new()))
        };
    };
    let latest = match args.get("latest") {
        Value::Bool(true) => Some(1),
        Value::Int(count) if *count > 0 => usize::try_from(*count).ok(),
        _ => None,
    };
    let prefix = args.text("prefix").map(str::to_lowercase);
    let event = args.get("event").as_int();
    let (owner, draft) = (args.text("owner"), args.get("draft").as_bool());
    let extra = args.truth("extra", false);
    let rows =
        cx.state.list_tagged(tag, args.truth("inherit", false), latest, args.text("package"));
    let rows = rows.iter().filter(|row| {
        prefix.as_ref().is_none_or(|prefix| row.build.name.to_lowercase().starts_with(prefix))
            && owner.is_none_or(|owner| cx.state.user_name(row.build.owner) == owner)
            && draft.is_none_or(|draft| row.build.draft == draft)
            && event.is_none_or(|event| row.event <= event)
    });
    Ok(rows.map(|row| render::tagged(cx.state, row, extra)).collect::<Vec<_>>().into())
}

pub(super) fn latest_builds(cx: &mut Context<'_>, args: &Args) -> Reply {
    let tag = find::tag_id(cx.state, args.get("tag"))?;
    let rows = cx.state.list_tagged(tag, true, Some(1), args.text("package"));
    Ok(rows.iter().map(|row| render::tagged(cx.state, row, false)).collect::<Vec<_>>().into())
}
