/** What is agreed on when a session opens: AS numbers, capabilities, timers, who calls. */
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { rawUpdate } from '../../../support/raw-peer.ts';
import { staysTrue, waitFor } from '../../../support/wait-for.ts';
import type { Feature } from '../feature.ts';
import { BLOCK, DAEMON, handAddress, PATIENCE_MS, ROUTE, type Stage, untilSaid } from '../stage.ts';

/** Beyond two octets. */
const BIG = { godwit: 4_200_000_001, daemon: 4_200_000_002, hand: 4_200_000_007 } as const;
const FAR = '198.51.100.0/24';

const AS_NUMBERS: readonly Feature[] = [
  {
    id: 'as4',
    section: 'Sessions',
    title: 'both have AS numbers that need four octets',
    rfcs: [6793],
    stage: {
      godwitAs: BIG.godwit,
      daemonAs: BIG.daemon,
      originate: [{ prefix: ROUTE.ipv4 }],
    },
    async run(stage) {
      await stage.up();
      expect((await stage.untilLearned(ROUTE.ipv4)).asPath).toBe(`${BIG.daemon}`);
      expect((await stage.untilTold(BLOCK.ipv4)).asPath).toBe(`${BIG.godwit}`);
      return undefined;
    },
  },
  {
    id: 'as-trans',
    section: 'Sessions',
    title:
      'the daemon speaks 2-octet AS numbers: AS_TRANS stands for the longer ones, and AS4_PATH gives back what AS_PATH lost',
    rfcs: [6793],
    needs: ['twoOctetAs'],
    stage: (daemon) => ({
      // BIRD 2 wants the number that the capability says, and takes none that is long: there ours is short.
      ...(daemon === 'bird2' ? {} : { godwitAs: BIG.godwit }),
      // FRR and OpenBGPD read the number in the capability that they do not say themselves.
      session: { twoOctetAs: true, ...(daemon === 'bird1' ? { remoteAs: 23_456 } : {}) },
      hands: [{ host: 3, as: BIG.hand, at: 'daemon' }],
    }),
    async run(stage) {
      await stage.up();
      const far = await stage.hand(3);
      far.send(rawUpdate({ asPath: [BIG.hand], nextHop: handAddress(3), prefixes: [FAR] }));
      expect((await stage.untilLearned(FAR)).asPath).toBe(`64601 ${BIG.hand}`);
      const { asPath } = await stage.untilTold(BLOCK.ipv4);
      // Who is told to forget the capability may still understand AS4_PATH.
      expect([`${BIG.godwit}`, '23456', '64512']).toContain(asPath);
      return `shows godwit's path as \`${asPath}\``;
    },
  },
  {
    id: 'no-capabilities',
    section: 'Sessions',
    title: 'the daemon says no capability at all: IPv4 works all the same',
    rfcs: [5492, 4271],
    needs: ['noCapabilities'],
    stage: { session: { noCapabilities: true }, originate: [{ prefix: ROUTE.ipv4 }] },
    async run(stage) {
      await stage.up();
      await stage.untilLearned(ROUTE.ipv4);
      await stage.untilTold(BLOCK.ipv4);
      expect((await stage.godwit.neighbor(DAEMON.ipv4)).capabilities).toEqual([]);
      return undefined;
    },
  },
  {
    id: 'capabilities',
    section: 'Sessions',
    title: 'each reads the capabilities of the other: route refresh, 4-octet AS',
    rfcs: [5492],
    async run(stage) {
      await stage.up();
      const { capabilities } = await stage.godwit.neighbor(DAEMON.ipv4);
      for (const wanted of [/ipv4-unicast/, /route-refresh/, /four-octet-as|4-octet/]) {
        expect(capabilities.join(' ')).toMatch(wanted);
      }
      const { text } = await stage.daemon.session('10.9.0.1');
      for (const wanted of [/refresh/i, /as4|4-octet|4byteas|4-byte|four/i]) {
        expect(text).toMatch(wanted);
      }
      return undefined;
    },
  },
];

const TIMERS: readonly Feature[] = [
  {
    id: 'hold-time',
    section: 'Sessions',
    title: 'the smaller hold time counts, and KEEPALIVEs keep the session beyond it',
    rfcs: [4271],
    stage: { session: { holdTime: 6 } },
    async run(stage) {
      await stage.up();
      expect(await stage.godwit.neighbor(DAEMON.ipv4)).toMatchObject({
        holdTime: 6,
        keepaliveTime: 2,
      });
      const up = async (): Promise<boolean> => (await stage.flaps()) === 0;
      const what = 'the session';
      await staysTrue(up, (holds) => holds, { what, forMs: 8_000, intervalMs: 500 });
      return undefined;
    },
  },
  {
    id: 'hold-time-zero',
    section: 'Sessions',
    title: 'a hold time of 0: no KEEPALIVE but the one that answers OPEN',
    rfcs: [4271],
    needs: ['holdTimeZero'],
    stage: { session: { holdTime: 0 } },
    async run(stage) {
      await stage.up();
      await stage.untilTold(BLOCK.ipv4);
      const { holdTime, sent, received } = await stage.godwit.neighbor(DAEMON.ipv4);
      expect({ holdTime, sent: sent.keepalive, received: received.keepalive }).toEqual({
        holdTime: 0,
        sent: 1,
        received: 1,
      });
      return undefined;
    },
  },
];

