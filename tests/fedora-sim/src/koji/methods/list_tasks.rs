//! `listTasks`, and the paging that lists have in common.

use ebs_shared::koji::xmlrpc::{MethodCall, Value, write_call, write_fault, write_reply};

use super::tasks::fault_value;
use crate::{
    koji::{
        args::{Args, truthy},
        context::{Context, Failure},
        render,
    },
    world::{Refusal, State, Task, TaskResult},
};

/// Fields by which tasks can be ordered.
const FIELDS: [&str; 8] =
    ["id", "state", "create_time", "start_time", "completion_time", "priority", "method", "owner"];

/// Rows as lists of members.
type Rows = Vec<Vec<(String, Value)>>;

fn broken(what: &str) -> Refusal {
    Refusal::new(1, format!("<class 'psycopg2.errors.DatatypeMismatch'>: {what}"))
}

/// What the database would refuse while the reply is written.
pub(super) fn check(args: &Args) -> Result<(), Refusal> {
    let opts = args.get("opts");
    for name in ["state", "not_state", "arch", "not_arch"] {
        if let Some(given) = opts.get(name)
            && !matches!(given, Value::Array(_))
        {
            return Err(broken("op ANY/ALL (array) requires array on right side"));
        }
    }
    for name in ["owner", "host_id", "channel_id", "parent"] {
        for name in [name.to_owned(), format!("not_{name}")] {
            if let Some(Value::Str(_)) = opts.get(&name) {
                return Err(broken("invalid input syntax for type integer"));
            }
        }
    }
    check_page(args.get("queryOpts"), &FIELDS)
}

/// Whether the fields that a list shall be ordered by exist.
pub(super) fn check_page(query: &Value, fields: &[&str]) -> Result<(), Refusal> {
    let order = query.get("order").and_then(Value::as_str).unwrap_or_default();
    for field in order.split(',').filter(|field| !field.is_empty()) {
        let field = field.trim_start_matches('-');
        if !fields.contains(&field) {
            return Err(Refusal::new(1, format!("<class 'Exception'>: Invalid order: {field}")));
        }
    }
    Ok(())
}

/// Orders, cuts and counts rows as `queryOpts` says.
pub(super) fn page(mut rows: Rows, query: &Value) -> Result<Value, Failure> {
    if query.get("countOnly").is_some_and(truthy) {
        return Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX).into());
    }
    let order = query.get("order").and_then(Value::as_str).unwrap_or_default();
    // Later fields decide where earlier ones do not, so the sort begins with the last.
    for field in order.split(',').filter(|field| !field.is_empty()).rev() {
        let (name, down) = field.strip_prefix('-').map_or((field, false), |name| (name, true));
        rows.sort_by(|one, other| {
            let order = sort_key(one, name)
                .partial_cmp(&sort_key(other, name))
                .unwrap_or(std::cmp::Ordering::Equal);
            if down { order.reverse() } else { order }
        });
    }
    let number =
        |name: &str| query.get(name).and_then(Value::as_int).and_then(|n| usize::try_from(n).ok());
    let rows = rows
        .into_iter()
        .skip(number("offset").unwrap_or(0))
        .take(number("limit").unwrap_or(usize::MAX));
    let as_list = query.get("asList").is_some_and(truthy);
    let rows = rows.map(|mut row| {
        if as_list {
            row.sort_by(|(one, _), (other, _)| one.cmp(other));
            return row.into_iter().map(|(_, value)| value).collect::<Vec<_>>().into();
        }
        Value::Struct(row)
    });
    Ok(rows.collect::<Vec<_>>().into())
}

fn sort_key(row: &[(String, Value)], name: &str) -> (i64, String) {
    match row.iter().find(|(member, _)| member == name).map(|(_, value)| value) {
        Some(Value::Int(number)) => (*number, String::new()),
        Some(Value::Str(text)) => (0, text.clone()),
        // Postgres puts nulls last.
        _ => (i64::MAX, "\u{10ffff}".to_owned()),
    }
}

