//! What only a Redis server can do to a queue: be wiped, killed, changed by hand; and what a person sees in it.

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use ebs_integration::{
    queue::{Bench, Chances, CrashRun, EPOCH, LEASE, job, next_results, put, take_one},
    redis::RedisServer,
    wait::{until, until_some},
};
use ebs_shared::queue::{
    Beat, Consumer, Enqueued, Finished, JobEnd, Lane, Producer, QueueError, QueueErrorKind,
    RedisConsumer, RedisProducer, RedisSettings,
};

struct OnRedis(RedisSettings);

impl OnRedis {
    fn new(server: &RedisServer) -> Self {
        Self(RedisSettings { lease: LEASE, ..RedisSettings::at(&server.url) })
    }
}

impl Bench for OnRedis {
    fn producer(&self) -> Result<Arc<dyn Producer>, QueueError> {
        Ok(Arc::new(RedisProducer::new(&self.0)?))
    }

    fn consumer(&self, name: &str) -> Result<Arc<dyn Consumer>, QueueError> {
        Ok(Arc::new(RedisConsumer::new(&self.0, name)?))
    }
}

const RUN: CrashRun = CrashRun {
    jobs: 300,
    workers: 8,
    seed: 7,
    chances: Chances { crash: 0.02, stall: 0.01, lose: 0.02 },
    wiped: false,
    limit: Duration::from_secs(60),
};

/// What stands in a stream, as `redis-cli` shows it: fields and values of each entry.
async fn entries(server: &RedisServer, stream: &str) -> anyhow::Result<Vec<Vec<String>>> {
    let entries: Vec<(String, Vec<String>)> = server.command(&["XRANGE", stream, "-", "+"]).await?;
    Ok(entries.into_iter().map(|(_, fields)| fields).collect())
}

#[tokio::test]
async fn a_person_can_read_what_is_pending() -> anyhow::Result<()> {
    let server = RedisServer::start().await?;
    let bench = OnRedis::new(&server);
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    put(&*producer, job("zlib:1", Lane::Submit)).await?;
    let what = "build zlib:1 into eln-build-side-100042, attempt 1";
    let shown =
        [["j", "zlib:1", "kind", "submit_builds", "what", what].map(str::to_owned).to_vec()];
    ensure!(entries(&server, "{ebs}:s:submit").await? == shown);
    // A job that comes back, at once or later, is written the same way.
    let held = take_one(&*producer, &*worker).await?;
    worker.release(&held, Duration::ZERO).await?;
    ensure!(entries(&server, "{ebs}:s:submit").await? == shown);
    let held = take_one(&*producer, &*worker).await?;
    worker.release(&held, Duration::from_millis(1)).await?;
    until("it is moved back", async || {
        producer.maintain().await?;
        Ok(entries(&server, "{ebs}:s:submit").await? == shown)
    })
    .await
}

#[tokio::test]
async fn what_a_wipe_took_is_missing_and_is_put_on_again() -> anyhow::Result<()> {
    let server = RedisServer::start().await?;
    let bench = OnRedis::new(&server);
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    let jobs = [job("1:1", Lane::Submit), job("2:1", Lane::Submit)];
    producer.enqueue(EPOCH, &jobs).await?;
    let held = take_one(&*producer, &*worker).await?;
    server.command::<()>(&["FLUSHALL"]).await?;
    ensure!(producer.missing(&["1:1", "2:1"].map(str::to_owned)).await? == ["1:1", "2:1"]);
    ensure!(worker.beat(&held).await? == Beat::Lost);
    ensure!(worker.complete(&held, "late").await? == Finished::Stale);
    ensure!(producer.enqueue(EPOCH, &jobs).await? == [Enqueued::New, Enqueued::New]);
    ensure!(worker.take(&Lane::ALL, 9, Duration::from_secs(20)).await?.len() == 2);
    Ok(())
}

