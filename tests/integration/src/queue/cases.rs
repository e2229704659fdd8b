//! What a queue promises, one function for each promise. Every implementation passes all of them.

use std::time::Duration;

use anyhow::{Context, ensure};
use ebs_domain::id::Epoch;
use ebs_shared::queue::{Beat, Depths, Enqueued, Finished, Forgotten, JobEnd, Lane, Presence};
use tokio::time::Instant;

use super::bench::{Bench, EPOCH, LEASE, job, next_results, put, take_one};
use crate::wait::{until, until_some};

type Case = anyhow::Result<()>;

/// A wait that no case should use up.
const LONG: Duration = Duration::from_secs(20);

/// What was put on comes out whole, and its report comes back.
pub async fn a_job_goes_out_whole_and_its_report_comes_back(bench: &dyn Bench) -> Case {
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    ensure!(put(&*producer, job("7:1", Lane::Submit)).await? == Some(Enqueued::New));
    let held = take_one(&*producer, &*worker).await?;
    ensure!(
        held.id == "7:1"
            && held.lane == Lane::Submit
            && held.kind == "submit_builds"
            && held.attempt == 1
    );
    ensure!(held.payload == "payload of 7:1" && held.what.starts_with("build 7:1 into"));
    ensure!(worker.complete(&held, "fine").await? == Finished::Recorded);
    ensure!(
        next_results(&*producer).await? == [("7:1".to_owned(), JobEnd::Done("fine".to_owned()))]
    );
    ensure!(producer.depths().await? == Depths::default());
    Ok(())
}

/// The same id asks for the same work, also when that is finished.
pub async fn a_job_put_on_twice_runs_once(bench: &dyn Bench) -> Case {
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    let twice = [job("7:1", Lane::Watch), job("7:1", Lane::Watch), job("8:1", Lane::Watch)];
    let answers = producer.enqueue(EPOCH, &twice).await?;
    ensure!(answers == [Enqueued::New, Enqueued::Duplicate, Enqueued::New]);
    let held = worker.take(&Lane::ALL, 9, LONG).await?;
    ensure!(held.len() == 2);
    for held in &held {
        worker.complete(held, "").await?;
    }
    ensure!(put(&*producer, job("7:1", Lane::Watch)).await? == Some(Enqueued::Duplicate));
    ensure!(worker.take(&Lane::ALL, 9, Duration::ZERO).await?.is_empty());
    Ok(())
}

/// Whoever was leader before another puts nothing on any more.
pub async fn an_older_epoch_is_fenced(bench: &dyn Bench) -> Case {
    let (old, new) = (bench.producer()?, bench.producer()?);
    ensure!(old.enqueue(Epoch::new(7), &[job("1:1", Lane::Submit)]).await? == [Enqueued::New]);
    ensure!(new.enqueue(Epoch::new(8), &[job("2:1", Lane::Submit)]).await? == [Enqueued::New]);
    let late = [job("3:1", Lane::Submit), job("4:1", Lane::Submit)];
    ensure!(old.enqueue(Epoch::new(7), &late).await? == [Enqueued::Fenced, Enqueued::Fenced]);
    ensure!(old.depths().await?.lanes.map(|lane| lane.0) == [2, 0]);
    Ok(())
}

/// Submissions come before polls, each in order, never more than wanted, and never of a lane not asked for.
pub async fn jobs_come_by_lane_and_in_order(bench: &dyn Bench) -> Case {
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    let jobs = [
        job("w1", Lane::Watch),
        job("s1", Lane::Submit),
        job("w2", Lane::Watch),
        job("s2", Lane::Submit),
    ];
    producer.enqueue(EPOCH, &jobs).await?;
    let ids = async |lanes: &[Lane], want| -> anyhow::Result<Vec<String>> {
        Ok(worker
            .take(lanes, want, Duration::ZERO)
            .await?
            .into_iter()
            .map(|held| held.id)
            .collect())
    };
    ensure!(ids(&[Lane::Watch], 1).await? == ["w1"]);
    ensure!(ids(&Lane::ALL, 2).await? == ["s1", "s2"]);
    ensure!(ids(&[Lane::Submit], 9).await?.is_empty());
    ensure!(ids(&Lane::ALL, 9).await? == ["w2"]);
    Ok(())
}

/// A worker that waits gets a job as soon as there is one, and nothing after its time.
pub async fn a_waiting_worker_is_woken(bench: &dyn Bench) -> Case {
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    let begun = Instant::now();
    ensure!(worker.take(&Lane::ALL, 1, Duration::from_millis(50)).await?.is_empty());
    ensure!(begun.elapsed() >= Duration::from_millis(50));
    let waiting = tokio::spawn(async move { worker.take(&Lane::ALL, 1, LONG).await });
    tokio::task::yield_now().await;
    put(&*producer, job("7:1", Lane::Watch)).await?;
    let held = waiting.await??;
    ensure!(held.len() == 1 && begun.elapsed() < LONG);
    Ok(())
}

