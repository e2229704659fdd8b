// What the dashboards are made of: panels with the defaults of this house, typed by Grafana's published schema. Does not know
// any metric.
import {
  AxisPlacement,
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BarGaugeSizing,
  BarGaugeValueMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  DashboardCursorSync,
  FieldColorModeId,
  GraphDrawStyle,
  HeatmapCellLayout,
  LegendDisplayMode,
  MappingType,
  PercentChangeColorMode,
  SortOrder,
  StackingMode,
  ThresholdsMode,
  TooltipDisplayMode,
  VariableHide,
  VariableRefresh,
  VisibilityMode,
  VizOrientation,
  type Dashboard,
  type DataQuery,
  type FieldConfig,
  type Panel,
  type RowPanel,
  type ThresholdsConfig,
  type ValueMapping,
} from '@grafana/schema';
import type { Options as BarGaugeOptions } from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import {
  HeatmapColorMode,
  HeatmapColorScale,
  type FieldConfig as HeatmapFieldConfig,
  type Options as HeatmapOptions,
} from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type {
  FieldConfig as TimelineFieldConfig,
  Options as TimelineOptions,
} from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type { Options as TableOptions } from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type {
  FieldConfig as SeriesFieldConfig,
  Options as SeriesOptions,
} from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/** The data source that the dashboard's variable names. */
export const SOURCE = { type: 'prometheus', uid: '${datasource}' };

/** A query of Prometheus: what its data source reads beside what all have. The schema does not publish it. */
interface PrometheusQuery extends DataQuery {
  expr: string;
  legendFormat: string;
  editorMode: 'code';
  range: boolean;
  instant: boolean;
  format: 'time_series' | 'table' | 'heatmap';
}

/** A query: PromQL, and what its series are called. */
export interface Query {
  expr: string;
  legend?: string;
}

/** What every panel has. */
export interface Base {
  title: string;
  /** One or two sentences: what is seen, and what is good or bad of it. */
  description: string;
  /** Of 24 columns. */
  width: number;
  /** In grid units; 8 if not given. */
  height?: number;
  /** A unit of Grafana's list, as `s`, `short`, `reqps`. */
  unit?: string;
  queries: Query[];
  thresholds?: ThresholdsConfig;
  mappings?: ValueMapping[];
  decimals?: number;
  min?: number;
  max?: number;
  /** What is shown where there is nothing. */
  none?: string;
}

/** A panel before it has its place. */
export type Placed = { width: number; height: number; panel: Omit<Panel, 'id' | 'gridPos'> };

/** Panels under one heading. */
export interface Section {
  title: string;
  panels: Placed[];
}

/** Green, and from each number on another colour. */
export function steps(...above: Array<[from: number, colour: string]>): ThresholdsConfig {
  const rest = above.map(([value, color]) => ({ value, color }));
  // Grafana's own form of "from minus infinity".
  const base = { value: null as unknown as number, color: 'green' };
  return { mode: ThresholdsMode.Absolute, steps: [base, ...rest] };
}

/** Red below the number, green from it on. */
export function atLeast(value: number): ThresholdsConfig {
  const base = { value: null as unknown as number, color: 'red' };
  return { mode: ThresholdsMode.Absolute, steps: [base, { value, color: 'green' }] };
}

/** No judgement. */
export const PLAIN: ThresholdsConfig = {
  mode: ThresholdsMode.Absolute,
  steps: [{ value: null as unknown as number, color: 'blue' }],
};

/** 1 is yes and good, 0 is no and bad. */
export const GOOD: ValueMapping[] = [words({ 1: ['yes', 'green'], 0: ['no', 'red'] })];

/** 1 is yes and bad, 0 is no and good. */
export const BAD: ValueMapping[] = [words({ 1: ['yes', 'red'], 0: ['no', 'green'] })];

/** 1 is yes, 0 is no; neither is better. */
export const NEUTRAL: ValueMapping[] = [words({ 1: ['yes', 'blue'], 0: ['no', 'text'] })];

/** Words and colours for values. */
export function words(of: Record<number, [text: string, color: string]>): ValueMapping {
  const entries = Object.entries(of).map(([value, [text, color]], index) => [value, { text, color, index }]);
  return { type: MappingType.ValueToText, options: Object.fromEntries(entries) };
}

type Kind = 'range' | 'instant' | 'buckets' | 'buckets now' | 'table';

