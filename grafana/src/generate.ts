// Writes ../dashboards/*.json from the sources; with --check it compares instead, and ends with 1 if something differs.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Dashboard } from '@grafana/schema';
import { batch } from './dashboards/batch.js';
import { health } from './dashboards/health.js';
import { history } from './dashboards/history.js';
import { neighbours } from './dashboards/neighbours.js';
import { queue } from './dashboards/queue.js';

const FOLDER = fileURLToPath(new URL('../dashboards/', import.meta.url));

/** By file name. */
const DASHBOARDS: Record<string, Dashboard> = {
  'batch.json': batch,
  'health.json': health,
  'history.json': history,
  'neighbours.json': neighbours,
  'queue.json': queue,
};

/** What of the files is not as the sources say. */
function differing(): string[] {
  const there = readdirSync(FOLDER);
  const same = (name: string) => there.includes(name) && readFileSync(FOLDER + name, 'utf8') === text(name);
  const stray = there.filter((name) => !(name in DASHBOARDS));
  return [...Object.keys(DASHBOARDS).filter((name) => !same(name)), ...stray];
}

function text(name: string): string {
  return `${JSON.stringify(DASHBOARDS[name], null, 2)}\n`;
}

/** Every panel says what it shows: the schema lets it be silent. */
function silent(): string[] {
  return Object.entries(DASHBOARDS).flatMap(([name, { panels }]) =>
    (panels ?? [])
      .filter((panel) => !panel.title || (panel.type !== 'row' && !('description' in panel && panel.description)))
      .map((panel) => `${name}: panel ${panel.id ?? '?'} has no title or no description`),
  );
}

const faults = silent();
if (process.argv.includes('--check')) {
  faults.push(...differing().map((name) => `dashboards/${name} is not what the sources make: npm run build`));
} else {
  mkdirSync(FOLDER, { recursive: true });
  for (const name of Object.keys(DASHBOARDS)) {
    writeFileSync(FOLDER + name, text(name));
  }
}
for (const fault of faults) {
  console.error(fault);
}
process.exitCode = faults.length === 0 ? 0 : 1;
