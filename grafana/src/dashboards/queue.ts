// Work on its way: the queue, the workers, the ledger of changes.
import { atLeast, dashboard, heatmap, series, stat, steps } from '../panels.js';
import { buckets, leads, leadsBy, quantileBy, rateBy } from '../queries.js';

export const queue = dashboard(
  {
    uid: 'ebs-queue',
    title: 'ELNBuildSync: queue and workers',
    description: 'What waits to be done, who does it, and how long it takes.',
    from: 'now-6h',
    refresh: '30s',
  },
  [
    {
      title: 'Now',
      panels: [
        stat({
          title: 'Workers', width: 4, unit: 'short', thresholds: atLeast(1), queries: [{ expr: leads('ebs_workers') }],
          description: 'Workers that tell of themselves. None: alert EbsNoWorkers.',
        }),
        stat({
          title: 'Slots in use', width: 4, unit: 'percentunit', thresholds: steps([0.9, 'yellow']),
          queries: [{ expr: 'max(ebs_workers_busy) / (max(ebs_workers_slots) > 0)' }], none: 'no slots',
          description: 'Share of the jobs that workers can do side by side that are being done. Near 100 % for long, with old jobs: start more workers.',
        }),
        stat({
          title: 'Dead jobs', width: 4, unit: 'short', thresholds: steps([1, 'red']), queries: [{ expr: leads('ebs_dead_jobs') }],
          description: 'Jobs set aside whose workers died again and again: a person has to decide (ebsctl dead).',
        }),
        stat({
          title: 'Dead in the queue', width: 4, unit: 'short', thresholds: steps([1, 'yellow']), queries: [{ expr: leads('ebs_queue_dead') }],
          description: 'Jobs that the queue has given up and the leader has not set aside yet.',
        }),
        stat({
          title: 'Scheduled', width: 4, unit: 'short', queries: [{ expr: leads('ebs_queue_scheduled') }],
          description: 'Jobs that are put off to a later time.',
        }),
        stat({
          title: 'Results unread', width: 4, unit: 'short', thresholds: steps([100, 'yellow']), queries: [{ expr: leads('ebs_queue_results') }],
          description: 'Results that the leader has not stored yet. Many for long: the store is slow.',
        }),
      ],
    },
    {
      title: 'Queue',
      panels: [
        series({
          title: 'Jobs', width: 12, unit: 'short', min: 0, queries: [{ expr: leadsBy('lane', 'ebs_queue_jobs'), legend: '{{lane}}' }],
          description: 'Jobs in the queue by lane, those being done too. Submit changes something, watch only looks.',
        }),
        series({
          title: 'Oldest job', width: 12, unit: 's', min: 0, thresholds: steps([900, 'red']),
          queries: [{ expr: leadsBy('lane', 'ebs_queue_oldest_seconds'), legend: '{{lane}}' }],
          description: 'How long the oldest job of each lane has waited. Workers may be scaled by it; beyond a quarter of an hour the alert EbsQueueOld fires.',
        }),
        series({
          title: 'Deliveries', width: 8, unit: 'cps', min: 0,
          queries: [{ expr: rateBy('lane, delivery', 'ebs_worker_deliveries_total'), legend: '{{lane}}, {{delivery}}' }],
          description: 'Jobs that workers took. Again: another worker had it and did not finish.',
        }),
        series({
          title: 'Results too late', width: 8, unit: 'short', bars: true, min: 0, queries: [{ expr: 'sum(increase(ebs_stale_results_total[$__rate_interval]))', legend: 'stale results' }],
          description: 'Results of closed changes or earlier runs: counted and dropped, as they must be. Many: workers are slower than their leases.',
        }),
        series({
          title: 'Trouble with the queue', width: 8, unit: 'short', bars: true, min: 0,
          queries: [{ expr: 'sum by (what) (increase(ebs_worker_queue_errors_total[$__rate_interval]))', legend: '{{what}}' }],
          description: 'Errors that workers met with the queue, by what they wanted of it. Steady ones: alert EbsWorkerQueueErrors.',
        }),
      ],
    },
    {
      title: 'Workers',
      panels: [
        series({
          title: 'Busy slots, by worker', width: 12, unit: 'short', stacked: true, min: 0,
          queries: [{ expr: 'max by (job, instance) (ebs_worker_busy)', legend: '{{instance}}' }],
          description: 'Jobs that each worker does right now, as itself says.',
        }),
        series({
          title: 'Slots and busy ones', width: 12, unit: 'short', min: 0,
          queries: [
            { expr: leads('ebs_workers_slots'), legend: 'slots, as the leader hears' },
            { expr: leads('ebs_workers_busy'), legend: 'busy, as the leader hears' },
            { expr: 'sum(ebs_worker_slots)', legend: 'slots, as workers say' },
          ],
          description: 'What the leader hears through the queue against what the workers themselves say: they differ if one is not scraped, or does not reach the queue.',
        }),
        series({
          title: 'Jobs done, by kind', width: 8, unit: 'cps', min: 0, queries: [{ expr: rateBy('kind', 'ebs_jobs_total'), legend: '{{kind}}' }],
          description: 'Jobs that workers finished, by kind.',
        }),
        series({
          title: 'Jobs done, by outcome', width: 8, unit: 'cps', min: 0, queries: [{ expr: rateBy('outcome', 'ebs_jobs_total'), legend: '{{outcome}}' }],
          description: 'The same by outcome. A job that found Koji or Bodhi away is done too: that is its result.',
        }),
        series({
          title: 'Time of a job (95 % are faster)', width: 8, unit: 's', min: 0, queries: [{ expr: quantileBy(0.95, 'kind', 'ebs_job_duration_seconds'), legend: '{{kind}}' }],
          description: 'How long jobs take, by kind. It is mostly the time that Koji or Bodhi takes.',
        }),
        heatmap({
          title: 'Times of all jobs', width: 24, unit: 's', queries: [{ expr: buckets('ebs_job_duration_seconds'), legend: '{{le}}' }],
          description: 'How many jobs took how long.',
        }),
      ],
    },
    {
      title: 'Ledger and polls',
      panels: [
        series({
          title: 'Open changes', width: 8, unit: 'short', stacked: true, min: 0, queries: [{ expr: leadsBy('kind', 'ebs_effects_open'), legend: '{{kind}}' }],
          description: 'Changes to Koji and Bodhi whose outcome is not known yet.',
        }),
        series({
          title: 'Changes ended', width: 8, unit: 'short', bars: true, stacked: true, min: 0,
          queries: [{ expr: 'sum by (kind, outcome) (increase(ebs_effects_total[$__rate_interval]))', legend: '{{kind}}, {{outcome}}' }],
          description: 'Changes by kind and outcome. Poisoned: its workers died of it, a person has to decide.',
        }),
        series({
          title: 'Polls', width: 8, unit: 'cps', min: 0, queries: [{ expr: rateBy('kind, outcome', 'ebs_polls_total'), legend: '{{kind}}, {{outcome}}' }],
          description: 'Looks at tasks, tags, repos and updates. Lost ones had no answer in time and are made again.',
        }),
      ],
    },
  ],
);
