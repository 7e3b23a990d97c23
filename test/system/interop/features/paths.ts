/** AS_PATH, next hops, and what is passed on as it came. */
import { expect } from 'vitest';
import { rawUpdate } from '../../../support/raw-peer.ts';
import { staysTrue, waitFor } from '../../../support/wait-for.ts';
import type { Feature } from '../feature.ts';
import {
  DAEMON,
  DAEMON_AS,
  GODWIT,
  GODWIT_AS,
  handAddress,
  PATIENCE_MS,
  type Stage,
} from '../stage.ts';

const PASSED = '10.244.7.0/26';
const FAR = '198.51.100.0/24';
const HAND_AS = 64_701;
const AT_GODWIT = [{ host: 3, as: HAND_AS, at: 'godwit' }] as const;
const AT_DAEMON = [{ host: 3, as: HAND_AS, at: 'daemon' }] as const;

async function handSends(stage: Stage, asPath: readonly number[], prefix: string): Promise<void> {
  const hand = await stage.hand(3);
  hand.send(rawUpdate({ asPath, nextHop: handAddress(3), prefixes: [prefix] }));
}

export const AS_PATHS: readonly Feature[] = [
  {
    id: 'as-loop',
    section: 'Paths',
    title: 'a path with godwit’s own AS in it is kept out',
    rfcs: [4271],
    needs: ['sendsLoops'],
    stage: { hands: AT_DAEMON },
    async run(stage) {
      await stage.up();
      await handSends(stage, [HAND_AS, GODWIT_AS], FAR);
      expect(await stage.untilLearned(FAR)).toMatchObject({
        asPath: `${DAEMON_AS} ${HAND_AS} ${GODWIT_AS}`,
        state: 'looped',
        best: false,
      });
      return undefined;
    },
  },
  {
    id: 'allow-as-in',
    section: 'Paths',
    title: 'a path with godwit’s own AS in it is used where it is allowed once',
    rfcs: [4271],
    needs: ['sendsLoops'],
    stage: { hands: AT_DAEMON, peer: { numAllowedLocalASNumbers: 1 } },
    async run(stage) {
      await stage.up();
      await handSends(stage, [HAND_AS, GODWIT_AS], FAR);
      expect(await stage.untilLearned(FAR)).toMatchObject({ state: 'usable', best: true });
      return undefined;
    },
  },
  {
    id: 'allow-as-in-told',
    section: 'Paths',
    title: 'godwit sends a path with the daemon’s own AS in it, which the daemon may accept once',
    rfcs: [4271],
    stage: { hands: AT_GODWIT, session: { allowOwnAs: 1 } },
    async run(stage) {
      await stage.up();
      await handSends(stage, [HAND_AS, DAEMON_AS], PASSED);
      const told = await stage.untilTold(PASSED);
      expect(told.asPath).toBe(`${GODWIT_AS} ${HAND_AS} ${DAEMON_AS}`);
      return undefined;
    },
  },
  {
    id: 'local-as',
    section: 'Paths',
    title: 'godwit shows another AS of its own to this peer (localASNumber)',
    rfcs: [7705],
    stage: { peer: { localASNumber: 64_555 }, session: { remoteAs: 64_555 }, hands: AT_GODWIT },
    async run(stage) {
      await stage.up();
      await handSends(stage, [HAND_AS], PASSED);
      expect((await stage.untilTold(PASSED)).asPath).toBe(`64555 ${HAND_AS}`);
      return undefined;
    },
  },
  {
    id: 'local-as-peer',
    section: 'Paths',
    title: 'the daemon shows another AS of its own to godwit',
    rfcs: [7705],
    stage: {
      peer: { asNumber: 64_655 },
      session: { localAs: 64_655 },
      originate: [{ prefix: FAR }],
    },
    async run(stage) {
      await stage.up();
      const { asPath } = await stage.untilLearned(FAR);
      expect(asPath).toMatch(/^64655( 64601)?$/);
      return asPath === '64655' ? undefined : `it shows both: \`${asPath}\``;
    },
  },
];

