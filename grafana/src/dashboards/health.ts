// Every promise of /ready over time, and what stands behind it.
import { BAD, GOOD, NEUTRAL, PLAIN, atLeast, bars, dashboard, series, stat, steps, table, timeline } from '../panels.js';
import { countBy, leads, leadsBy, quantiles, rateBy } from '../queries.js';

const DAY = 86400;

export const health = dashboard(
  {
    uid: 'ebs-health',
    title: 'ELNBuildSync: health',
    description: 'What the service promises of itself, since when it holds, and what it stands on.',
    from: 'now-6h',
    refresh: '30s',
  },
  [
    {
      title: 'Now',
      panels: [
        stat({
          title: 'Leader', width: 5, show: 'name', none: 'nobody', thresholds: PLAIN,
          queries: [{ expr: 'ebs_leader == 1', legend: '{{instance}}' }],
          description: 'The coordinator that leads. Nobody: nothing is built (alert EbsNoLeader).',
        }),
        stat({
          title: 'Leader is ready', width: 3, mappings: GOOD, none: 'nobody leads',
          queries: [{ expr: 'max(ebs_ready and on (instance) ebs_leader == 1)' }],
          description: 'What /ready of the leader says.',
        }),
        stat({
          title: 'Coordinators', width: 3, unit: 'short', thresholds: atLeast(1), queries: [{ expr: 'count(ebs_leader)' }],
          description: 'Coordinators that are scraped: two where there is a standby.',
        }),
        stat({
          title: 'Workers', width: 3, unit: 'short', thresholds: atLeast(1), queries: [{ expr: leads('ebs_workers') }],
          description: 'Workers that tell of themselves through the queue.',
        }),
        stat({
          title: 'Epoch', width: 4, unit: 'none', queries: [{ expr: leads('ebs_leader_epoch') }],
          description: 'Rises with each change of hands; what an earlier leader still wants to write is refused.',
        }),
        stat({
          title: 'Versions', width: 6, unit: 'short', queries: [{ expr: 'count by (version) (ebs_build_info)', legend: '{{version}}' }],
          description: 'How many processes run which version. Two of them for long: an upgrade was not finished.',
        }),
        table({
          title: 'Alerts that fire', width: 24, height: 6, none: 'none', queries: [{ expr: 'ALERTS{alertstate="firing", alertname=~"Ebs.+"}' }],
          description: 'What needs a person now. Each is explained in docs/OPERATIONS.md under its name.',
        }),
      ],
    },
    {
      title: 'Promises of /ready',
      panels: [
        timeline({
          title: 'Conditions of the leader', width: 24, height: 13, mappings: GOOD,
          queries: [{ expr: 'max by (condition) (ebs_condition and on (instance) ebs_leader == 1)', legend: '{{condition}}' }],
          description: 'Each condition of /ready as the leader sees it; red: it does not hold, /ready says why. Gaps: nobody led.',
        }),
        timeline({
          title: 'Ready, by instance', width: 12, height: 5, mappings: GOOD, queries: [{ expr: 'max by (instance) (ebs_ready)', legend: '{{instance}}' }],
          description: 'What /ready of each coordinator says; a standby needs less for it than the leader.',
        }),
        timeline({
          title: 'Leads, by instance', width: 12, height: 5, mappings: NEUTRAL, queries: [{ expr: 'max by (instance) (ebs_leader)', legend: '{{instance}}' }],
          description: 'Who leads; blue: this one. A change of hands is where the blue moves.',
        }),
      ],
    },
    {
      title: 'What it hears',
      panels: [
        timeline({
          title: 'Connected to the bus', width: 6, height: 4, mappings: GOOD, queries: [{ expr: leads('ebs_bus_connected'), legend: 'connected' }],
          description: 'Whether the leader is connected to the broker. If not, the archive and Koji\'s record tell the same, later.',
        }),
        stat({
          title: 'Last message', width: 6, unit: 'dateTimeFromNow', queries: [{ expr: `${leads('ebs_bus_last_message_timestamp_seconds')} * 1000 > 0` }], none: 'none yet',
          description: 'When the last message came. In Fedora some come each minute.',
        }),
        series({
          title: 'Messages', width: 12, unit: 'cps', stacked: true, min: 0, queries: [{ expr: rateBy('answer', 'ebs_bus_messages_total'), legend: '{{answer}}' }],
          description: 'Messages by what they were: a sighting may become a trigger, a hint causes a look, foreign ones are of another hub, odd ones were not understood.',
        }),
        series({
          title: 'Deliveries', width: 8, unit: 'cps', min: 0, queries: [{ expr: rateBy('what', 'ebs_bus_deliveries_total'), legend: '{{what}}' }],
          description: 'What the broker delivered, delivered again, and was told to forget. Acknowledged falls behind received while the store is slow.',
        }),
        series({
          title: 'Triggers, by what caused them', width: 8, unit: 'short', bars: true, stacked: true, min: 0,
          queries: [{ expr: 'sum by (cause) (increase(ebs_triggers_total[$__rate_interval]))', legend: '{{cause}}' }],
          description: 'New triggers. Mostly message; archive and koji_record only after an outage of ours or the bus.',
        }),
        series({
          title: 'Found late', width: 8, unit: 'short', bars: true, stacked: true, min: 0,
          queries: [{ expr: 'sum by (where) (increase(ebs_late_finds_total[$__rate_interval]))', legend: '{{where}}' }],
          description: 'Tagged builds that the bus did not tell of, by where they were found. Steady ones: the bus is deaf (alert EbsLateFinds).',
        }),
        bars({
          title: 'Triggers, by answer', width: 24, height: 9, unit: 'short', queries: [{ expr: countBy('answer', 'ebs_triggers_answered_total'), legend: '{{answer}}' }],
          description: 'What became of triggers in the time shown.',
        }),
      ],
    },
    {
      title: 'What it stands on',
      panels: [
        series({
          title: 'Time of a commit', width: 8, unit: 's', min: 0, queries: quantiles('ebs_store_commit_duration_seconds'),
          description: 'How long the store takes to commit. Beyond a second the lease is in danger.',
        }),
        series({
          title: 'Commits', width: 8, unit: 'cps', min: 0, queries: [{ expr: rateBy('outcome', 'ebs_store_commits_total'), legend: '{{outcome}}' }],
          description: 'Commits by outcome. Fenced: of an earlier leader, refused as it must be. Unavailable, broken: alerts EbsStoreUnavailable, EbsStoreBroken.',
        }),
        series({
          title: 'Renewals of the lease', width: 8, unit: 'cps', min: 0, queries: [{ expr: rateBy('outcome', 'ebs_lease_renewals_total'), legend: '{{outcome}}' }],
          description: 'The leader renews its lease several times within its length. Failed ones mean the database is slow or away.',
        }),
        bars({
          title: 'Credentials', width: 8, unit: 's', thresholds: { ...steps(), steps: [{ value: null as unknown as number, color: 'red' }, { value: 7 * DAY, color: 'yellow' }, { value: 30 * DAY, color: 'green' }] },
          queries: [{ expr: 'min by (credential) (ebs_credential_left_seconds)', legend: '{{credential}}' }], none: 'none with an end',
          description: 'How long certificates, tickets and tokens are still valid; the least of all processes. Alerts 30 and 7 days before the end.',
        }),
        series({
          title: 'Resident memory', width: 8, unit: 'bytes', min: 0,
          queries: [{ expr: 'process_resident_memory_bytes and on (job, instance) ebs_build_info', legend: '{{job}} {{instance}}' }],
          description: 'Memory of each process.',
        }),
        series({
          title: 'Processor', width: 8, unit: 'percentunit', min: 0,
          queries: [{ expr: 'rate(process_cpu_seconds_total[$__rate_interval]) and on (job, instance) ebs_build_info', legend: '{{job}} {{instance}}' }],
          description: 'Share of one core that each process uses.',
        }),
        series({
          title: 'Open files', width: 8, unit: 'short', min: 0,
          queries: [{ expr: 'process_open_fds and on (job, instance) ebs_build_info', legend: '{{job}} {{instance}}' }],
          description: 'Files and connections that each process has open. A line that only rises is a leak.',
        }),
        series({
          title: 'Starts', width: 8, unit: 'short', bars: true, min: 0,
          queries: [{ expr: 'changes(process_start_time_seconds[$__rate_interval]) and on (job, instance) ebs_build_info', legend: '{{job}} {{instance}}' }],
          description: 'When processes were started again. More than three within an hour: alert EbsRestarts.',
        }),
        series({
          title: 'Logins', width: 8, unit: 'short', bars: true, min: 0, queries: [{ expr: 'sum by (outcome) (increase(ebs_logins_total[$__rate_interval]))', legend: '{{outcome}}' }],
          description: 'People who log in, by what came of it. provider_failed: the log says why; sessions and tokens go on meanwhile.',
        }),
      ],
    },
    {
      title: 'What it is told, and what it compares',
      panels: [
        series({
          title: 'Configuration snapshot', width: 6, unit: 'none', queries: [{ expr: 'max by (instance) (ebs_configuration_snapshot)', legend: '{{instance}}' }],
          description: 'The number of the snapshot that each instance uses. Two instances may have two numbers for one content.',
        }),
        timeline({
          title: 'Configuration refused', width: 6, mappings: BAD, queries: [{ expr: 'max by (instance) (ebs_configuration_refused)', legend: '{{instance}}' }],
          description: 'Whether the newest configuration cannot be used; the one before stays in use, and ebsctl status says why.',
        }),
        stat({
          title: 'Configuration taken', width: 6, height: 8, unit: 'dateTimeFromNow', queries: [{ expr: `${leads('ebs_configuration_taken_timestamp_seconds')} * 1000 > 0` }], none: 'never',
          description: 'When the configuration in use was taken over.',
        }),
        series({
          title: 'Refusals', width: 6, unit: 'short', bars: true, min: 0, queries: [{ expr: 'sum(increase(ebs_configuration_refusals_total[$__rate_interval]))', legend: 'refusals' }],
          description: 'Refreshes that were refused.',
        }),
        series({
          title: 'Names on package lists', width: 8, unit: 'short', min: 0, queries: [{ expr: leadsBy('list', 'ebs_list_names'), legend: '{{list}}' }],
          description: 'How many names of each list act. A jump is held until a person lets it (ebsctl lists confirm).',
        }),
        timeline({
          title: 'Held lists', width: 8, mappings: BAD, queries: [{ expr: leadsBy('list', 'ebs_list_held'), legend: '{{list}}' }],
          description: 'Lists that have jumped and wait for a person.',
        }),
        series({
          title: 'Age of package lists', width: 8, unit: 's', min: 0, thresholds: steps([DAY, 'red']),
          queries: [{ expr: 'time() - max by (list) (ebs_list_accepted_timestamp_seconds > 0)', legend: '{{list}}' }],
          description: 'How long ago each list was last had. Read each quarter of an hour; beyond a day the alert EbsListOld fires.',
        }),
        series({
          title: 'ELN against Rawhide', width: 8, unit: 'short', min: 0, queries: [{ expr: leadsBy('kind', 'ebs_reconcile'), legend: '{{kind}}' }], none: 'not compared yet',
          description: 'What the last comparison found: missing and stale components are to be built, current ones are as they should be.',
        }),
        series({
          title: 'What becomes of what is missing', width: 8, unit: 'short', stacked: true, min: 0, queries: [{ expr: leadsBy('fate', 'ebs_reconcile_fates'), legend: '{{fate}}' }], none: 'not compared yet',
          description: 'Of what ELN lacks: triggered, waiting, denied, or left to a person.',
        }),
        stat({
          title: 'Last comparison', width: 4, height: 8, unit: 'dateTimeFromNow', queries: [{ expr: `${leads('ebs_reconcile_last_run_timestamp_seconds')} * 1000 > 0` }], none: 'never',
          description: 'When the tags were last compared: each 12 hours.',
        }),
        stat({
          title: 'Comparison fails', width: 4, height: 8, mappings: BAD, queries: [{ expr: leads('ebs_reconcile_failing') }], none: 'not compared yet',
          description: 'Whether the last comparison came to nothing (ebsctl reconcile show says why).',
        }),
        series({
          title: 'Orphans', width: 24, height: 6, unit: 'short', min: 0, thresholds: steps([1, 'yellow']), queries: [{ expr: leadsBy('kind', 'ebs_orphans'), legend: '{{kind}}' }],
          description: 'What is ours in Koji and Bodhi and belongs to no batch (ebsctl orphans lists it).',
        }),
      ],
    },
  ],
);
