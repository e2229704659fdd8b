//! From a call to its method: signatures, `multiCall`, and what the hub puts around results.

use ebs_shared::koji::xmlrpc::{MethodCall, Value};

use super::{
    args::Args,
    context::{Context, Failure},
    methods::{self, Handler},
};
use crate::world::{Refusal, State};

/// Deepest nesting of `multiCall`.
const MAX_NESTING: u8 = 4;

/// Runs one call.
pub(super) fn call(cx: &mut Context<'_>, call: &MethodCall) -> Result<Value, Failure> {
    run(cx, call, 0)
}

fn run(cx: &mut Context<'_>, call: &MethodCall, depth: u8) -> Result<Value, Failure> {
    if matches!(call.method.as_ref(), "multiCall" | "system.multicall") {
        return multi(cx, call, depth);
    }
    cx.state.record.count_call(&call.method);
    let (handler, args) = resolve(cx.state, call)?;
    handler(cx, &args)
}

fn resolve(state: &mut State, call: &MethodCall) -> Result<(Handler, Args), Failure> {
    let Some((signature, handler)) = methods::find(&call.method) else {
        state.record.count_unknown(&call.method);
        return Err(Refusal::generic(format!("Invalid method: {}", call.method)).into());
    };
    // A star takes any number of arguments, but none by name.
    let args = if signature == "*" {
        let all = Value::Array(call.params.clone());
        Args::bind(&call.method, "args", &[all], &call.named)?
    } else {
        Args::bind(&call.method, signature, &call.params, &call.named)?
    };
    Ok((handler, args))
}

/// A `multiCall`: each element by itself, but lists that are made lazily come last and see what the others changed; if one of
/// those is broken, everything is undone and one fault is the whole reply.
fn multi(cx: &mut Context<'_>, call: &MethodCall, depth: u8) -> Result<Value, Failure> {
    if depth >= MAX_NESTING {
        return Err(
            Refusal::new(1, "<class 'RecursionError'>: maximum recursion depth exceeded").into()
        );
    }
    let elements = match call.params.as_slice() {
        [Value::Array(elements)] => elements,
        _ => {
            return Err(Refusal::new(
                1019,
                "RootExports.multiCall() missing 1 required positional argument: 'calls'",
            )
            .into());
        }
    };
    let calls: Vec<Option<MethodCall>> = elements.iter().map(MethodCall::from_element).collect();
    // What only shows while the reply is written is found before anything runs: the outcome is the same as undoing it all.
    for lazy in calls.iter().flatten().filter(|call| methods::is_lazy(&call.method)) {
        if let Some(fault) = methods::lazy_fault(cx.state, lazy) {
            for call in calls.iter().flatten() {
                cx.state.record.count_call(&call.method);
            }
            return Err(fault.into());
        }
    }
    let mut replies: Vec<Option<Value>> = vec![None; calls.len()];
    for lazy in [false, true] {
        for (call, reply) in calls.iter().zip(&mut replies) {
            let Some(call) = call else {
                *reply = Some(element(Err(Refusal::new(1, "methodName").into())));
                continue;
            };
            if methods::is_lazy(&call.method) == lazy {
                *reply = Some(element(run(cx, call, depth + 1)));
            }
        }
    }
    Ok(replies.into_iter().map(|reply| reply.unwrap_or(Value::Nil)).collect::<Vec<_>>().into())
}

fn element(result: Result<Value, Failure>) -> Value {
    match result {
        Ok(value) => Value::Array(vec![value]),
        Err(Failure { fault, ready_made }) => {
            // A failure that is not Koji's own shows its arguments alone, without its class.
            let text = match fault.text.split_once(": ") {
                Some((class, text)) if fault.code == 1 && class.starts_with("<class") => {
                    text.to_owned()
                }
                _ => fault.text,
            };
            let mut members = vec![
                ("faultCode".to_owned(), fault.code.into()),
                ("faultString".to_owned(), text.as_str().into()),
            ];
            if !ready_made {
                let lines =
                    vec!["Traceback (most recent call last):\n".into(), format!("{text}\n").into()];
                members.push(("traceback".to_owned(), Value::Array(lines)));
            }
            Value::Struct(members)
        }
    }
}
