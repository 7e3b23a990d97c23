/** What a PeerProfile says of AS_PATH and of how much a peer may send. */
import { expect } from 'vitest';
import { rawUpdate } from '../../../support/raw-peer.ts';
import { waitFor } from '../../../support/wait-for.ts';
import type { Feature } from '../feature.ts';
import {
  BLOCK,
  DAEMON_AS,
  GODWIT_AS,
  handAddress,
  PATIENCE_MS,
  ROUTE,
  type Stage,
} from '../stage.ts';

const PASSED = '10.244.7.0/26';
const HAND_AS = 64_701;
const AT_GODWIT = [{ host: 3, as: HAND_AS, at: 'godwit' }] as const;

async function handSends(stage: Stage, asPath: readonly number[]): Promise<void> {
  const hand = await stage.hand(3);
  hand.send(rawUpdate({ asPath, nextHop: handAddress(3), prefixes: [PASSED] }));
}

export const LIMITS: readonly Feature[] = [
  {
    id: 'max-prefix',
    section: 'Sessions',
    title: 'the daemon announces more than godwit allows: Cease 6/1, and the daemon is told',
    rfcs: [4271, 4486],
    stage: {
      settings: { maxPrefixesIn: { limits: { 'ipv4-unicast': 2 }, action: 'restart' } },
      originate: [{ prefix: ROUTE.ipv4 }, { prefix: '192.0.2.0/24' }],
    },
    async run(stage) {
      await stage.up();
      await stage.untilLearned('192.0.2.0/24');
      await stage.daemon.originate([
        { prefix: ROUTE.ipv4 },
        { prefix: '192.0.2.0/24' },
        { prefix: '198.51.100.0/24' },
      ]);
      await waitFor(
        () => stage.godwit.events('notification'),
        (events) =>
          events.some(
            ({ direction, text }) =>
              direction === 'sent' && `${text}`.includes('Maximum Number of Prefixes Reached (1)'),
          ),
        { what: 'the Cease', timeoutMs: PATIENCE_MS },
      );
      await stage.untilUntold(BLOCK.ipv4);
      return undefined;
    },
  },
];

export const AS_CHANGES: readonly Feature[] = [
  {
    id: 'as-override',
    section: 'Paths',
    title:
      'asOverride: the daemon’s own AS in a path is replaced by godwit’s, so that it takes the path',
    rfcs: [],
    stage: { settings: { asOverride: true }, hands: AT_GODWIT },
    async run(stage) {
      await stage.up();
      await handSends(stage, [HAND_AS, DAEMON_AS]);
      const { asPath, best } = await stage.untilTold(PASSED);
      expect({ asPath, best }).toEqual({
        asPath: `${GODWIT_AS} ${HAND_AS} ${GODWIT_AS}`,
        best: true,
      });
      return undefined;
    },
  },
  {
    id: 'private-as-removed',
    section: 'Paths',
    title: 'privateAs remove: private AS numbers are taken out of what the daemon is told',
    rfcs: [6996],
    stage: { settings: { privateAs: 'remove' }, hands: AT_GODWIT },
    async run(stage) {
      await stage.up();
      await handSends(stage, [HAND_AS, 4_200_000_007]);
      expect((await stage.untilTold(PASSED)).asPath).toBe(`${GODWIT_AS}`);
      return undefined;
    },
  },
];