pub(super) fn list_tasks(cx: &mut Context<'_>, args: &Args) -> Result<Value, Failure> {
    check(args)?;
    let (opts, query) = (args.get("opts"), args.get("queryOpts"));
    let decode = opts.get("decode").is_some_and(truthy);
    let state: &State = cx.state;
    let fits = |task: &&Task| fits(task, opts);
    let order = query.get("order").and_then(Value::as_str);
    // The usual question, "newest first, so many", does not have to look at all tasks of all time.
    let limit = query.get("limit").and_then(Value::as_int).and_then(|n| usize::try_from(n).ok());
    if let (Some("-id"), Some(limit), None) = (order, limit, query.get("countOnly")) {
        let skip = query
            .get("offset")
            .and_then(Value::as_int)
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(0);
        let rows = state.tasks().rev().filter(fits).skip(skip).take(limit);
        return Ok(rows
            .map(|task| Value::Struct(row(state, task, decode)))
            .collect::<Vec<_>>()
            .into());
    }
    page(state.tasks().filter(fits).map(|task| row(state, task, decode)).collect(), query)
}

/// Whether a task has what the options ask for. Unknown options are ignored, as the hub does.
fn fits(task: &Task, opts: &Value) -> bool {
    let fields = [
        ("owner", Value::Int(task.owner)),
        ("host_id", task.host.into()),
        ("channel_id", Value::Int(task.channel)),
        ("parent", task.parent.into()),
        ("state", Value::Int(task.state.number())),
        ("arch", task.arch.as_str().into()),
        ("method", task.method.into()),
    ];
    let wanted = |value: &Value, given: &Value| match given {
        Value::Array(list) => list.contains(value),
        one => one == value,
    };
    let equal = fields.iter().all(|(name, value)| {
        opts.get(name).is_none_or(|given| wanted(value, given))
            && opts.get(&format!("not_{name}")).is_none_or(|given| !wanted(value, given))
    });
    let times =
        [("created", Some(task.created)), ("started", task.started), ("complete", task.completed)];
    equal
        && times.iter().all(|(name, at)| {
            let limit = |end: &str| opts.get(&format!("{name}{end}")).and_then(moment);
            limit("After").is_none_or(|after| at.is_some_and(|at| render::seconds(at) > after))
                && limit("Before")
                    .is_none_or(|before| at.is_some_and(|at| render::seconds(at) < before))
        })
}

/// A time as seconds since the epoch: a number, or ISO text.
fn moment(given: &Value) -> Option<f64> {
    match given {
        Value::Double(number) => Some(*number),
        Value::Int(number) => i32::try_from(*number).ok().map(f64::from),
        Value::Str(text) => {
            let text = text.replacen(' ', "T", 1);
            let parsed = chrono::DateTime::parse_from_rfc3339(&text).ok()?;
            Some(render::seconds(parsed.timestamp_micros()))
        }
        _ => None,
    }
}

fn row(state: &State, task: &Task, decode: bool) -> Vec<(String, Value)> {
    let mut shown = render::task(task, false);
    let (request, result) = if decode {
        let result = match &task.result {
            TaskResult::None => Value::Nil,
            TaskResult::Value(value) => vec![value.clone()].into(),
            TaskResult::Fault(fault) => fault_value(fault),
        };
        (task.request.clone().into(), result)
    } else {
        let call = MethodCall {
            method: task.method.into(),
            params: task.request.clone(),
            named: Vec::new(),
        };
        let result = match &task.result {
            TaskResult::None => Value::Nil,
            TaskResult::Value(value) => write_reply(value).into(),
            TaskResult::Fault(fault) => write_fault(fault.code, &fault.text).into(),
        };
        (write_call(&call).into(), result)
    };
    shown.extend(render::members([
        ("request", request),
        ("result", result),
        ("owner_name", state.user_name(task.owner).into()),
        ("owner_type", 0.into()),
    ]));
    shown
}
