/** A real thread over a real directory: plans arrive, the loop stays free, and a planner that dies costs itself. */

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlannerOptions } from '../../src/daemon/planner.ts';
import { clusterDocuments, nodeDocument, OWN_NODE } from '../support/large-cluster.ts';
import { until, WatchedPlanner } from '../support/planner.ts';
import { node } from '../support/resources.ts';

let root: string;
let resources: string;
let planner: WatchedPlanner | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'godwit-planner-'));
  resources = join(root, 'resources');
  for (const folder of [resources, join(root, 'state')]) mkdirSync(folder);
});

afterEach(() => {
  planner?.stop();
  planner = undefined;
  rmSync(root, { recursive: true, force: true });
});

function start(over: Partial<PlannerOptions> = {}, heapMib?: number): WatchedPlanner {
  const datastore = { type: 'file', path: resources } as const;
  const options = { node: OWN_NODE, datastore, stateDir: join(root, 'state'), ...over };
  planner = new WatchedPlanner(options, heapMib);
  return planner;
}

function save(name: string, ...values: unknown[]): void {
  const text = values.map((value) => `---\n${JSON.stringify(value, undefined, 1)}\n`).join('');
  writeFileSync(join(resources, name), text);
}

describe('the planner', () => {
  it('says the plan of the directory, then what an edit makes of it', async () => {
    save('a.yaml', nodeDocument(0), nodeDocument(1));
    const told = start();
    await until(() => told.messages.some(({ type }) => type === 'started'));
    expect(told.plans.map(({ peers }) => peers.length)).toEqual([1]);
    save('b.yaml', nodeDocument(2));
    await until(() => told.plans.length === 2);
    expect(told.plans[1]!.peers.length).toBe(2);
    expect(told.plans[1]!.peers[0]).toBe(told.plans[0]!.peers[0]);
  });

  it('starts from the last good snapshot when there is no directory, and says its age', async () => {
    save('a.yaml', nodeDocument(0), nodeDocument(1));
    const first = start();
    await until(() => first.plans.length === 1);
    await until(() => existsSync(join(root, 'state/last-good.json')));
    first.stop();
    rmSync(resources, { recursive: true });
    const second = start();
    await until(() => second.plans.length === 1);
    expect(second.plans[0]).toEqual(first.plans[0]);
    const lost = second.messages.find(({ type }) => type === 'lost');
    expect(lost).toMatchObject({ staleMs: expect.any(Number) });
  });

  it('does not hold up the loop with thousands of documents', async () => {
    save('all.yaml', ...clusterDocuments({ nodes: 1500, peers: 50, blocks: 20 }));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const before = process.cpuUsage();
    const told = start();
    delay.enable();
    await until(() => told.plans.length === 1, 60_000);
    delay.disable();
    expect(told.plans[0]!.peers.length).toBeGreaterThanOrEqual(1499);
    // What the thread used is far more than the longest time that this loop was away.
    const { user } = process.cpuUsage(before);
    expect(delay.max / 1e6).toBeLessThan(Math.max(100, user / 1000 / 4));
  }, 60_000);

  it('that runs out of memory ends alone, and the next one goes on from what runs', async () => {
    save('a.yaml', nodeDocument(0), nodeDocument(1));
    const told = start({}, 16);
    await until(() => told.plans.length === 1);
    const many = Array.from({ length: 12_000 }, (_, i) => node(`x${i}`, '10.9.9.9'));
    save('large.yaml', ...many);
    await until(() => told.deaths.length > 0, 30_000);
    expect(told.deaths[0]).toMatch(/memory/);
    rmSync(join(resources, 'large.yaml'));
    save('b.yaml', nodeDocument(2));
    await until(() => told.plans.at(-1)!.peers.length === 2, 30_000);
    expect(told.plans.at(-1)!.peers[0]).toBe(told.plans[0]!.peers[0]);
  }, 60_000);

  it('that cannot start is tried again', async () => {
    const told = start({ datastore: undefined as never });
    await until(() => told.deaths.length === 2, 10_000);
    expect(told.deaths[0]).toMatch(/TypeError/);
  });
});
