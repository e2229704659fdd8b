//! Many calls in few: a bounded number per multiCall, a bounded number of multiCalls side by side. Does *not* know any
//! method.

use std::collections::BTreeMap;

use futures_util::{
    FutureExt as _,
    stream::{FuturesUnordered, StreamExt as _},
};
use serde::de::DeserializeOwned;

use super::{
    api::{Each, MAX_BULK},
    caller::Caller,
    error::{Fault, KojiError, KojiErrorKind, Retry},
    xmlrpc::{self, MethodCall},
};

/// Most threes in one multiCall: the answers about a build's tasks are long, and several such bodies are in memory at once.
const MAX_TRIPLES: usize = 60;

/// Below this many calls a multiCall is not cut further: a request has its price too.
const MIN_BULK: usize = 100;

/// How many of so many calls go into one multiCall: as few rounds as there can be, and all multiCalls about equally long. The
/// hub works on one after the other inside of one, and on several side by side.
fn fair(calls: usize, side_by_side: usize) -> usize {
    let rounds = calls.div_ceil(side_by_side.saturating_mul(MAX_BULK)).max(1);
    calls.div_ceil(side_by_side.saturating_mul(rounds)).clamp(MIN_BULK, MAX_BULK)
}

/// What the chunks brought: their results in order, and the fault that says most of what to do.
struct Gathered<T> {
    results: Vec<T>,
    fault: Option<KojiError>,
}

/// Many reads.
pub(super) async fn read_each<T>(
    caller: &Caller,
    method: &'static str,
    calls: &[MethodCall],
) -> Result<Vec<Each<T>>, KojiError>
where
    T: DeserializeOwned + Send + 'static,
{
    let size = fair(calls.len(), caller.side_by_side());
    let chunks = calls.chunks(size).map(|chunk| async move {
        let answers: Vec<xmlrpc::Each<T>> = caller.read_many(method, chunk).await?;
        one_for_each(method, chunk.len(), answers)
    });
    let Gathered { results, fault } = gather(caller.side_by_side(), chunks.collect()).await;
    fault.map_or(Ok(results), Err)
}

/// Reads that each take many things at once.
pub(super) async fn read_chunks<'a, A: 'a, T, R>(
    caller: &Caller,
    chunks: impl Iterator<Item = &'a [A]>,
    read: impl Fn(&'a [A]) -> R,
) -> Result<Vec<T>, KojiError>
where
    R: Future<Output = Result<Vec<T>, KojiError>>,
{
    let Gathered { results, fault } =
        gather(caller.side_by_side(), chunks.map(read).collect()).await;
    fault.map_or(Ok(results), Err)
}

/// Many reads in threes, each of its own type.
pub(super) async fn read_triples<A, B, C>(
    caller: &Caller,
    method: &'static str,
    calls: &[[MethodCall; 3]],
) -> Result<Vec<(Each<A>, Each<B>, Each<C>)>, KojiError>
where
    A: DeserializeOwned + Send + 'static,
    B: DeserializeOwned + Send + 'static,
    C: DeserializeOwned + Send + 'static,
{
    let chunks = calls.chunks(MAX_TRIPLES).map(|chunk| async move {
        let answer: xmlrpc::Triples<A, B, C> = caller.read_many(method, &chunk.concat()).await?;
        check_count(method, chunk.len(), answer.0.len())?;
        let split = |(a, b, c): (Result<A, _>, Result<B, _>, Result<C, _>)| {
            (a.map_err(Fault::from), b.map_err(Fault::from), c.map_err(Fault::from))
        };
        Ok(answer.0.into_iter().map(split).collect())
    });
    let Gathered { results, fault } = gather(caller.side_by_side(), chunks.collect()).await;
    fault.map_or(Ok(results), Err)
}

/// Many changes; each multiCall is one transaction of the hub.
pub(super) async fn change_each<T>(
    caller: &Caller,
    method: &'static str,
    calls: &[MethodCall],
) -> Result<Vec<Each<T>>, KojiError>
where
    T: DeserializeOwned + Send + 'static,
{
    let size = fair(calls.len(), caller.side_by_side());
    let chunks = calls.chunks(size).map(|chunk| change_together(caller, method, chunk));
    let Gathered { results, fault } = gather(caller.side_by_side(), chunks.collect()).await;
    match fault {
        None => Ok(results),
        Some(fault) => Err(after_some(fault, results.len())),
    }
}

/// Changes in one multiCall: all of them were heard, or none.
pub(super) async fn change_together<T>(
    caller: &Caller,
    method: &'static str,
    calls: &[MethodCall],
) -> Result<Vec<Each<T>>, KojiError>
where
    T: DeserializeOwned + Send + 'static,
{
    let answers: Vec<xmlrpc::Each<T>> = caller.change_many(method, calls).await?;
    one_for_each(method, calls.len(), answers)
}

/// Runs the chunks, a few at a time. After a failure none is begun, and all that are under way end.
async fn gather<T>(
    side_by_side: usize,
    chunks: Vec<impl Future<Output = Result<Vec<T>, KojiError>>>,
) -> Gathered<T> {
    let mut waiting = chunks.into_iter().enumerate();
    let mut running = FuturesUnordered::new();
    let (mut done, mut failed) = (BTreeMap::new(), None);
    loop {
        while failed.is_none()
            && running.len() < side_by_side
            && let Some((number, chunk)) = waiting.next()
        {
            running.push(chunk.map(move |end| (number, end)));
        }
        match running.next().await {
            None => break,
            Some((number, Ok(some))) => drop(done.insert(number, some)),
            // One that may have run says more than one that did not.
            Some((_, Err(fault))) if fault.retry() == Retry::Look => failed = Some(fault),
            Some((_, Err(fault))) => drop(failed.get_or_insert(fault)),
        }
    }
    Gathered { results: done.into_values().flatten().collect(), fault: failed }
}

fn one_for_each<T>(
    method: &'static str,
    asked: usize,
    answers: Vec<xmlrpc::Each<T>>,
) -> Result<Vec<Each<T>>, KojiError> {
    check_count(method, asked, answers.len())?;
    Ok(answers.into_iter().map(|answer| answer.0.map_err(Fault::from)).collect())
}

fn check_count(method: &'static str, asked: usize, answered: usize) -> Result<(), KojiError> {
    if asked == answered {
        Ok(())
    } else {
        let kind = KojiErrorKind::NoAnswer(format!("{answered} results for {asked} calls"));
        Err(KojiError { method, kind })
    }
}

/// When other chunks took effect, "nothing ran" would be a lie: the caller must look.
fn after_some(fault: KojiError, done: usize) -> KojiError {
    if done == 0 || fault.retry() == Retry::Look {
        return fault;
    }
    KojiError {
        method: fault.method,
        kind: KojiErrorKind::NoAnswer(format!("after {done} were done: {}", fault.kind)),
    }
}

#[cfg(test)]
mod tests;
