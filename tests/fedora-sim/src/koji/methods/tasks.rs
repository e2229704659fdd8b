//! Tasks: looking at them, their results and their files, cancelling them.

use ebs_shared::koji::xmlrpc::Value;

use crate::{
    koji::{
        args::{Args, number},
        context::{Context, Failure},
        render,
    },
    world::{Refusal, State, Task, TaskResult, TaskState},
};

type Reply = Result<Value, Failure>;

/// What a log file of the simulator holds.
const LOG: &str = "simulated\n";

pub(super) fn task_info(cx: &mut Context<'_>, args: &Args) -> Reply {
    let (request, strict) = (args.truth("request", false), args.truth("strict", false));
    let one = |named: &Value| -> Result<Value, Refusal> {
        match cx.state.task(number(named)?) {
            Some(task) => Ok(Value::Struct(render::task(task, request))),
            None if strict => Err(Refusal::generic("query returned no rows")),
            None => Ok(Value::Nil),
        }
    };
    match args.get("task_id") {
        Value::Array(tasks) => Ok(tasks.iter().map(one).collect::<Result<Vec<_>, _>>()?.into()),
        named => Ok(one(named)?),
    }
}

pub(super) fn task_request(cx: &mut Context<'_>, args: &Args) -> Reply {
    let task = cx.state.task(args.number("taskId")?);
    Ok(task.ok_or_else(|| Refusal::generic("No such task"))?.request.clone().into())
}

/// Children in no order: the hub's come as the database has them, so a client must not rely on any.
fn rows(state: &State, task: i64, request: bool) -> Vec<Value> {
    let mut rows: Vec<&Task> = state.children(task).collect();
    rows.sort_by_key(|child| crate::chance::draw(1, &[&child.id.to_string()]));
    rows.into_iter().map(|child| Value::Struct(render::task(child, request))).collect()
}

pub(super) fn children(cx: &mut Context<'_>, args: &Args) -> Reply {
    let id = args.number("task_id")?;
    if args.truth("strict", false) && cx.state.task(id).is_none() {
        return Err(Refusal::generic(format!("No such task: {id}")).into());
    }
    Ok(rows(cx.state, id, args.truth("request", false)).into())
}

pub(super) fn descendents(cx: &mut Context<'_>, args: &Args) -> Reply {
    let request = args.truth("request", false);
    let mut members = Vec::new();
    let mut todo = vec![args.number("task_id")?];
    while let Some(id) = todo.pop() {
        members.push((id.to_string(), rows(cx.state, id, request).into()));
        todo.extend(cx.state.children(id).map(|child| child.id));
    }
    Ok(Value::Struct(members))
}

pub(super) fn task_result(cx: &mut Context<'_>, args: &Args) -> Reply {
    let id = args.number("taskId")?;
    let Some(task) = cx.state.task(id) else { return Err(Refusal::generic("No such task").into()) };
    match (&task.result, task.state) {
        (_, TaskState::Canceled) => Err(Refusal::generic(format!("Task {id} is canceled")).into()),
        (TaskResult::Value(value), _) => Ok(value.clone()),
        (TaskResult::Fault(fault), _) if args.truth("raise_fault", true) => {
            Err(Failure { fault: fault.clone(), ready_made: true })
        }
        (TaskResult::Fault(fault), _) => Ok(fault_value(fault)),
        (TaskResult::None, _) => Err(Refusal::generic(format!("Task {id} is not finished")).into()),
    }
}

/// A fault as a value.
pub(super) fn fault_value(fault: &Refusal) -> Value {
    Value::object([("faultCode", fault.code.into()), ("faultString", fault.text.as_str().into())])
}

pub(super) fn finished(cx: &mut Context<'_>, args: &Args) -> Reply {
    let task = cx.state.task(args.number("taskId")?);
    Ok(task.is_some_and(|task| task.state.is_final()).into())
}

pub(super) fn cancel(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.user()?;
    let id = args.number("task_id")?;
    let open = cx.state.task(id).is_some_and(|task| !task.state.is_final());
    cx.state.cancel_task(id, user)?;
    cx.changed |= open;
    Ok(Value::Nil)
}