function targets(queries: Query[], kind: Kind): PrometheusQuery[] {
  return queries.map(({ expr, legend }, index) => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + index),
    datasource: SOURCE,
    editorMode: 'code',
    expr,
    legendFormat: legend ?? '__auto',
    instant: kind === 'instant' || kind === 'buckets now' || kind === 'table',
    range: kind === 'range' || kind === 'buckets',
    format: kind === 'table' ? 'table' : kind.startsWith('buckets') ? 'heatmap' : 'time_series',
  }));
}

function defaults<Custom>(base: Base, custom?: Custom): FieldConfig<Custom> {
  return {
    ...(base.unit === undefined ? {} : { unit: base.unit }),
    ...(base.decimals === undefined ? {} : { decimals: base.decimals }),
    ...(base.min === undefined ? {} : { min: base.min }),
    ...(base.max === undefined ? {} : { max: base.max }),
    ...(base.none === undefined ? {} : { noValue: base.none }),
    mappings: base.mappings ?? [],
    thresholds: base.thresholds ?? PLAIN,
    ...(custom === undefined ? {} : { custom }),
  } as FieldConfig<Custom>;
}

/** Typed where it is made; stored beside others. */
function placed<Options, Custom>(
  base: Base,
  type: string,
  kind: Kind,
  options: Options,
  config: FieldConfig<Custom>,
): Placed {
  const panel: Omit<Panel<Options, Custom>, 'id' | 'gridPos'> = {
    type,
    title: base.title,
    description: base.description,
    datasource: SOURCE,
    targets: targets(base.queries, kind) as unknown as Array<Record<string, unknown>>,
    options: options as Options & Record<string, unknown>,
    fieldConfig: { defaults: config, overrides: [] },
  };
  return { width: base.width, height: base.height ?? 8, panel: panel as Placed['panel'] };
}

const REDUCE = { calcs: ['lastNotNull'], fields: '', values: false };

/** One number, or the name of the series that is there. */
export function stat(base: Base & { show?: 'value' | 'name'; graph?: boolean }): Placed {
  const options: StatOptions = {
    colorMode: base.thresholds || base.mappings ? BigValueColorMode.Background : BigValueColorMode.Value,
    graphMode: base.graph ? BigValueGraphMode.Area : BigValueGraphMode.None,
    justifyMode: BigValueJustifyMode.Auto,
    orientation: VizOrientation.Auto,
    percentChangeColorMode: PercentChangeColorMode.Standard,
    reduceOptions: REDUCE,
    showPercentChange: false,
    textMode: base.show === 'name' ? BigValueTextMode.Name : BigValueTextMode.Auto,
    wideLayout: true,
  };
  const config = { ...defaults(base), color: { mode: FieldColorModeId.Thresholds } };
  const height = base.height ?? 4;
  return placed({ ...base, height }, 'stat', base.graph ? 'range' : 'instant', options, config);
}

/** Lines over time; stacked areas or bars if so wanted. */
export function series(base: Base & { stacked?: boolean; bars?: boolean; lines?: 'thresholds' }): Placed {
  const options: SeriesOptions = {
    legend: { calcs: ['lastNotNull', 'max'], displayMode: LegendDisplayMode.Table, placement: 'bottom', showLegend: true },
    tooltip: { mode: TooltipDisplayMode.Multi, sort: SortOrder.Descending },
  };
  const custom: SeriesFieldConfig = {
    drawStyle: base.bars ? GraphDrawStyle.Bars : GraphDrawStyle.Line,
    lineWidth: base.bars ? 0 : 1,
    fillOpacity: base.bars ? 80 : base.stacked ? 40 : 8,
    showPoints: VisibilityMode.Never,
    stacking: { mode: base.stacked ? StackingMode.Normal : StackingMode.None, group: 'A' },
    axisPlacement: AxisPlacement.Auto,
  };
  const config = { ...defaults(base, custom), color: { mode: FieldColorModeId.PaletteClassicByName } };
  return placed({ ...base, none: base.none ?? 'none' }, 'timeseries', 'range', options, config);
}

/** States over time, a row for each series. */
export function timeline(base: Base): Placed {
  const options: TimelineOptions = {
    legend: { calcs: [], displayMode: LegendDisplayMode.List, placement: 'bottom', showLegend: false },
    mergeValues: true,
    rowHeight: 0.85,
    showValue: VisibilityMode.Never,
    tooltip: { mode: TooltipDisplayMode.Single, sort: SortOrder.None },
  };
  const custom: TimelineFieldConfig = { fillOpacity: 80, lineWidth: 0 };
  const config = { ...defaults(base, custom), color: { mode: FieldColorModeId.Thresholds } };
  return placed(base, 'state-timeline', 'range', options, config);
}