#[tokio::test]
async fn a_wipe_under_blocked_readers_does_not_stop_them() -> anyhow::Result<()> {
    let server = RedisServer::start().await?;
    let bench = OnRedis::new(&server);
    let (producer, reader, worker) = (bench.producer()?, bench.producer()?, bench.consumer("one")?);
    put(&*producer, job("0:1", Lane::Watch)).await?;
    worker.complete(&take_one(&*producer, &*worker).await?, "").await?;
    next_results(&*producer).await?;
    let long = Duration::from_secs(20);
    let working = tokio::spawn(async move {
        let taken = worker.take(&Lane::ALL, 1, long).await?;
        for held in &taken {
            worker.complete(held, "fine").await?;
        }
        Ok::<_, QueueError>(taken.len())
    });
    let reading = tokio::spawn(async move { reader.results(9, long, false).await });
    until("both are blocked", async || {
        let clients: String = server.command(&["INFO", "clients"]).await?;
        Ok(clients.contains("blocked_clients:2"))
    })
    .await?;
    server.command::<()>(&["FLUSHALL"]).await?;
    put(&*producer, job("1:1", Lane::Watch)).await?;
    ensure!(working.await?? == 1);
    ensure!(reading.await??.len() == 1);
    Ok(())
}

#[tokio::test]
async fn a_killed_server_comes_back_with_everything_acknowledged() -> anyhow::Result<()> {
    let mut server = RedisServer::start().await?;
    let bench = OnRedis::new(&server);
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    producer.enqueue(EPOCH, &["1:1", "2:1", "3:1"].map(|id| job(id, Lane::Submit))).await?;
    let [done, held] =
        [take_one(&*producer, &*worker).await?, take_one(&*producer, &*worker).await?];
    worker.complete(&done, "fine").await?;
    server.kill().await?;
    let away = producer.maintain().await.expect_err("nobody is there");
    ensure!(matches!(away.kind, QueueErrorKind::Away(_)), "{away:?}");
    let unreachable = producer.maintain().await.expect_err("nobody is there");
    ensure!(matches!(unreachable.kind, QueueErrorKind::Unreachable(_)), "{unreachable:?}");
    ensure!(worker.beat(&held).await.is_err());
    server.restart().await?;
    until_some("it is reached again", async || Ok(worker.complete(&held, "fine too").await.ok()))
        .await?;
    let last = take_one(&*producer, &*worker).await?;
    ensure!(last.id == "3:1");
    worker.complete(&last, "").await?;
    let mut told = Vec::new();
    until("all are told", async || {
        told.extend(next_results(&*producer).await?.into_iter().map(|(id, _)| id));
        Ok(told.len() == 3)
    })
    .await?;
    ensure!(told == ["1:1", "2:1", "3:1"]);
    Ok(())
}

#[tokio::test]
async fn a_job_delivered_and_never_begun_is_handed_out_ten_times() -> anyhow::Result<()> {
    let server = RedisServer::start().await?;
    let mut bench = OnRedis::new(&server);
    bench.0.lease = Duration::from_millis(20);
    let producer = bench.producer()?;
    put(&*producer, job("7:1", Lane::Submit)).await?;
    let mut delivered = 0;
    let results = until_some("it is set aside", async || {
        let mut read = vec!["XREADGROUP", "GROUP", "w", "killed", "COUNT", "1", "STREAMS"];
        read.extend(["{ebs}:s:submit", ">"]);
        producer.maintain().await?;
        if server.command::<Option<Vec<(String, redis::Value)>>>(&read).await?.is_some() {
            delivered += 1;
        }
        let found = producer.results(9, Duration::ZERO, false).await?;
        Ok((!found.is_empty()).then_some(found))
    })
    .await?;
    ensure!(delivered == 10, "{delivered}");
    let end = results.into_iter().map(|result| result.end).collect::<Vec<_>>();
    ensure!(
        end == [JobEnd::Dead {
            error: "it was delivered 10 times and never begun".to_owned(),
            attempts: 0,
            workers: Vec::new()
        }]
    );
    Ok(())
}

