/** Path attributes there and back. */
import { expect } from 'vitest';
import { calico } from '../../../support/godwit.ts';
import { rawUpdate } from '../../../support/raw-peer.ts';
import { staysTrue, waitFor } from '../../../support/wait-for.ts';
import type { Feature } from '../feature.ts';
import { BLOCK, handAddress, PATIENCE_MS, ROUTE, type Stage } from '../stage.ts';

/** Inside a pool, so that godwit passes it on. */
const PASSED = '10.244.7.0/26';
const KEPT = '10.244.8.0/26';
const HAND_AS = 64_701;
const AT_GODWIT = [{ host: 3, as: HAND_AS, at: 'godwit' }] as const;
const AT_DAEMON = [{ host: 3, as: HAND_AS, at: 'daemon' }] as const;

function advertise(communities: readonly string[]): ReturnType<typeof calico> {
  const prefixAdvertisements = [{ cidr: '10.244.0.0/16', communities }];
  return calico('BGPConfiguration', 'default', { prefixAdvertisements });
}

/** The hand is told `passed`, and never `kept`. */
async function passesOnlyOne(stage: Stage, passed: string, kept: string): Promise<void> {
  const hand = await stage.hand(3);
  const announced: string[] = [];
  const has = (prefix: string) => (all: readonly string[]) => all.includes(prefix);
  const listen = (async () => {
    for (;;) announced.push(...(await hand.update(60_000)).announced);
  })().catch(() => undefined); // ends with the connection
  const what = `the hand to be told ${passed}`;
  await waitFor(() => announced, has(passed), { what, timeoutMs: PATIENCE_MS });
  const keeping = { what: `${kept} being kept`, forMs: 2_000 };
  await staysTrue(
    () => announced,
    (all) => !has(kept)(all),
    keeping,
  );
  hand.close();
  await listen;
}

export const COMMUNITIES: readonly Feature[] = [
  {
    id: 'communities',
    section: 'Attributes',
    title: 'communities arrive in both directions',
    rfcs: [1997],
    stage: {
      resources: [advertise(['64512:100', '64512:65535'])],
      originate: [{ prefix: ROUTE.ipv4, communities: ['64601:5', '64601:65535'] }],
    },
    async run(stage) {
      await stage.up();
      const learned = await stage.untilLearned(ROUTE.ipv4);
      expect([...learned.communities].sort()).toEqual(['64601:5', '64601:65535']);
      expect((await stage.untilTold(BLOCK.ipv4)).communities).toEqual(['64512:100', '64512:65535']);
      return undefined;
    },
  },
  {
    id: 'large-communities',
    section: 'Attributes',
    title: 'large communities arrive in both directions',
    rfcs: [8092],
    stage: {
      resources: [advertise(['64512:4200000001:7'])],
      originate: [{ prefix: ROUTE.ipv4, largeCommunities: ['64601:4200000001:3'] }],
    },
    async run(stage) {
      await stage.up();
      const learned = await stage.untilLearned(ROUTE.ipv4);
      expect(learned.largeCommunities).toEqual(['64601:4200000001:3']);
      expect((await stage.untilTold(BLOCK.ipv4)).largeCommunities).toEqual(['64512:4200000001:7']);
      return undefined;
    },
  },
  {
    id: 'extended-communities',
    section: 'Attributes',
    title: 'extended communities arrive, and are passed on by godwit',
    rfcs: [4360],
    stage: {
      originate: [{ prefix: ROUTE.ipv4, routeTargets: ['64601:7'] }],
      hands: AT_GODWIT,
    },
    async run(stage) {
      await stage.up();
      const learned = await stage.untilLearned(ROUTE.ipv4);
      expect(learned.extendedCommunities).toEqual(['rt:64601:7']);
      const hand = await stage.hand(3);
      // Route target 64701:9 of a 2-octet AS, transitive.
      const routeTarget = [0x00, 0x02, 0xfc, 0xbd, 0, 0, 0, 9];
      const more = [0xc0, 16, 8, ...routeTarget];
      hand.send(
        rawUpdate({ asPath: [HAND_AS], nextHop: handAddress(3), prefixes: [PASSED], more }),
      );
      expect((await stage.untilTold(PASSED)).extendedCommunities).toEqual(['rt:64701:9']);
      return undefined;
    },
  },
  {
    id: 'no-export-obeyed',
    section: 'Attributes',
    title: 'NO_EXPORT from the daemon: godwit uses the route and tells no eBGP peer',
    rfcs: [1997],
    // Inside the AS: some keep such a route of their own from godwit as from any eBGP peer.
    stage: {
      ibgp: true,
      originate: [{ prefix: PASSED }, { prefix: KEPT, communities: ['65535:65281'] }],
      hands: AT_GODWIT,
    },
    async run(stage) {
      await stage.up();
      expect(await stage.untilLearned(KEPT)).toMatchObject({ best: true });
      await stage.untilLearned(PASSED);
      await passesOnlyOne(stage, PASSED, KEPT);
      return undefined;
    },
  },
  {
    id: 'no-export-sent',
    section: 'Attributes',
    title: 'NO_EXPORT from godwit: the daemon uses the route and tells no eBGP peer',
    rfcs: [1997],
    needs: ['obeysWellKnowns'],
    stage: {
      resources: [advertise(['65535:65281'])],
      originate: [{ prefix: ROUTE.ipv4 }],
      hands: AT_DAEMON,
    },
    async run(stage) {
      await stage.up();
      await stage.untilTold(BLOCK.ipv4, ({ best }) => best);
      await passesOnlyOne(stage, ROUTE.ipv4, BLOCK.ipv4);
      return undefined;
    },
  },
  {
    id: 'no-advertise-obeyed',
    section: 'Attributes',
    title: 'NO_ADVERTISE from the daemon: godwit uses the route and tells nobody',
    rfcs: [1997],
    needs: ['sendsNoAdvertise'],
    stage: {
      originate: [{ prefix: PASSED }, { prefix: KEPT, communities: ['65535:65282'] }],
      hands: [{ host: 3, as: 64_512, at: 'godwit' }],
    },
    async run(stage) {
      await stage.up();
      expect(await stage.untilLearned(KEPT)).toMatchObject({ best: true });
      await stage.untilLearned(PASSED);
      await passesOnlyOne(stage, PASSED, KEPT);
      return undefined;
    },
  },
  {
    id: 'no-advertise-sent',
    section: 'Attributes',
    title: 'NO_ADVERTISE from godwit: the daemon uses the route and tells nobody',
    rfcs: [1997],
    needs: ['obeysWellKnowns'],
    stage: {
      resources: [advertise(['65535:65282'])],
      originate: [{ prefix: ROUTE.ipv4 }],
      hands: AT_DAEMON,
    },
    async run(stage) {
      await stage.up();
      await stage.untilTold(BLOCK.ipv4, ({ best }) => best);
      await passesOnlyOne(stage, ROUTE.ipv4, BLOCK.ipv4);
      return undefined;
    },
  },
];