/// The coordinator that waits for results is woken as well.
pub async fn a_waiting_coordinator_is_woken(bench: &dyn Bench) -> Case {
    let (producer, reader, worker) = (bench.producer()?, bench.producer()?, bench.consumer("one")?);
    put(&*producer, job("7:1", Lane::Watch)).await?;
    let held = take_one(&*producer, &*worker).await?;
    let waiting = tokio::spawn(async move { reader.results(10, LONG, false).await });
    tokio::task::yield_now().await;
    worker.complete(&held, "fine").await?;
    ensure!(waiting.await??.len() == 1);
    Ok(())
}

/// A report whose receipt was lost is sent again, and stands once.
pub async fn a_report_sent_twice_is_recorded_once(bench: &dyn Bench) -> Case {
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    put(&*producer, job("7:1", Lane::Submit)).await?;
    let held = take_one(&*producer, &*worker).await?;
    ensure!(worker.complete(&held, "first").await? == Finished::Recorded);
    ensure!(worker.complete(&held, "second").await? == Finished::Recorded);
    ensure!(
        next_results(&*producer).await? == [("7:1".to_owned(), JobEnd::Done("first".to_owned()))]
    );
    ensure!(producer.results(9, Duration::ZERO, true).await?.is_empty());
    Ok(())
}

/// A job whose holder fell silent goes to another; the first one learns it and can record nothing.
pub async fn a_silent_holder_loses_its_job(bench: &dyn Bench) -> Case {
    let (producer, zombie, heir) =
        (bench.producer()?, bench.consumer("zombie")?, bench.consumer("heir")?);
    put(&*producer, job("7:1", Lane::Submit)).await?;
    let old = take_one(&*producer, &*zombie).await?;
    let new = take_one(&*producer, &*heir).await?;
    ensure!(new.id == old.id && new.attempt == 2 && new.fence > old.fence);
    ensure!(zombie.beat(&old).await? == Beat::Lost);
    ensure!(zombie.complete(&old, "old").await? == Finished::Stale);
    ensure!(zombie.fail(&old, "old", Duration::ZERO, true).await? == Finished::Stale);
    ensure!(zombie.release(&old, Duration::ZERO).await? == Finished::Stale);
    ensure!(heir.complete(&new, "new").await? == Finished::Recorded);
    ensure!(zombie.complete(&old, "old").await? == Finished::Stale);
    ensure!(
        next_results(&*producer).await? == [("7:1".to_owned(), JobEnd::Done("new".to_owned()))]
    );
    Ok(())
}

/// A holder that beats keeps its job for as long as it likes.
pub async fn a_beating_holder_keeps_its_job(bench: &dyn Bench) -> Case {
    let (producer, worker, other) =
        (bench.producer()?, bench.consumer("one")?, bench.consumer("two")?);
    put(&*producer, job("7:1", Lane::Submit)).await?;
    let held = take_one(&*producer, &*worker).await?;
    let begun = Instant::now();
    until("two leases have passed", async || {
        ensure!(worker.beat(&held).await? == Beat::Held);
        producer.maintain().await?;
        ensure!(other.take(&Lane::ALL, 1, Duration::ZERO).await?.is_empty());
        Ok(begun.elapsed() > LEASE * 2)
    })
    .await?;
    ensure!(worker.complete(&held, "").await? == Finished::Recorded);
    Ok(())
}

/// After a holder's death, a job is not handed out before its delay is over.
pub async fn an_abandoned_job_waits_its_delay(bench: &dyn Bench) -> Case {
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    let mut slow = job("7:1", Lane::Submit);
    slow.redeliver_after = Duration::from_secs(600);
    put(&*producer, slow).await?;
    let held = take_one(&*producer, &*worker).await?;
    ensure!(held.redeliver_after == Duration::from_secs(600));
    until("it is taken back", async || {
        producer.maintain().await?;
        Ok(producer.depths().await?.scheduled == 1)
    })
    .await?;
    producer.maintain().await?;
    ensure!(worker.take(&Lane::ALL, 1, Duration::ZERO).await?.is_empty());
    ensure!(producer.missing(&["7:1".to_owned()]).await?.is_empty());
    Ok(())
}

/// Set aside while worker `one` held it, as in each attempt before.
fn dead(error: &str, attempts: u32) -> JobEnd {
    let workers = (0..attempts).map(|_| "one".to_owned()).collect();
    JobEnd::Dead { error: error.to_owned(), attempts, workers }
}