pub(super) fn cancel_full(cx: &mut Context<'_>, args: &Args) -> Reply {
    cx.permitted("admin")?;
    cancel(cx, args)
}

pub(super) fn resubmit(cx: &mut Context<'_>, args: &Args) -> Reply {
    let user = cx.user()?;
    let id = args.number("taskID")?;
    let task = cx.state.resubmit(id, user)?;
    cx.changed = true;
    Ok(task.into())
}

/// The files that a task has left.
fn files(state: &State, id: i64) -> Vec<String> {
    let Some(task) = state.task(id).filter(|task| task.started.is_some()) else {
        return Vec::new();
    };
    let logs = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    match (task.method, &task.result) {
        ("buildArch", TaskResult::Value(value)) => {
            let mut list =
                logs(&["build.log", "state.log", "hw_info.log", "mock_output.log", "root.log"]);
            let made = ["srpms", "rpms"]
                .into_iter()
                .filter_map(|kind| value.get(kind))
                .filter_map(Value::as_array);
            list.extend(
                made.flatten()
                    .filter_map(Value::as_str)
                    .filter_map(|path| path.rsplit('/').next())
                    .map(str::to_owned),
            );
            list
        }
        ("buildArch", _) => {
            logs(&["build.log", "state.log", "hw_info.log", "mock_output.log", "root.log"])
        }
        ("buildSRPMFromSCM", _) => logs(&["checkout.log", "build.log", "root.log", "state.log"]),
        _ => Vec::new(),
    }
}

/// No buildroot is played: none is found, whatever is asked for. `koji taskinfo` asks.
pub(super) fn buildroots(_: &mut Context<'_>, _: &Args) -> Reply {
    Ok(Value::Array(Vec::new()))
}

pub(super) fn output(cx: &mut Context<'_>, args: &Args) -> Reply {
    let id = args.number("taskID")?;
    let files = files(cx.state, id);
    if args.truth("all_volumes", false) {
        let members = files.into_iter().map(|name| (name, vec!["DEFAULT".into()].into()));
        return Ok(Value::Struct(members.collect()));
    }
    if args.truth("stat", false) {
        let at = cx.state.task(id).and_then(|task| task.started).map(render::seconds);
        let stat = Value::object([
            ("st_atime", at.into()),
            ("st_ctime", at.into()),
            ("st_mtime", at.into()),
            ("st_size", LOG.len().to_string().into()),
        ]);
        return Ok(Value::Struct(files.into_iter().map(|name| (name, stat.clone())).collect()));
    }
    Ok(files.into_iter().map(Value::from).collect::<Vec<_>>().into())
}

pub(super) fn download(cx: &mut Context<'_>, args: &Args) -> Reply {
    let id = args.number("taskID")?;
    let file = args.text("fileName").unwrap_or_default();
    if !files(cx.state, id).iter().any(|name| name == file) {
        return Err(Refusal::generic(format!("no file \"{file}\" output by task {id}")).into());
    }
    let offset = args.get("offset").as_int().unwrap_or(0);
    let length = i64::try_from(LOG.len()).unwrap_or(0);
    let start = if offset < 0 { length + offset } else { offset.min(length) };
    let Ok(start) = usize::try_from(start) else {
        return Err(Refusal::new(1, "<class 'OSError'>: [Errno 22] Invalid argument").into());
    };
    let rest = LOG.as_bytes().get(start..).unwrap_or_default();
    let size =
        args.get("size").as_int().and_then(|size| usize::try_from(size).ok()).unwrap_or(rest.len());
    Ok(base64(rest.get(..size.min(rest.len())).unwrap_or_default()).into())
}

/// Base64 with padding. Written out, since nothing else here needs it.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |place: usize| u32::from(chunk.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4_usize {
            let index = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or(0);
            let letter = LETTERS.get(index).map_or('=', |letter| char::from(*letter));
            out.push(if place <= chunk.len() { letter } else { '=' });
        }
    }
    out
}
