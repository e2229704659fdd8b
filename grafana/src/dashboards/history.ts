// What came of it: batches, durations, failures, and the time from Rawhide to ELN.
import { bars, dashboard, heatmap, series, stat, steps } from '../panels.js';
import { buckets, countBy } from '../queries.js';

const DAY = 86400;

/** A quantile over all the time that is shown. */
function overall(share: number, histogram: string): string {
  return `histogram_quantile(${share}, sum by (le) (increase(${histogram}_bucket[$__range])))`;
}

/** The mean over a day back from each moment, by a label. */
function meanBy(label: string, histogram: string): string {
  return `sum by (${label}) (increase(${histogram}_sum[1d])) / (sum by (${label}) (increase(${histogram}_count[1d])) > 0)`;
}

export const history = dashboard(
  {
    uid: 'ebs-history',
    title: 'ELNBuildSync: history',
    description: 'What came of the batches of weeks: how many, how long, what failed, how soon ELN had what Rawhide had.',
    from: 'now-14d',
    refresh: '15m',
  },
  [
    {
      title: 'From Rawhide to ELN',
      panels: [
        bars({
          title: 'From the Rawhide tag to ELN stable', width: 12, height: 9, unit: 'short', buckets: true,
          queries: [{ expr: 'sum by (le) (increase(ebs_tag_to_stable_seconds_bucket[$__range]))', legend: '{{le}}' }],
          description: 'How many builds took how long from being tagged into Rawhide until they, or newer ones, were stable in ELN, in the time shown. Each bar: up to this many seconds.',
        }),
        stat({
          title: 'Half within', width: 4, height: 9, unit: 's', thresholds: steps([2 * DAY, 'yellow'], [4 * DAY, 'red']), queries: [{ expr: overall(0.5, 'ebs_tag_to_stable_seconds') }], none: 'none stable',
          description: 'Half of the builds of the time shown were stable within this time.',
        }),
        stat({
          title: '95 % within', width: 4, height: 9, unit: 's', thresholds: steps([4 * DAY, 'yellow'], [7 * DAY, 'red']), queries: [{ expr: overall(0.95, 'ebs_tag_to_stable_seconds') }], none: 'none stable',
          description: 'The slowest of twenty took longer than this.',
        }),
        stat({
          title: 'Became stable', width: 4, height: 9, unit: 'short', queries: [{ expr: 'sum(increase(ebs_tag_to_stable_seconds_count[$__range]))' }], decimals: 0,
          description: 'How many builds became stable in ELN in the time shown.',
        }),
        heatmap({
          title: 'From the Rawhide tag to ELN stable, over time', width: 24, unit: 's', queries: [{ expr: buckets('ebs_tag_to_stable_seconds'), legend: '{{le}}' }],
          description: 'The same over time: a band that rises means that ELN falls behind.',
        }),
      ],
    },
    {
      title: 'Batches',
      panels: [
        bars({
          title: 'Batches, by outcome', width: 6, unit: 'short', decimals: 0, queries: [{ expr: countBy('outcome', 'ebs_batches_total'), legend: '{{outcome}}' }],
          description: 'Batches that ended in the time shown. Empty: nothing was left to build once Koji had confirmed the triggers.',
        }),
        series({
          title: 'Batches a day', width: 9, unit: 'short', stacked: true, min: 0, queries: [{ expr: 'sum by (outcome) (increase(ebs_batches_total[1d]))', legend: '{{outcome}}' }],
          description: 'Batches that ended within a day back from each moment.',
        }),
        series({
          title: 'Mean duration of a batch', width: 9, unit: 's', min: 0, queries: [{ expr: meanBy('outcome', 'ebs_batch_duration_seconds'), legend: '{{outcome}}' }],
          description: 'From its forming to its end, mean of a day.',
        }),
        series({
          title: 'Mean duration of the phases', width: 12, unit: 's', stacked: true, min: 0, queries: [{ expr: meanBy('phase', 'ebs_batch_phase_duration_seconds'), legend: '{{phase}}' }],
          description: 'Where the time of a batch goes, mean of a day.',
        }),
        heatmap({
          title: 'Durations of batches', width: 12, unit: 's', queries: [{ expr: buckets('ebs_batch_duration_seconds'), legend: '{{le}}' }],
          description: 'How many batches took how long, over time.',
        }),
      ],
    },
    {
      title: 'Builds',
      panels: [
        bars({
          title: 'Builds, by outcome', width: 6, unit: 'short', decimals: 0, queries: [{ expr: countBy('outcome', 'ebs_builds_total'), legend: '{{outcome}}' }],
          description: 'Ends of builds in the time shown; counted when their batch ends.',
        }),
        series({
          title: 'Share that fails, by class', width: 9, unit: 'percentunit', stacked: true, min: 0,
          queries: [{ expr: 'sum by (class) (increase(ebs_build_failures_total[1d])) / on () group_left () (sum(increase(ebs_builds_total[1d])) > 0)', legend: '{{class}}' }],
          description: 'Failed builds of a day against all of them, by class of failure. Above a half the alert EbsMostBuildsFail fires.',
        }),
        series({
          title: 'Builds a day', width: 9, unit: 'short', stacked: true, min: 0, queries: [{ expr: 'sum by (outcome) (increase(ebs_builds_total[1d]))', legend: '{{outcome}}' }],
          description: 'Ends of builds within a day back from each moment.',
        }),
        bars({
          title: 'Failures, by class', width: 8, unit: 'short', decimals: 0, queries: [{ expr: countBy('class', 'ebs_build_failures_total'), legend: '{{class}}' }],
          description: 'Source, srpm, dependency and build are the package\'s; tagging, policy and infrastructure are Koji\'s.',
        }),
        series({
          title: 'Attempts for a build', width: 8, min: 0, unit: 'none', decimals: 2,
          queries: [{ expr: 'sum(increase(ebs_build_attempts_total[1d])) / (sum(increase(ebs_builds_total[1d])) > 0)', legend: 'attempts' }],
          description: 'Attempts begun for each build of a day. One: nothing was tried twice.',
        }),
        bars({
          title: 'Denials, by class', width: 8, unit: 'short', decimals: 0, queries: [{ expr: countBy('class', 'ebs_denials_total'), legend: '{{class}}' }],
          description: 'Sources that entered the deny list in the time shown (ebsctl deny list).',
        }),
      ],
    },
    {
      title: 'Updates and triggers',
      panels: [
        bars({
          title: 'Updates, by outcome', width: 8, unit: 'short', decimals: 0, queries: [{ expr: countBy('outcome', 'ebs_updates_total'), legend: '{{outcome}}' }],
          description: 'What became of Bodhi updates in the time shown.',
        }),
        bars({
          title: 'Triggers, by cause', width: 8, unit: 'short', decimals: 0, queries: [{ expr: countBy('cause', 'ebs_triggers_total'), legend: '{{cause}}' }],
          description: 'What made triggers in the time shown: mostly messages.',
        }),
        bars({
          title: 'Triggers, by answer', width: 8, unit: 'short', decimals: 0, queries: [{ expr: countBy('answer', 'ebs_triggers_answered_total'), legend: '{{answer}}' }],
          description: 'What became of them.',
        }),
      ],
    },
    {
      title: 'Shadow mode',
      panels: [
        series({
          title: 'Builds compared', width: 8, min: 0, unit: 'short', decimals: 0,
          queries: [{ expr: 'max by (standing) (ebs_shadow_builds)', legend: '{{standing}}' }],
          description: 'With --shadow: builds that both services asked for, that only one has asked for so far, and that a newer one replaced. Zero in a service that builds.',
        }),
        series({
          title: 'Differences', width: 8, min: 0, unit: 'short', decimals: 0,
          queries: [{ expr: 'max by (kind) (ebs_shadow_differences)', legend: '{{kind}}' }],
          description: 'In what the two differ; ebsctl shadow names each.',
        }),
        series({
          title: 'Last comparison', width: 8, min: 0, unit: 's',
          queries: [{ expr: 'time() - max(ebs_shadow_compared_timestamp_seconds)', legend: 'ago' }],
          description: 'How long ago it was compared. Meaningless in a service that builds.',
        }),
      ],
    },
  ],
);