async function isAccepted(stage: Stage): Promise<boolean> {
  const text = await stage.node.runOk(['ss', '-Htn', 'state', 'established', 'dst', DAEMON.ipv4]);
  expect(text.trim().split('\n')).toHaveLength(1);
  return !/:179\s*$/.test(text.trim());
}

const CALLS: readonly Feature[] = [
  {
    id: 'daemon-passive',
    section: 'Sessions',
    title: 'the daemon is passive: godwit calls',
    rfcs: [4271],
    stage: { session: { passive: true } },
    async run(stage) {
      await stage.up();
      expect(await isAccepted(stage)).toBe(false);
      return undefined;
    },
  },
  {
    id: 'godwit-called',
    section: 'Sessions',
    title: 'godwit finds nobody where it calls: the daemon calls',
    rfcs: [4271],
    stage: { peer: { peerIP: `${DAEMON.ipv4}:1` } },
    async run(stage) {
      // Some call once, and then not again for minutes: godwit is there first.
      await stage.godwit.start();
      await stage.godwit.untilReady();
      await stage.daemon.start(stage.daemonConfig);
      await stage.untilEstablished();
      expect(await isAccepted(stage)).toBe(true);
      return undefined;
    },
  },
  {
    id: 'collision',
    section: 'Sessions',
    title: 'both call at once: one connection stays, that of the higher BGP Identifier',
    rfcs: [4271, 4486],
    async run(stage) {
      await stage.daemon.start(stage.daemonConfig);
      // Stopped, it answers godwit's call only with its kernel; when it goes on, its own call is due.
      await stage.freeze('SIGSTOP');
      await stage.godwit.start();
      await waitFor(
        () => stage.godwit.neighbor(DAEMON.ipv4),
        ({ state }) => state === 'OpenSent',
        { what: 'godwit to have said OPEN', timeoutMs: PATIENCE_MS },
      );
      await stage.freeze('SIGCONT');
      await stage.untilEstablished();
      // FRR may close our connection just after its KEEPALIVE has established it, its own call being due (decision 0024,
      // "What it leaves"): then the next attempt stays.
      await setTimeout(500);
      await stage.untilEstablished();
      const up = async (): Promise<boolean> =>
        (await stage.godwit.neighbor(DAEMON.ipv4)).state === 'Established';
      const what = 'the session that is left';
      await staysTrue(up, (holds) => holds, { what, forMs: 2_000, intervalMs: 200 });
      const ends = await stage.godwit.events('session-down');
      expect(ends.length).toBeLessThanOrEqual(1);
      for (const { reason } of ends) expect(reason).toMatch(/^The peer closed|Collision/);
      await isAccepted(stage);
      return undefined;
    },
  },
];

const WRONG_AS = { godwit: 64_698, daemon: 64_699 } as const;

const REFUSALS: readonly Feature[] = [
  {
    id: 'bad-peer-as',
    section: 'Sessions',
    title: 'an AS that godwit does not expect is refused with NOTIFICATION 2/2',
    rfcs: [4271],
    stage: { daemonAs: WRONG_AS.daemon, peer: { asNumber: WRONG_AS.godwit } },
    async run(stage) {
      await Promise.all([stage.daemon.start(stage.daemonConfig), stage.godwit.start()]);
      await waitFor(
        () => stage.godwit.events('notification'),
        (events) =>
          events.some(
            ({ direction, text }) =>
              direction === 'sent' &&
              `${text}`.startsWith('OPEN Message Error (2), Bad Peer AS (2)'),
          ),
        { what: 'the refusal', timeoutMs: PATIENCE_MS },
      );
      await untilSaid(stage, /says AS 64699, configured is AS 64698: correct asNumber/);
      expect((await stage.daemon.session('10.9.0.1')).established).toBe(false);
      return undefined;
    },
  },
  {
    id: 'bad-peer-as-told',
    section: 'Sessions',
    title: 'the daemon refuses the AS of godwit with 2/2, and godwit says so',
    rfcs: [4271],
    stage: { session: { remoteAs: WRONG_AS.godwit } },
    async run(stage) {
      await Promise.all([stage.daemon.start(stage.daemonConfig), stage.godwit.start()]);
      await waitFor(
        () => stage.godwit.neighbor(DAEMON.ipv4),
        ({ lastError }) =>
          lastError?.startsWith('Peer says OPEN Message Error (2), Bad Peer AS (2)') === true,
        { what: 'the refusal', timeoutMs: PATIENCE_MS },
      );
      await untilSaid(stage, /it expects another AS than our 64512; correct it there/);
      return undefined;
    },
  },
];

export const OPENS: readonly Feature[] = [...AS_NUMBERS, ...TIMERS, ...CALLS, ...REFUSALS];