#[tokio::test]
async fn a_job_whose_entry_is_gone_is_missing_and_is_put_on_again() -> anyhow::Result<()> {
    let server = RedisServer::start().await?;
    let bench = OnRedis::new(&server);
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    let known = ["1:1".to_owned(), "2:1".to_owned()];
    producer.enqueue(EPOCH, &[job("1:1", Lane::Submit), job("2:1", Lane::Submit)]).await?;
    let held = take_one(&*producer, &*worker).await?;
    server.command::<()>(&["DEL", "{ebs}:s:submit"]).await?;
    // The one that is held is safe for as long as its holder beats, and the other one has nobody.
    ensure!(producer.missing(&known).await? == ["2:1"]);
    ensure!(worker.beat(&held).await? == Beat::Held);
    ensure!(put(&*producer, job("2:1", Lane::Submit)).await? == Some(Enqueued::New));
    ensure!(producer.missing(&known).await?.is_empty());
    // Its holder falls silent: now that one is lost as well.
    until("the lease has run out", async || {
        producer.maintain().await?;
        Ok(producer.missing(&known).await? == ["1:1"])
    })
    .await?;
    ensure!(put(&*producer, job("1:1", Lane::Submit)).await? == Some(Enqueued::New));
    let mut taken =
        [take_one(&*producer, &*worker).await?.id, take_one(&*producer, &*worker).await?.id];
    taken.sort();
    ensure!(taken == known);
    Ok(())
}

#[tokio::test]
async fn a_superseded_entry_is_dropped_when_it_is_delivered() -> anyhow::Result<()> {
    let server = RedisServer::start().await?;
    let bench = OnRedis::new(&server);
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    put(&*producer, job("7:1", Lane::Submit)).await?;
    server
        .command::<String>(&["XADD", "{ebs}:s:submit", "*", "j", "7:1", "kind", "k", "what", "w"])
        .await?;
    server
        .command::<String>(&[
            "XADD",
            "{ebs}:s:submit",
            "*",
            "j",
            "unknown",
            "kind",
            "k",
            "what",
            "w",
        ])
        .await?;
    let held = worker.take(&Lane::ALL, 9, Duration::ZERO).await?;
    ensure!(held.len() == 1);
    worker.complete(held.first().expect("one was just counted"), "").await?;
    ensure!(producer.depths().await?.lanes.map(|lane| lane.0) == [0, 0]);
    Ok(())
}

#[tokio::test]
async fn a_full_server_refuses_new_work_and_finishes_old() -> anyhow::Result<()> {
    let server = RedisServer::start().await?;
    let bench = OnRedis::new(&server);
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    producer.enqueue(EPOCH, &["1:1", "2:1", "3:1"].map(|id| job(id, Lane::Submit))).await?;
    let mut held = worker.take(&Lane::ALL, 3, Duration::ZERO).await?;
    server.command::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await?;
    let refused = put(&*producer, job("4:1", Lane::Submit)).await.expect_err("it is full");
    let kind = refused.downcast_ref::<QueueError>().map(|error| &error.kind);
    ensure!(matches!(kind, Some(QueueErrorKind::Full(_))), "{refused:?}");
    let [one, two, three] = [held.remove(0), held.remove(0), held.remove(0)];
    ensure!(worker.beat(&one).await? == Beat::Held);
    ensure!(worker.complete(&one, "fine").await? == Finished::Recorded);
    ensure!(worker.fail(&two, "fault", Duration::ZERO, false).await? == Finished::Recorded);
    ensure!(worker.release(&three, Duration::from_millis(1)).await? == Finished::Recorded);
    producer.maintain().await?;
    ensure!(next_results(&*producer).await?.len() == 2);
    Ok(())
}

#[tokio::test]
async fn a_password_is_needed_where_one_is_set() -> anyhow::Result<()> {
    let server = RedisServer::start().await?;
    server.command::<()>(&["CONFIG", "SET", "requirepass", "sesame"]).await?;
    let mut bench = OnRedis::new(&server);
    let refused = bench.producer()?.maintain().await.expect_err("no password was given");
    ensure!(matches!(refused.kind, QueueErrorKind::Refused(_)), "{refused:?}");
    bench.0.password = Some("wrong".to_owned());
    let refused = bench.producer()?.maintain().await.expect_err("the password is wrong");
    ensure!(matches!(refused.kind, QueueErrorKind::Refused(_)), "{refused:?}");
    bench.0.password = Some("sesame".to_owned());
    bench.producer()?.maintain().await?;
    ensure!(!format!("{:?}", bench.0).contains("sesame"));
    Ok(())
}

