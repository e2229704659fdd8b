//! Every queue keeps every promise: the one in process (in virtual time), and the one on a real Redis server.

use std::{sync::Arc, time::Duration};

use ebs_integration::{
    queue::{self, Bench, Chances, CrashRun, LEASE},
    redis::RedisServer,
};
use ebs_shared::queue::{
    Consumer, LocalQueue, LocalSettings, Producer, QueueError, RedisConsumer, RedisProducer,
    RedisSettings,
};

struct Local(LocalQueue);

impl Local {
    fn new() -> Self {
        Self(LocalQueue::new(LocalSettings { lease: LEASE, ..LocalSettings::default() }))
    }
}

impl Bench for Local {
    fn producer(&self) -> Result<Arc<dyn Producer>, QueueError> {
        Ok(Arc::new(self.0.another()))
    }

    fn consumer(&self, name: &str) -> Result<Arc<dyn Consumer>, QueueError> {
        Ok(Arc::new(self.0.consumer(name)))
    }
}

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

macro_rules! every_queue {
    ($($case:ident),* $(,)?) => {
        mod in_process {
            $(
                #[tokio::test(start_paused = true)]
                async fn $case() -> anyhow::Result<()> {
                    super::queue::$case(&super::Local::new()).await
                }
            )*
        }

        mod on_redis {
            $(
                #[tokio::test]
                async fn $case() -> anyhow::Result<()> {
                    let server = super::RedisServer::start().await?;
                    super::queue::$case(&super::OnRedis::new(&server)).await
                }
            )*
        }
    };
}

every_queue! {
    a_job_goes_out_whole_and_its_report_comes_back,
    a_job_put_on_twice_runs_once,
    an_older_epoch_is_fenced,
    jobs_come_by_lane_and_in_order,
    a_waiting_worker_is_woken,
    a_waiting_coordinator_is_woken,
    a_report_sent_twice_is_recorded_once,
    a_silent_holder_loses_its_job,
    a_beating_holder_keeps_its_job,
    an_abandoned_job_waits_its_delay,
    a_failing_job_ends_as_dead,
    a_job_that_nobody_can_do_is_set_aside_at_once,
    a_job_handed_back_costs_nothing,
    a_poison_job_is_set_aside,
    a_dead_job_tells_who_held_it,
    unacknowledged_results_come_again,
    an_older_epoch_forgets_no_result,
    unknown_jobs_are_missing,
    workers_are_seen_until_they_leave,
    many_jobs_are_shared_by_workers,
}

const RUN: CrashRun = CrashRun {
    jobs: 400,
    workers: 8,
    seed: 20_261_122,
    chances: Chances { crash: 0.03, stall: 0.02, lose: 0.03 },
    wiped: false,
    limit: Duration::from_secs(60),
};

#[tokio::test(start_paused = true)]
async fn every_job_ends_once_in_process_whatever_crashes() -> anyhow::Result<()> {
    let tally = RUN.with_jobs_from_environment().run(Arc::new(Local::new())).await?;
    assert_eq!(tally.done + tally.dead, RUN.with_jobs_from_environment().jobs, "{tally:?}");
    assert!(tally.crashes > 0 && tally.stale > 0, "{tally:?}");
    Ok(())
}

#[tokio::test]
async fn every_job_ends_once_on_redis_whatever_crashes() -> anyhow::Result<()> {
    let server = RedisServer::start().await?;
    let tally = RUN.with_jobs_from_environment().run(Arc::new(OnRedis::new(&server))).await?;
    assert_eq!(tally.done + tally.dead, RUN.with_jobs_from_environment().jobs, "{tally:?}");
    assert!(tally.crashes > 0 && tally.stale > 0, "{tally:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn many_deaths_set_jobs_aside_and_lose_none() -> anyhow::Result<()> {
    let chances = Chances { crash: 0.35, ..RUN.chances };
    let tally = CrashRun { chances, ..RUN }.run(Arc::new(Local::new())).await?;
    assert!(tally.done > 0 && tally.dead > 0, "{tally:?}");
    Ok(())
}