export const PREFERENCES: readonly Feature[] = [
  {
    id: 'med-learned',
    section: 'Attributes',
    title: 'MED arrives, and its change too',
    rfcs: [4271],
    stage: { originate: [{ prefix: ROUTE.ipv4, med: 17 }] },
    async run(stage) {
      await stage.up();
      expect((await stage.untilLearned(ROUTE.ipv4)).med).toBe(17);
      await stage.daemon.originate([{ prefix: ROUTE.ipv4, med: 4_294_967_295 }]);
      await stage.untilLearned(ROUTE.ipv4, ({ med }) => med === 4_294_967_295);
      return undefined;
    },
  },
  {
    id: 'med-told',
    section: 'Attributes',
    title: 'MED from outside is passed on inside the AS, and not to another AS',
    rfcs: [4271],
    stage: { ibgp: true, hands: [...AT_GODWIT, { host: 4, as: 64_702, at: 'godwit' }] },
    async run(stage) {
      await stage.up();
      const other = await stage.hand(4);
      const hand = await stage.hand(3);
      const more = [0x80, 4, 4, 0, 0, 0, 9];
      hand.send(
        rawUpdate({ asPath: [HAND_AS], nextHop: handAddress(3), prefixes: [PASSED], more }),
      );
      expect((await stage.untilTold(PASSED)).med).toBe(9);
      for (;;) {
        const { announced, octets } = await other.update();
        if (!announced.some((prefix) => prefix === PASSED)) continue;
        expect(Buffer.from(octets).includes(Buffer.from([0x80, 4, 4]))).toBe(false);
        return undefined;
      }
    },
  },
  {
    id: 'local-pref',
    section: 'Attributes',
    title: 'LOCAL_PREF arrives in both directions of an iBGP session',
    rfcs: [4271],
    stage: { ibgp: true, originate: [{ prefix: ROUTE.ipv4, localPref: 250 }] },
    async run(stage) {
      await stage.up();
      expect((await stage.untilLearned(ROUTE.ipv4)).localPref).toBe(250);
      // As Calico 3.32 and later derives it from the metric 1024: 2³¹ − 1 − 1024.
      expect((await stage.untilTold(BLOCK.ipv4)).localPref).toBe(2_147_482_623);
      return undefined;
    },
  },
];
