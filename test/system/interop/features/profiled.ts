/** What a PeerProfile says of a session. */
import { expect } from 'vitest';
import { profile } from '../../../support/godwit.ts';
import { rawUpdate } from '../../../support/raw-peer.ts';
import { waitFor } from '../../../support/wait-for.ts';
import type { Feature } from '../feature.ts';
import {
  BLOCK,
  DAEMON,
  DAEMON_AS,
  GODWIT,
  handAddress,
  PATIENCE_MS,
  ROUTE,
  untilSaid,
} from '../stage.ts';

const PASSED = '10.244.7.0/26';
const HAND_AS = 64_701;
const AT_GODWIT = [{ host: 3, as: HAND_AS, at: 'godwit' }] as const;
const LLGR_STALE = '65535:6';

export const BOTH_FAMILIES: readonly Feature[] = [
  {
    id: 'both-families',
    section: 'Sessions',
    title: 'one session over IPv4 carries both families',
    rfcs: [4760, 2545],
    needs: ['bothFamilies'],
    stage: {
      settings: { families: ['ipv4-unicast', 'ipv6-unicast'] },
      session: { families: ['ipv4', 'ipv6'] },
      originate: [{ prefix: ROUTE.ipv4 }, { prefix: ROUTE.ipv6 }],
    },
    async run(stage) {
      await stage.up();
      for (const family of ['ipv4', 'ipv6'] as const) {
        await stage.untilLearned(ROUTE[family]);
        expect((await stage.untilTold(BLOCK[family])).nextHop).toBe(GODWIT[family]);
      }
      const { nextHop } = await stage.untilLearned(ROUTE.ipv6);
      return nextHop === DAEMON.ipv6 ? undefined : `sends IPv6 with the next hop \`${nextHop}\``;
    },
  },
  {
    id: 'listen-range',
    section: 'Sessions',
    title: 'nobody has named the daemon: it calls from a listen range and becomes a neighbor',
    rfcs: [4271],
    stage: {
      unnamed: true,
      resources: [profile({ listenRanges: [{ prefix: '10.9.0.0/29', asNumber: 'external' }] })],
      originate: [{ prefix: ROUTE.ipv4 }],
    },
    async run(stage) {
      // Some call once, and then not again for minutes: godwit is there first.
      await stage.godwit.start();
      await stage.godwit.untilReady();
      await stage.daemon.start(stage.daemonConfig);
      await stage.untilEstablished();
      await stage.untilLearned(ROUTE.ipv4);
      await stage.untilTold(BLOCK.ipv4);
      return undefined;
    },
  },
];

/** 1,500 communities: over 6,000 octets of attributes. */
const MANY = 1_500;

export const EXTENDED_MESSAGES: readonly Feature[] = [
  {
    id: 'extended-messages',
    section: 'Sessions',
    title: `an UPDATE of more than 4,096 octets, with ${MANY} communities, reaches the daemon whole`,
    rfcs: [8654],
    needs: ['extendedMessages'],
    stage: {
      resources: [profile({ settings: { extendedMessages: true } })],
      session: { extendedMessages: true },
      hands: AT_GODWIT,
    },
    async run(stage) {
      await stage.up();
      const hand = await stage.dial(3);
      await hand.establish({
        as: HAND_AS,
        identifier: (10 << 24) | (9 << 16) | 3,
        capabilities: [
          { kind: 'multiprotocol', afi: 1, safi: 1 },
          { kind: 'fourOctetAs', asn: HAND_AS },
          { kind: 'extendedMessage' },
        ],
      });
      hand.keepAlive(10_000);
      const values = Array.from({ length: MANY }, (_, at) => [0xfc, 0xbd, at >>> 8, at & 0xff]);
      const length = MANY * 4;
      const more = [0xd0, 8, length >>> 8, length & 0xff, ...values.flat()];
      hand.send(
        rawUpdate({ asPath: [HAND_AS], nextHop: handAddress(3), prefixes: [PASSED], more }),
      );
      // Daemons cut what they show; that the path is there at all takes one long message.
      expect((await stage.untilTold(PASSED)).communities.length).toBeGreaterThan(40);
      return undefined;
    },
  },
];

export const ROLES: readonly Feature[] = [
  {
    id: 'roles',
    section: 'Sessions',
    title: 'godwit is the customer and the daemon the provider: OTC is on what comes from it',
    rfcs: [9234],
    needs: ['roles'],
    stage: {
      settings: { role: 'customer', roleStrict: true },
      session: { role: 'provider' },
      originate: [{ prefix: ROUTE.ipv4 }],
    },
    async run(stage) {
      await stage.up();
      expect((await stage.untilLearned(ROUTE.ipv4)).other).toContain(`OTC ${DAEMON_AS}`);
      await stage.untilTold(BLOCK.ipv4);
      return undefined;
    },
  },
  {
    id: 'role-mismatch',
    section: 'Sessions',
    title: 'both say that they are the customer: no session, and godwit says why',
    rfcs: [9234],
    needs: ['roles'],
    stage: { settings: { role: 'customer' }, session: { role: 'customer' } },
    async run(stage) {
      await Promise.all([stage.daemon.start(stage.daemonConfig), stage.godwit.start()]);
      await waitFor(
        () => stage.godwit.neighbor(DAEMON.ipv4),
        ({ lastError }) => lastError?.includes('Role Mismatch (11)') === true,
        { what: 'the refusal', timeoutMs: PATIENCE_MS },
      );
      await untilSaid(
        stage,
        /Role Mismatch.*(correct `role` of the PeerProfile|set `role` of the)/,
      );
      return undefined;
    },
  },
];

export const LONG_LIVED: readonly Feature[] = [
  {
    id: 'long-lived',
    section: 'Restarts',
    title:
      'the daemon stays away longer than its restart time and has asked for more: godwit keeps its routes, marked LLGR_STALE, until it is back',
    rfcs: [9494],
    needs: ['restarts', 'longLived'],
    stage: {
      settings: { longLivedStaleTime: '0s' },
      session: { restartTime: 2, longLived: 120 },
      originate: [{ prefix: ROUTE.ipv4 }],
    },
    async run(stage) {
      await stage.up();
      await stage.untilLearned(ROUTE.ipv4);
      await stage.daemon.stop('SIGKILL');
      const marked = await stage.untilLearned(ROUTE.ipv4, ({ communities }) =>
        communities.some((one) => one === LLGR_STALE || /llgr.stale/i.test(one)),
      );
      expect(marked).toMatchObject({ best: true, stale: true });
      await stage.daemon.start(stage.daemonConfig, { restarting: true });
      await stage.untilEstablished();
      const fresh = await stage.untilLearned(ROUTE.ipv4, ({ stale }) => !stale);
      expect(fresh.communities).toEqual([]);
      return undefined;
    },
  },
];
