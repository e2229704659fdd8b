// What a person looks at while a batch runs.
import { BAD, NEUTRAL, PLAIN, bars, dashboard, series, stat, steps, timeline } from '../panels.js';
import { leads, leadsBy } from '../queries.js';

const HOUR = 3600;

export const batch = dashboard(
  {
    uid: 'ebs-batch',
    title: 'ELNBuildSync: batch now',
    description: 'Where the batch is, how far its builds are, and what it waits for.',
    from: 'now-12h',
    refresh: '30s',
  },
  [
    {
      title: 'Where it is',
      panels: [
        stat({
          title: 'Batch', width: 3, unit: 'none', queries: [{ expr: leads('ebs_batch_id') }],
          description: 'The number of the batch under way; 0: none, triggers are collected.',
        }),
        stat({
          title: 'Phase', width: 4, show: 'name', none: 'nobody leads', thresholds: PLAIN,
          queries: [{ expr: `${leadsBy('phase', 'ebs_batch_phase')} == 1`, legend: '{{phase}}' }],
          description: 'Forming: no batch, triggers are collected. The others in their order: preparing, building, publishing, settling, cleaning.',
        }),
        stat({
          title: 'In this phase', width: 3, unit: 's', queries: [{ expr: leads('ebs_batch_phase_seconds') }],
          description: 'How long the batch has been in its phase. Too long by the alert EbsBatchStuck: building 48 h, settling 36 h, preparing and publishing 6 h, cleaning and aborting 2 h.',
        }),
        stat({
          title: 'Since it was formed', width: 3, unit: 's', queries: [{ expr: leads('ebs_batch_seconds') }],
          description: 'How long the batch has been under way. A day is usual.',
        }),
        stat({
          title: 'Slice, attempt', width: 4, unit: 'none',
          queries: [
            { expr: leads('ebs_batch_slice'), legend: 'slice' },
            { expr: leads('ebs_batch_attempt'), legend: 'attempt' },
          ],
          description: 'While building: the order number of the slice, and which attempt of it runs. 0 in other phases.',
        }),
        stat({
          title: 'Paused', width: 4, mappings: BAD, queries: [{ expr: leadsBy('by', 'ebs_paused'), legend: '{{by}}' }],
          description: 'Whether configuration or an operator keeps the next batch from beginning. Triggers are kept.',
        }),
        stat({
          title: 'Held groups', width: 3, unit: 'short', thresholds: steps([1, 'red']), queries: [{ expr: leads('ebs_groups_held') }],
          description: 'Groups whose update Bodhi has refused: a person has to decide (ebsctl group retry, ebsctl group discard).',
        }),
        timeline({
          title: 'Phases', width: 24, height: 7, mappings: NEUTRAL, queries: [{ expr: leadsBy('phase', 'ebs_batch_phase'), legend: '{{phase}}' }],
          description: 'Which phase the batch was in, over time; blue: this one.',
        }),
      ],
    },
    {
      title: 'Builds',
      panels: [
        bars({
          title: 'Builds by state, now', width: 8, height: 9, unit: 'short', queries: [{ expr: leadsBy('state', 'ebs_batch_builds'), legend: '{{state}}' }],
          description: 'The builds of the batch under way by where they are. Empty while there is no batch.',
        }),
        series({
          title: 'Builds by state', width: 16, height: 9, unit: 'short', stacked: true, min: 0,
          queries: [{ expr: leadsBy('state', 'ebs_batch_builds'), legend: '{{state}}' }],
          description: 'How builds move from waiting through building to an end. A flat picture for hours while builds are open: look at Koji.',
        }),
        series({
          title: 'Groups by state', width: 8, unit: 'short', stacked: true, min: 0,
          queries: [{ expr: leadsBy('state', 'ebs_batch_groups'), legend: '{{state}}' }],
          description: 'The groups of the batch, one for each Bodhi update, by where they are.',
        }),
        series({
          title: 'Slice and attempt', width: 8, unit: 'none', min: 0,
          queries: [
            { expr: leads('ebs_batch_slice'), legend: 'slice' },
            { expr: leads('ebs_batch_attempt'), legend: 'attempt' },
          ],
          description: 'Slices run in the order of their numbers; an attempt is repeated while the number of failures falls.',
        }),
        stat({
          title: 'Lingering batches', width: 8, height: 8, unit: 'short', graph: true, queries: [{ expr: leads('ebs_batches_lingering') }],
          description: 'Earlier batches that wait in the background for detached builds or late updates. They block nothing.',
        }),
      ],
    },
    {
      title: 'What comes next, and what is waited for',
      panels: [
        series({
          title: 'Triggers', width: 8, unit: 'short', min: 0, queries: [{ expr: leadsBy('state', 'ebs_triggers'), legend: '{{state}}' }],
          description: 'Pending: they make the next batch. In batch: they have been taken by one that runs.',
        }),
        series({
          title: 'Oldest trigger', width: 8, unit: 's', min: 0, thresholds: steps([3 * 24 * HOUR, 'red']),
          queries: [{ expr: leadsBy('state', 'ebs_trigger_oldest_seconds'), legend: '{{state}}' }],
          description: 'How long the oldest tagged build waits for ELN. Beyond three days without anything stable the alert EbsNothingStable fires.',
        }),
        series({
          title: 'Open changes', width: 8, unit: 'short', stacked: true, min: 0,
          queries: [{ expr: leadsBy('kind', 'ebs_effects_open'), legend: '{{kind}}' }],
          description: 'Changes to Koji and Bodhi that were asked for and whose outcome is not known yet, by kind.',
        }),
        series({
          title: 'Oldest open change', width: 8, unit: 's', min: 0, thresholds: steps([4 * HOUR, 'red']),
          queries: [{ expr: leadsBy('kind', 'ebs_effect_oldest_seconds'), legend: '{{kind}}' }],
          description: 'How long the oldest of them has been open. A repo may take an hour or two; beyond four hours the alert EbsEffectStuck fires.',
        }),
        stat({
          title: 'In doubt', width: 4, height: 8, unit: 'short', graph: true, thresholds: steps([1, 'yellow']), queries: [{ expr: leads('ebs_effects_in_doubt') }],
          description: 'Changes of which it is not known whether they happened: they are looked for before they are tried again.',
        }),
        stat({
          title: 'Neighbours away', width: 12, height: 8, unit: 's', graph: true, thresholds: steps([1, 'yellow'], [900, 'red']),
          queries: [{ expr: leadsBy('service', 'ebs_unavailable_seconds'), legend: '{{service}}' }],
          description: 'How long Koji or Bodhi has been away; 0: it is there. No build fails of it, everything waits.',
        }),
      ],
    },
  ],
);