/// Whoever held a job that is set aside is told, the latest last, and not more than the newest ten of them.
pub async fn a_dead_job_tells_who_held_it(bench: &dyn Bench) -> Case {
    let producer = bench.producer()?;
    put(&*producer, job("7:1", Lane::Submit)).await?;
    let names: Vec<String> = (1..=12).map(|number| format!("w{number}")).collect();
    for (n, name) in names.iter().enumerate() {
        let worker = bench.consumer(name)?;
        let held = take_one(&*producer, &*worker).await?;
        if n + 1 < names.len() {
            worker.release(&held, Duration::ZERO).await?;
        } else {
            worker.fail(&held, "cannot be", Duration::ZERO, false).await?;
        }
    }
    let results = next_results(&*producer).await?;
    let [(_, JobEnd::Dead { workers, .. })] = results.as_slice() else {
        anyhow::bail!("{results:?}")
    };
    ensure!(workers[..] == names[2..], "{workers:?}");
    Ok(())
}

/// A try that went wrong is made again after its delay, until the attempts are used up; then the last error is told.
pub async fn a_failing_job_ends_as_dead(bench: &dyn Bench) -> Case {
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    put(&*producer, job("7:1", Lane::Submit)).await?;
    for attempt in 1..=3 {
        let held = take_one(&*producer, &*worker).await?;
        ensure!(held.attempt == attempt);
        let text = format!("fault {attempt}");
        ensure!(
            worker.fail(&held, &text, Duration::from_millis(20), true).await? == Finished::Recorded
        );
    }
    ensure!(next_results(&*producer).await? == [("7:1".to_owned(), dead("fault 3", 3))]);
    ensure!(producer.dead(9).await? == ["7:1"]);
    ensure!(producer.depths().await?.dead == 1);
    Ok(())
}

/// What nobody can do is set aside at once, and handed to nobody any more.
pub async fn a_job_that_nobody_can_do_is_set_aside_at_once(bench: &dyn Bench) -> Case {
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    put(&*producer, job("7:1", Lane::Submit)).await?;
    let held = take_one(&*producer, &*worker).await?;
    ensure!(worker.fail(&held, "cannot be", Duration::ZERO, false).await? == Finished::Recorded);
    ensure!(next_results(&*producer).await? == [("7:1".to_owned(), dead("cannot be", 1))]);
    ensure!(producer.dead(9).await? == ["7:1"]);
    ensure!(worker.take(&Lane::ALL, 1, Duration::ZERO).await?.is_empty());
    Ok(())
}

/// Handing a job back costs it no attempt; yet the next holder is told that it has begun before.
pub async fn a_job_handed_back_costs_nothing(bench: &dyn Bench) -> Case {
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    put(&*producer, job("7:1", Lane::Submit)).await?;
    for round in 1..=6 {
        let held = take_one(&*producer, &*worker).await?;
        ensure!(held.attempt == round);
        let delay = if round % 2 == 0 { Duration::ZERO } else { Duration::from_millis(20) };
        ensure!(worker.release(&held, delay).await? == Finished::Recorded);
        ensure!(worker.release(&held, delay).await? == Finished::Stale);
    }
    let held = take_one(&*producer, &*worker).await?;
    ensure!(worker.complete(&held, "").await? == Finished::Recorded);
    Ok(())
}

/// A job that kills each of its holders is set aside.
pub async fn a_poison_job_is_set_aside(bench: &dyn Bench) -> Case {
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    put(&*producer, job("7:1", Lane::Submit)).await?;
    for _ in 0..3 {
        take_one(&*producer, &*worker).await?;
    }
    let results = next_results(&*producer).await?;
    let [(id, JobEnd::Dead { error: text, attempts: 3, workers })] = results.as_slice() else {
        anyhow::bail!("{results:?}")
    };
    ensure!(id == "7:1" && text == "its holder vanished in each of 3 attempts");
    ensure!(*workers == ["one"; 3], "{workers:?}");
    ensure!(producer.depths().await?.lanes.map(|lane| lane.0) == [0, 0]);
    Ok(())
}