export const NEXT_HOPS: readonly Feature[] = [
  {
    id: 'next-hop-self',
    section: 'Paths',
    title: 'nextHopMode Self: the daemon inside the AS is told godwit as next hop',
    rfcs: [4271],
    stage: { ibgp: true, hands: AT_GODWIT, peer: { nextHopMode: 'Self' } },
    async run(stage) {
      await stage.up();
      await handSends(stage, [HAND_AS], PASSED);
      expect((await stage.untilTold(PASSED)).nextHop).toBe(GODWIT.ipv4);
      return undefined;
    },
  },
  {
    id: 'next-hop-keep',
    section: 'Paths',
    title: 'nextHopMode Keep: the daemon in another AS is told the next hop that godwit was told',
    rfcs: [4271],
    stage: { hands: AT_GODWIT, peer: { nextHopMode: 'Keep' } },
    async run(stage) {
      await stage.up();
      await handSends(stage, [HAND_AS], PASSED);
      expect((await stage.untilTold(PASSED)).nextHop).toBe(handAddress(3));
      return undefined;
    },
  },
  {
    id: 'third-party',
    section: 'Paths',
    title:
      'a third-party next hop from the daemon is used: the route leads to the third, not to the daemon',
    rfcs: [4271],
    needs: ['keepNextHop'],
    stage: { hands: AT_DAEMON, session: { keepNextHop: true } },
    async run(stage) {
      await stage.up();
      await handSends(stage, [HAND_AS], FAR);
      const learned = await stage.untilLearned(FAR);
      expect(learned).toMatchObject({ nextHop: handAddress(3), best: true });
      await waitFor(
        () => stage.node.ipJson<{ dst: string; gateway?: string }>('route', 'show', FAR),
        ([route]) => route?.gateway === handAddress(3),
        { what: 'the kernel to have the route', timeoutMs: PATIENCE_MS },
      );
      return undefined;
    },
  },
];

/** Type 200 is of nobody; five odd octets. */
const UNKNOWN = [200, 5, 0xde, 0xad, 0, 0xff, 0x2a] as const;
const PARTIAL = 0xe0;

export const PASSED_ON: readonly Feature[] = [
  {
    id: 'unknown-attribute',
    section: 'Attributes',
    title:
      'an unknown transitive attribute goes through godwit and the daemon unchanged, with Partial set',
    rfcs: [4271],
    stage: { hands: [...AT_GODWIT, { host: 4, as: 64_702, at: 'daemon' }] },
    async run(stage) {
      await stage.up();
      const end = await stage.hand(4);
      const hand = await stage.hand(3);
      const more = [0xc0, ...UNKNOWN];
      hand.send(
        rawUpdate({ asPath: [HAND_AS], nextHop: handAddress(3), prefixes: [PASSED], more }),
      );
      await stage.untilTold(PASSED);
      for (;;) {
        const { announced, octets } = await end.update(30_000);
        if (!announced.some((prefix) => prefix === PASSED)) continue;
        expect(Buffer.from(octets).includes(Buffer.from([PARTIAL, ...UNKNOWN]))).toBe(true);
        return undefined;
      }
    },
  },
  {
    id: 'treat-as-withdraw',
    section: 'Attributes',
    title:
      'a malformed attribute that the daemon does not know and passes on: godwit withdraws the route and keeps the session',
    rfcs: [7606],
    needs: ['passesMalformed'],
    stage: { hands: AT_DAEMON },
    async run(stage) {
      await stage.up();
      const hand = await stage.hand(3);
      const update = { asPath: [HAND_AS], nextHop: handAddress(3), prefixes: [FAR] };
      hand.send(rawUpdate(update));
      expect(await stage.untilLearned(FAR)).toMatchObject({ best: true });
      hand.send(rawUpdate({ ...update, more: MALFORMED[stage.daemonName] ?? [] }));
      await stage.untilForgotten(FAR);
      await staysTrue(
        async () => ({ ...(await stage.godwit.neighbor(DAEMON.ipv4)), lost: await stage.flaps() }),
        ({ state, lost }) => state === 'Established' && lost === 0,
        { what: 'the session', forMs: 1_000 },
      );
      expect(stage.godwit.events('update-fault').length).toBeGreaterThan(0);
      hand.send(rawUpdate(update));
      await stage.untilLearned(FAR);
      return undefined;
    },
  },
];

