// Koji and Bodhi: how often they are asked, how fast and how well they answer.
import { dashboard, heatmap, series, stat, steps, type Section } from '../panels.js';
import { buckets, leads, quantileBy, quantiles, rateBy } from '../queries.js';

/** The same for both. `call` is the label with what is asked. */
function section(service: 'koji' | 'bodhi', name: string, call: string): Section {
  const calls = `ebs_${service}_calls_total`;
  const duration = `ebs_${service}_call_duration_seconds`;
  const bad = `${calls}{outcome=~"no_answer|unavailable|login"}`;
  return {
    title: name,
    panels: [
      stat({
        title: `${name} away`, width: 4, height: 8, unit: 's', graph: true, thresholds: steps([1, 'yellow'], [900, 'red']),
        queries: [{ expr: leads(`ebs_unavailable_seconds{service="${service}"}`) }],
        description: `How long ${name} has been away; 0: it is there. Alert after a quarter of an hour.`,
      }),
      stat({
        title: 'Calls without an answer of use', width: 4, height: 8, unit: 'percentunit', graph: true, thresholds: steps([0.01, 'yellow'], [0.2, 'red']),
        queries: [{ expr: `(sum(rate(${bad}[$__rate_interval])) or vector(0)) / (sum(rate(${calls}[$__rate_interval])) > 0)` }], none: 'no calls',
        description: 'Share of calls that had no answer, were told to come later, or whose login was refused.',
      }),
      series({
        title: 'Calls, by outcome', width: 8, unit: 'cps', min: 0, queries: [{ expr: rateBy('outcome', calls), legend: '{{outcome}}' }],
        description: 'Ok and refused are answers; already_ran and already_exists mean that an earlier call was found to have had its effect.',
      }),
      series({
        title: 'Calls, by what is asked', width: 8, unit: 'cps', stacked: true, min: 0, queries: [{ expr: rateBy(call, calls), legend: `{{${call}}}` }],
        description: 'Which calls make the load. Polls should be most of it.',
      }),
      series({
        title: 'Time of a call', width: 8, unit: 's', min: 0, queries: quantiles(duration),
        description: `How long ${name} takes to answer, over all calls.`,
      }),
      series({
        title: 'Time of a call (95 % are faster), by what is asked', width: 8, unit: 's', min: 0,
        queries: [{ expr: quantileBy(0.95, call, duration), legend: `{{${call}}}` }],
        description: 'Which calls are slow.',
      }),
      heatmap({
        title: 'Times of all calls', width: 8, unit: 's', queries: [{ expr: buckets(duration), legend: '{{le}}' }],
        description: `How many calls of ${name} took how long. A second band far above the first: time limits and retries.`,
      }),
      series({
        title: 'Calls that failed, by what is asked', width: 24, height: 6, unit: 'cps', stacked: true, min: 0,
        queries: [{ expr: rateBy(`${call}, outcome`, `${calls}{outcome!~"ok|already_ran|already_exists"}`), legend: `{{${call}}}: {{outcome}}` }],
        description: 'Refused calls of one kind: look into the log, it has the fault.',
      }),
    ],
  };
}

export const neighbours = dashboard(
  {
    uid: 'ebs-neighbours',
    title: 'ELNBuildSync: Koji and Bodhi',
    description: 'How often the neighbours are asked, how fast they answer, and how often they do not.',
    from: 'now-6h',
    refresh: '1m',
  },
  [
    section('koji', 'Koji', 'method'),
    section('bodhi', 'Bodhi', 'call'),
    {
      title: 'Polls',
      panels: [
        series({
          title: 'Polls, by kind', width: 12, unit: 'cps', stacked: true, min: 0, queries: [{ expr: rateBy('kind', 'ebs_polls_total'), legend: '{{kind}}' }],
          description: 'One poll looks at up to 500 things in one call.',
        }),
        series({
          title: 'Polls, by outcome', width: 12, unit: 'cps', min: 0, queries: [{ expr: rateBy('outcome', 'ebs_polls_total'), legend: '{{outcome}}' }],
          description: 'Answered, unavailable (the neighbour is away), or lost (no worker brought an answer in time).',
        }),
      ],
    },
  ],
);