/** One bar for each series as it is now; for `buckets` the series are those of a histogram over the whole time shown. */
export function bars(base: Base & { buckets?: boolean }): Placed {
  const options: BarGaugeOptions = {
    displayMode: BarGaugeDisplayMode.Basic,
    legend: { calcs: [], displayMode: LegendDisplayMode.List, placement: 'bottom', showLegend: false },
    maxVizHeight: 300,
    minVizHeight: 16,
    minVizWidth: 8,
    namePlacement: BarGaugeNamePlacement.Auto,
    orientation: base.buckets ? VizOrientation.Vertical : VizOrientation.Horizontal,
    reduceOptions: REDUCE,
    showUnfilled: true,
    sizing: BarGaugeSizing.Auto,
    valueMode: BarGaugeValueMode.Color,
  };
  const config = { ...defaults({ min: 0, ...base }), color: { mode: FieldColorModeId.Thresholds } };
  return placed(base, 'bargauge', base.buckets ? 'buckets now' : 'instant', options, config);
}

/** A histogram over time; its query is a rate of `…_bucket` by `le`. */
export function heatmap(base: Base): Placed {
  const options: HeatmapOptions = {
    calculate: false,
    cellGap: 1,
    color: {
      exponent: 0.5,
      fill: 'dark-orange',
      mode: HeatmapColorMode.Scheme,
      reverse: false,
      scale: HeatmapColorScale.Exponential,
      scheme: 'Oranges',
      steps: 64,
    },
    exemplars: { color: 'rgba(255,0,255,0.7)' },
    filterValues: { le: 1e-9 },
    legend: { show: true },
    rowsFrame: { layout: HeatmapCellLayout.auto },
    showValue: VisibilityMode.Never,
    tooltip: { mode: TooltipDisplayMode.Single, showColorScale: false, yHistogram: true },
    yAxis: { axisPlacement: AxisPlacement.Left, reverse: false, unit: base.unit ?? 's' },
  };
  const custom: HeatmapFieldConfig = {};
  return placed(base, 'heatmap', 'buckets', options, defaults(base, custom));
}

/** Rows as they are now. */
export function table(base: Base): Placed {
  const options: TableOptions = { frameIndex: 0, showHeader: true };
  const made = placed(base, 'table', 'table', options, defaults(base));
  // The time of the question and the constant 1 say nothing.
  const hidden = { Time: true, Value: true, __name__: true, alertstate: true };
  made.panel.transformations = [{ id: 'organize', options: { excludeByName: hidden } }];
  return made;
}

/** What a dashboard is, beside its panels. */
export interface Head {
  uid: string;
  title: string;
  description: string;
  /** The time that is shown, as `now-6h`. */
  from: string;
  refresh: string;
}

/** A dashboard: panels flow from left to right under the headings of their sections. */
export function dashboard(head: Head, sections: Section[]): Dashboard {
  let id = 0;
  let y = 0;
  const panels: Array<Panel | RowPanel> = [];
  for (const section of sections) {
    id += 1;
    panels.push({ id, type: 'row', title: section.title, collapsed: false, panels: [], gridPos: { x: 0, y, w: 24, h: 1 } });
    y += 1;
    let x = 0;
    let tallest = 0;
    for (const { width, height, panel } of section.panels) {
      if (x + width > 24) {
        y += tallest;
        x = 0;
        tallest = 0;
      }
      id += 1;
      panels.push({ ...panel, id, gridPos: { x, y, w: width, h: height } });
      x += width;
      tallest = Math.max(tallest, height);
    }
    y += tallest;
  }
  return { ...frame(head), panels };
}

function frame(head: Head): Dashboard {
  return {
    uid: head.uid,
    title: head.title,
    description: head.description,
    tags: ['elnbuildsync'],
    schemaVersion: 41,
    version: 1,
    editable: false,
    graphTooltip: DashboardCursorSync.Crosshair,
    time: { from: head.from, to: 'now' },
    refresh: head.refresh,
    timezone: 'utc',
    links: [
      {
        type: 'dashboards', title: 'ELNBuildSync', tags: ['elnbuildsync'], asDropdown: false, icon: 'external link',
        includeVars: true, keepTime: true, targetBlank: false, tooltip: '',
      },
    ],
    annotations: { list: [] },
    templating: {
      list: [
        {
          type: 'datasource', name: 'datasource', label: 'Data source', query: 'prometheus', refresh: VariableRefresh.onDashboardLoad,
          regex: '', includeAll: false, multi: false, hide: VariableHide.dontHide, options: [], skipUrlSync: false,
        },
      ],
    },
  };
}