#[tokio::test]
async fn a_worker_leaves_no_consumer_behind_unless_it_holds_something() -> anyhow::Result<()> {
    let server = RedisServer::start().await?;
    let bench = OnRedis::new(&server);
    let (producer, worker) = (bench.producer()?, bench.consumer("one")?);
    let consumers = async || -> anyhow::Result<usize> {
        let told: Vec<redis::Value> =
            server.command(&["XINFO", "CONSUMERS", "{ebs}:s:submit", "w"]).await?;
        Ok(told.len())
    };
    put(&*producer, job("7:1", Lane::Submit)).await?;
    let held = take_one(&*producer, &*worker).await?;
    worker.leave().await?;
    ensure!(consumers().await? == 1);
    worker.complete(&held, "").await?;
    worker.leave().await?;
    ensure!(consumers().await? == 0);
    Ok(())
}

#[tokio::test]
async fn every_job_ends_once_though_the_server_is_killed() -> anyhow::Result<()> {
    let mut server = RedisServer::start().await?;
    let running = tokio::spawn(RUN.run(Arc::new(OnRedis::new(&server))));
    for share in [4, 2] {
        results_written(&server, RUN.jobs / share).await?;
        server.kill().await?;
        server.restart().await?;
    }
    let tally = running.await??;
    ensure!(tally.done + tally.dead == RUN.jobs, "{tally:?}");
    Ok(())
}

#[tokio::test]
async fn every_job_ends_once_though_the_server_is_wiped() -> anyhow::Result<()> {
    let server = RedisServer::start().await?;
    let running =
        tokio::spawn(CrashRun { wiped: true, ..RUN }.run(Arc::new(OnRedis::new(&server))));
    for share in [4, 4] {
        results_written(&server, RUN.jobs / share).await?;
        server.command::<()>(&["FLUSHALL"]).await?;
    }
    let tally = running.await??;
    ensure!(tally.done + tally.dead == RUN.jobs, "{tally:?}");
    Ok(())
}

/// Waits until so many results were ever written since the last wipe.
async fn results_written(server: &RedisServer, count: usize) -> anyhow::Result<()> {
    until("some results were written", async || {
        let told: redis::Value = match server.command(&["XINFO", "STREAM", "{ebs}:s:res"]).await {
            Ok(told) => told,
            Err(_) => return Ok(false),
        };
        let told: std::collections::BTreeMap<String, redis::Value> = redis::from_redis_value(told)?;
        let added = told.get("entries-added").cloned().unwrap_or(redis::Value::Int(0));
        Ok(redis::from_redis_value::<usize>(added)? >= count)
    })
    .await
}

#[tokio::test]
async fn over_tls_the_named_authority_alone_is_trusted_as_it_stands_in_its_file_now()
-> anyhow::Result<()> {
    // An error means that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (_server, port, made) = RedisServer::start_tls().await?;
    let folder = tempfile::tempdir()?;
    let authority = folder.path().join("ca.pem");
    let settings = RedisSettings {
        authority: Some(authority.clone()),
        ..RedisSettings::at(&format!("rediss://127.0.0.1:{port}/"))
    };
    let producer = RedisProducer::new(&settings)?;
    let error = producer.depths().await.expect_err("there is no such file");
    ensure!(error.kind.to_string().contains("ca.pem"), "{}", error.kind);
    std::fs::copy(made.certificate("client"), &authority)?;
    ensure!(producer.depths().await.is_err(), "signed by somebody else");
    // Without the system's own list, and without a new start.
    std::fs::copy(made.certificate("ca"), &authority)?;
    ensure!(producer.depths().await? == ebs_shared::queue::Depths::default());
    Ok(())
}