/// Results that were read and not acknowledged come again when asked for, also to another coordinator.
pub async fn unacknowledged_results_come_again(bench: &dyn Bench) -> Case {
    let (first, second, worker) = (bench.producer()?, bench.producer()?, bench.consumer("one")?);
    let jobs = ["1:1", "2:1", "3:1"].map(|id| job(id, Lane::Watch));
    first.enqueue(EPOCH, &jobs).await?;
    for held in worker.take(&Lane::ALL, 3, LONG).await? {
        worker.complete(&held, "").await?;
    }
    let some = first.results(2, LONG, false).await?;
    ensure!(some.len() == 2);
    ensure!(first.results(2, LONG, false).await?.len() == 1);
    ensure!(first.results(2, Duration::ZERO, false).await?.is_empty());
    let seen = [some.first().context("one of two")?.entry.clone()];
    ensure!(first.acknowledge(EPOCH, &seen).await? == Forgotten::Gone);
    let again = second.results(9, Duration::ZERO, true).await?;
    ensure!(again.iter().map(|result| result.job.as_str()).collect::<Vec<_>>() == ["2:1", "3:1"]);
    Ok(())
}

/// A coordinator whose term is over forgets no result: its successor may wait for it.
pub async fn an_older_epoch_forgets_no_result(bench: &dyn Bench) -> Case {
    let (old, new, worker) = (bench.producer()?, bench.producer()?, bench.consumer("one")?);
    let newer = Epoch::new(EPOCH.get() + 1);
    old.enqueue(EPOCH, &[job("1:1", Lane::Submit)]).await?;
    new.enqueue(newer, &[job("2:1", Lane::Submit)]).await?;
    for held in worker.take(&Lane::ALL, 2, LONG).await? {
        worker.complete(&held, "").await?;
    }
    let entries: Vec<String> =
        old.results(9, LONG, false).await?.into_iter().map(|result| result.entry).collect();
    ensure!(old.acknowledge(EPOCH, &entries).await? == Forgotten::Fenced);
    ensure!(new.results(9, LONG, false).await?.len() == 2);
    ensure!(new.acknowledge(newer, &entries).await? == Forgotten::Gone);
    ensure!(new.results(9, Duration::ZERO, true).await?.is_empty());
    // An acknowledgement alone makes an epoch known.
    let newest = Epoch::new(newer.get() + 1);
    ensure!(new.acknowledge(newest, &entries).await? == Forgotten::Gone);
    ensure!(old.enqueue(newer, &[job("3:1", Lane::Submit)]).await? == [Enqueued::Fenced]);
    Ok(())
}

/// The queue says which jobs it does not know.
pub async fn unknown_jobs_are_missing(bench: &dyn Bench) -> Case {
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    producer.enqueue(EPOCH, &["1:1", "2:1", "3:1"].map(|id| job(id, Lane::Submit))).await?;
    let held = take_one(&*producer, &*worker).await?;
    let done = take_one(&*producer, &*worker).await?;
    worker.complete(&done, "").await?;
    let asked = ["0:1", "1:1", "2:1", "3:1", "4:1"].map(str::to_owned);
    ensure!(producer.missing(&asked).await? == ["0:1", "4:1"]);
    ensure!(worker.beat(&held).await? == Beat::Held);
    Ok(())
}

/// Workers tell of themselves, and take leave.
pub async fn workers_are_seen_until_they_leave(bench: &dyn Bench) -> Case {
    let producer = bench.producer()?;
    for name in ["one", "two"] {
        let presence = Presence {
            worker: name.to_owned(),
            version: "0.0.0".to_owned(),
            slots: 8,
            busy: 1,
            draining: false,
        };
        bench.consumer(name)?.announce(&presence).await?;
    }
    let names = async || -> anyhow::Result<Vec<String>> {
        Ok(producer.workers().await?.into_iter().map(|presence| presence.worker).collect())
    };
    ensure!(names().await? == ["one", "two"]);
    bench.consumer("one")?.leave().await?;
    ensure!(names().await? == ["two"]);
    Ok(())
}

/// Many jobs are put on at once and shared by the workers, each to one of them.
pub async fn many_jobs_are_shared_by_workers(bench: &dyn Bench) -> Case {
    const JOBS: usize = 1000;
    let (producer, workers) = (bench.producer()?, [bench.consumer("one")?, bench.consumer("two")?]);
    let jobs: Vec<_> = (0..JOBS).map(|n| job(&format!("{n}:1"), Lane::Submit)).collect();
    ensure!(producer.enqueue(EPOCH, &jobs).await? == vec![Enqueued::New; JOBS]);
    let mut seen = std::collections::BTreeSet::new();
    until("all are taken", async || {
        for worker in &workers {
            for held in worker.take(&Lane::ALL, 50, Duration::ZERO).await? {
                ensure!(seen.insert(held.id.clone()), "{} came twice", held.id);
                worker.complete(&held, "fine").await?;
            }
        }
        Ok(seen.len() == JOBS)
    })
    .await?;
    let mut told = 0;
    until_some("all are told", async || {
        told += next_results(&*producer).await?.len();
        Ok((told == JOBS).then_some(()))
    })
    .await
}
