/**
 * What every datastore holds to, the same sentences for each: changes arrive soon and whole, a loss changes nothing,
 * what happens meanwhile arrives after, and the plan depends on what the store holds alone.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { profile } from '../support/any-profile.ts';
import { STORES, type TestStore } from '../support/datastores.ts';
import { until, WatchedPlanner } from '../support/planner.ts';
import { describeWith } from '../support/requirements.ts';
import { mustPlan, node, resource } from '../support/resources.ts';

const OWN = node('a', '10.0.0.1');
const NODES = [2, 3, 4, 5].map((i) => node(`n${i}`, `10.0.0.${i}`));
const TOR = resource('BGPPeer', 'tor', { peerIP: '10.0.0.254', asNumber: 65000, filters: ['f'] });
const REST = [
  resource('BGPConfiguration', 'default', { asNumber: 64512 }),
  resource('BGPFilter', 'f', { importV4: [{ action: 'Accept' }] }),
  resource('IPPool', 'pool', { cidr: '10.1.0.0/16', ipipMode: 'Always' }),
  resource('ClusterInformation', 'default', { calicoVersion: 'v3.32.0' }),
  resource('BlockAffinity', 'a-10-1-2-0-26', { node: 'a', cidr: '10.1.2.0/26' }),
];
const ALL = [OWN, ...NODES, TOR, ...REST];
function keyOf(resource: unknown): string {
  const { kind, metadata } = resource as { kind: string; metadata: { name: string } };
  return `${kind}/${metadata.name}`;
}

/** Milliseconds in which something that must not happen would have happened. */
const QUIET_MS = 700;