/** By daemon, something it does not know and godwit does: IPv6 extended communities of 7 octets, OTC of 3. */
const OTC = [0xc0, 35, 3, 1, 2, 3] as const;
const IPV6_EXTENDED = [0xc0, 25, 7, 1, 2, 3, 4, 5, 6, 7] as const;
const MALFORMED: Readonly<Record<string, readonly number[]>> = {
  bird2: IPV6_EXTENDED,
  bird1: OTC,
  gobgpd: OTC,
  frr: IPV6_EXTENDED,
  openbgpd: IPV6_EXTENDED,
};

const MANY = 3_000;

export const SIZES: readonly Feature[] = [
  {
    id: 'host-routes',
    section: 'Paths',
    title: 'host routes, /32 and /128, arrive and are installed',
    rfcs: [4271, 4760],
    stage: {
      families: ['ipv4', 'ipv6'],
      originate: [{ prefix: '203.0.113.7/32' }, { prefix: '2001:db8:a::7/128' }],
    },
    async run(stage) {
      await stage.up();
      await stage.untilLearned('203.0.113.7/32', ({ best }) => best);
      await stage.untilLearned('2001:db8:a::7/128', ({ best }) => best);
      await installed(stage, '-4', '203.0.113.7');
      await installed(stage, '-6', '2001:db8:a::7');
      return undefined;
    },
  },
  {
    id: 'default-route',
    section: 'Paths',
    title: 'default routes of both families arrive and are installed',
    rfcs: [4271, 4760],
    stage: {
      families: ['ipv4', 'ipv6'],
      originate: [{ prefix: '0.0.0.0/0' }, { prefix: '::/0' }],
    },
    async run(stage) {
      await stage.up();
      await stage.untilLearned('0.0.0.0/0', ({ best }) => best);
      await stage.untilLearned('::/0', ({ best }) => best);
      await installed(stage, '-4', 'default');
      await installed(stage, '-6', 'default');
      return undefined;
    },
  },
  {
    id: 'full-updates',
    section: 'Paths',
    title: `${MANY} prefixes with one attribute set go through both in UPDATEs as full as they get`,
    rfcs: [4271],
    stage: {
      hands: [...AT_GODWIT, { host: 4, as: 64_702, at: 'daemon' }],
    },
    async run(stage) {
      await stage.up();
      const prefixes = Array.from(
        { length: MANY },
        (_, at) => `10.244.${32 + (at >>> 6)}.${(at & 63) << 2}/30`,
      );
      const end = await stage.hand(4);
      const hand = await stage.hand(3);
      for (let at = 0; at < MANY; at += 500) {
        hand.send(
          rawUpdate({
            asPath: [HAND_AS],
            nextHop: handAddress(3),
            prefixes: prefixes.slice(at, at + 500),
          }),
        );
      }
      const missing = new Set<string>(prefixes);
      let longest = 0;
      while (missing.size > 0) {
        const { announced, octets } = await end.update(30_000);
        longest = Math.max(longest, octets.length);
        for (const prefix of announced) missing.delete(prefix);
      }
      expect(longest).toBeLessThanOrEqual(4_096);
      const far = prefixes.map((prefix) => prefix.replace('10.244.', '172.16.'));
      for (let at = 0; at < MANY; at += 500) {
        end.send(
          rawUpdate({
            asPath: [64_702],
            nextHop: handAddress(4),
            prefixes: far.slice(at, at + 500),
          }),
        );
      }
      await waitFor(
        () => stage.godwit.neighbor(DAEMON.ipv4),
        ({ families }) => families[0]?.accepted === MANY,
        { what: `godwit to have ${MANY} prefixes`, timeoutMs: PATIENCE_MS },
      );
      return undefined;
    },
  },
];

async function installed(stage: Stage, family: '-4' | '-6', dst: string): Promise<void> {
  await waitFor(
    () => stage.node.ipJson<{ dst: string; protocol?: string }>(family, 'route', 'show'),
    (routes) => routes.some((route) => route.dst === dst && route.protocol === 'bird'),
    { what: `${dst} in the kernel`, timeoutMs: PATIENCE_MS },
  );
}
