// PromQL that many panels need. Two coordinators are scraped, and what the leader knows the standby shows as 0 or not at all:
// `max` over instances never doubles. Counters are counted once, wherever it happened: they are summed.

/** What the leader shows, one value. */
export function leads(metric: string): string {
  return `max(${metric})`;
}

/** What the leader shows, by labels. */
export function leadsBy(label: string, metric: string): string {
  return `max by (${label}) (${metric})`;
}

/** How often in a second, by labels, over all processes. */
export function rateBy(label: string, metric: string): string {
  return `sum by (${label}) (rate(${metric}[$__rate_interval]))`;
}

/** How many in the time that is shown, by labels. */
export function countBy(label: string, metric: string): string {
  return `sum by (${label}) (increase(${metric}[$__range]))`;
}

/** A quantile of a histogram, over all processes. */
export function quantile(share: number, histogram: string, selector = ''): string {
  return `histogram_quantile(${share}, sum by (le) (rate(${histogram}_bucket${selector}[$__rate_interval])))`;
}

/** A quantile of a histogram by a label. */
export function quantileBy(share: number, label: string, histogram: string): string {
  return `histogram_quantile(${share}, sum by (le, ${label}) (rate(${histogram}_bucket[$__rate_interval])))`;
}

/** A histogram itself, as it comes in. */
export function buckets(histogram: string): string {
  return `sum by (le) (rate(${histogram}_bucket[$__rate_interval]))`;
}

/** Three lines: half, most, nearly all. */
export function quantiles(histogram: string): Array<{ expr: string; legend: string }> {
  return [
    { expr: quantile(0.5, histogram), legend: 'half are faster' },
    { expr: quantile(0.95, histogram), legend: '95 % are faster' },
    { expr: quantile(0.99, histogram), legend: '99 % are faster' },
  ];
}