/** Quite different, so that going from one to another changes sessions, policies, blocks, pools and timers. */
const STATES: Readonly<Record<string, readonly unknown[]>> = {
  'a mesh': ALL,
  'reflectors, no mesh': [
    node('a', '10.0.0.1', {}, { rack: 'x' }),
    ...NODES.slice(0, 2),
    node('rr', '10.0.0.100', { routeReflectorClusterID: '244.0.0.1' }, { rr: 'yes' }),
    resource('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false, asNumber: 64512 }),
    resource('BGPPeer', 'to-rr', { nodeSelector: '!has(rr)', peerSelector: 'has(rr)' }),
    resource('ClusterInformation', 'default', { calicoVersion: 'v3.33.0' }),
    resource('IPPool', 'pool', { cidr: '10.1.0.0/16', ipipMode: 'CrossSubnet' }),
  ],
  'another AS, two blocks, a filter that rejects': [
    node('a', '10.0.0.1', { asNumber: 65001, ipv6Address: 'fd00::1/64' }),
    ...NODES.slice(1),
    resource('BGPConfiguration', 'default', { asNumber: 65001, listenPort: 1790 }),
    resource('BGPFilter', 'f', { exportV4: [{ action: 'Reject' }] }),
    resource('BGPPeer', 'tor', { peerIP: '10.0.0.253', asNumber: 65000, filters: ['f'] }),
    resource('ClusterInformation', 'default', { calicoVersion: 'v3.32.0' }),
    resource('BlockAffinity', 'a-10-1-2-0-26', { node: 'a', cidr: '10.1.2.0/26' }),
    resource('BlockAffinity', 'a-10-1-9-0-26', { node: 'a', cidr: '10.1.9.0/26' }),
    profile('fast', { settings: { timers: { holdTime: '9s' } } }),
  ],
  'this node alone': [OWN, resource('ClusterInformation', 'default', { calicoVersion: 'v3.31.0' })],
};

for (const [type, { open, promises }] of Object.entries(STORES)) {
  const needs = type === 'etcd' ? (['etcd'] as const) : [];
  describeWith(needs, `the ${type} datastore`, () => {
    let dir: string;
    let store: TestStore;
    let planner: WatchedPlanner;

    beforeEach(async () => {
      dir = mkdtempSync(join(tmpdir(), 'godwit-contract-'));
      mkdirSync(join(dir, 'state'));
      store = await open(dir);
      await store.put(...ALL);
    });

    afterEach(async () => {
      planner.stop();
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    });

    async function start(): Promise<void> {
      planner = new WatchedPlanner({
        node: 'a',
        datastore: store.settings,
        stateDir: join(dir, 'state'),
      });
      await until(() => planner.count('started') === 1);
    }

    async function quiet(): Promise<void> {
      const { length } = planner.plans;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      expect(planner.plans.length).toBe(length);
    }

    /** That the newest plan is the one that these resources alone give. */
    function expectPlanOf(...resources: readonly unknown[]): void {
      const wanted = mustPlan('a', resources, { datastore: store.settings.type });
      expect(planner.plan).toEqual(wanted);
    }

    it('gives the plan of all it holds, once, and that of each change soon after it', async () => {
      await start();
      expectPlanOf(...ALL);
      expect(planner.plans.length).toBe(1);
      const more = node('n6', '10.0.0.6');
      const begin = performance.now();
      await store.put(more);
      await until(() => planner.plans.length === 2);
      expect(performance.now() - begin).toBeLessThan(promises.change);
      expectPlanOf(...ALL, more);
      await store.delete(more);
      await until(() => planner.plans.length === 3);
      expectPlanOf(...ALL);
    });

    it('gives what a PeerProfile says, and takes it back with it', async () => {
      await start();
      const timers = profile('fast', { settings: { timers: { holdTime: '9s' } } });
      await store.put(timers);
      await until(() => planner.plan?.peers.every((peer) => peer.holdTime === 9) === true);
      expectPlanOf(...ALL, timers);
      await store.delete(timers);
      await until(() => planner.plan?.peers.every((peer) => peer.holdTime === 90) === true);
      expectPlanOf(...ALL);
    });

    it('keeps the last good version of what is spoilt, and takes it when it is mended', async () => {
      await start();
      await store.spoil(TOR);
      await until(() => planner.count('problems') > 1);
      await store.put(node('n7', '10.0.0.7'));
      await until(() => planner.peers.includes('10.0.0.7'));
      expect(planner.peers).toContain('10.0.0.254');
      const mended = resource('BGPPeer', 'tor', { peerIP: '10.0.0.253', asNumber: 65000 });
      await store.put(mended);
      await until(() => planner.peers.includes('10.0.0.253'));
      expect(planner.peers).not.toContain('10.0.0.254');
    });

    it('that is killed changes nothing and is said to be lost; back again it brings what is new', async () => {
      await start();
      await store.kill();
      await until(() => planner.store === 'lost', promises.loss);
      await quiet();
      await store.restart();
      await store.put(node('n8', '10.0.0.8'));
      await until(() => planner.peers.includes('10.0.0.8'), promises.loss);
      await until(() => planner.store === 'in sync');
      expectPlanOf(...ALL, node('n8', '10.0.0.8'));
    });

    it('that cannot be reached changes nothing; what was changed meanwhile arrives after', async () => {
      await start();
      await store.partition();
      await store.put(node('n9', '10.0.0.9'));
      await store.delete(NODES[0]);
      await quiet();
      await until(() => planner.store === 'lost', promises.loss);
      expectPlanOf(...ALL);
      await store.heal();
      await until(() => planner.peers.includes('10.0.0.9'), promises.loss);
      expectPlanOf(...ALL.filter((one) => one !== NODES[0]), node('n9', '10.0.0.9'));
    });

    it('that suddenly holds nothing is lost, and nothing is deleted', async () => {
      await start();
      await store.deleteAll();
      await until(() => planner.store === 'lost');
      await quiet();
      expectPlanOf(...ALL);
      expect(planner.plans.length).toBe(1);
      await store.put(...ALL);
      await until(() => planner.store === 'in sync');
      // Written back piece by piece, it comes back piece by piece.
      const wanted = mustPlan('a', ALL, { datastore: store.settings.type });
      await until(() => isDeepStrictEqual(planner.plan, wanted));
    });

    it('is asked how this node is, and takes the answer unless somebody else gives one', async () => {
      await start();
      const asked = resource('CalicoNodeStatus', 's', { node: 'a', classes: ['BGP'] });
      const other = resource('CalicoNodeStatus', 't', { node: 'n2', classes: ['BGP'] });
      await store.put(other, asked);
      if (store.status === undefined || store.putStatus === undefined) {
        await until(() => JSON.stringify(planner.messages).includes('NotWritten'));
        return;
      }
      await until(() => planner.plan?.statuses !== undefined);
      expect(planner.plan?.statuses).toEqual([{ name: 's', classes: ['BGP'], periodSeconds: 10 }]);
      const answer = { lastUpdated: new Date().toISOString(), bgp: { numberEstablishedV4: 1 } };
      expect(await planner.writeStatus('s', answer)).toBe('');
      expect(await store.status(asked)).toEqual(answer);
      const { length } = planner.plans;
      const again = { ...answer, lastUpdated: new Date(Date.now() + 1).toISOString() };
      expect(await planner.writeStatus('s', again)).toBe('');
      const theirs = { lastUpdated: new Date().toISOString() };
      await store.putStatus(asked, theirs);
      await store.putStatus(other, theirs);
      expect(await planner.writeStatus('s', answer)).toContain('somebody else');
      expect(await store.status(asked)).toEqual(theirs);
      await store.putStatus(asked, { lastUpdated: '2020-01-01T00:00:00Z' });
      expect(await planner.writeStatus('s', answer)).toBe('');
      await store.delete(asked);
      await until(() => planner.plan?.statuses === undefined);
      expect(await planner.writeStatus('s', answer)).toBe('');
      // Answers are no questions: what was written gave no other plan.
      expect(planner.plans.length).toBe(length + 1);
    });

    it('that loses most of the sessions at once has the change held until somebody releases it', async () => {
      await start();
      await store.delete(...NODES);
      await until(() => planner.count('held') > 0);
      await quiet();
      expectPlanOf(...ALL);
      planner.release();
      await until(() => planner.plans.length > 1 && planner.peers.length === 1);
      expectPlanOf(OWN, TOR, ...REST);
    });

    it('that is away at the start is stood in for by the last good snapshot within five seconds', async () => {
      await start();
      await new Promise((resolve) => setTimeout(resolve, 300)); // the snapshot is on its way to the disk
      planner.stop();
      await store.kill();
      const begin = performance.now();
      await start();
      expect(performance.now() - begin).toBeLessThan(5000);
      expectPlanOf(...ALL);
      const lost = planner.messages.find((message) => message.type === 'lost');
      expect(lost).toMatchObject({ staleMs: expect.any(Number) });
      await store.restart();
      await until(() => planner.store === 'in sync', promises.loss);
    });

    it('goes from any state to any other, and its plan is that of the state alone', async () => {
      let now: readonly unknown[] = ALL;
      await start();
      const go = async (to: readonly unknown[]): Promise<void> => {
        const texts = new Set(now.map((one) => JSON.stringify(one)));
        const names = new Set(to.map(keyOf));
        await store.put(...to.filter((one) => !texts.has(JSON.stringify(one))));
        for (const one of now) if (!names.has(keyOf(one))) await store.delete(one);
        now = to;
        const wanted = mustPlan('a', to, { datastore: store.settings.type });
        // Going to where most sessions are lost is what the guard asks about: yes.
        await until(() => {
          if (planner.isHeld) planner.release();
          return isDeepStrictEqual(planner.plan, wanted);
        });
      };
      const states = Object.values(STATES);
      for (const from of states) {
        for (const to of states) {
          if (from === to) continue;
          await go(from);
          await go(to);
        }
      }
    });

    it('gives after many changes, losses in between, the plan that its last content gives alone', async () => {
      await start();
      // Few enough nodes that the guard has nothing against all of them changing their addresses at once.
      const last = new Map(ALL.map((one) => [JSON.stringify(one), one]));
      for (let round = 0; round < 40; round++) {
        const one = node(`m${round % 3}`, `10.0.1.${round}`);
        for (const [key, other] of last) {
          if (JSON.stringify(other).includes(`"m${round % 3}"`)) last.delete(key);
        }
        last.set(JSON.stringify(one), one);
        await store.put(one);
        if (round === 15) await store.kill();
        if (round === 15) await store.restart();
      }
      await until(() => planner.peers.includes('10.0.1.39'), promises.loss);
      expectPlanOf(...last.values());
    });
  });
}
