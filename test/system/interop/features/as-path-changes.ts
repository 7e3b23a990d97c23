/** What a PeerProfile says of AS_PATH. */
import { expect } from 'vitest';
import { rawUpdate } from '../../../support/raw-peer.ts';
import type { Feature } from '../feature.ts';
import { DAEMON_AS, GODWIT_AS, handAddress, type Stage } from '../stage.ts';

const PASSED = '10.244.7.0/26';
const HAND_AS = 64_701;
const AT_GODWIT = [{ host: 3, as: HAND_AS, at: 'godwit' }] as const;

async function handSends(stage: Stage, asPath: readonly number[]): Promise<void> {
  const hand = await stage.hand(3);
  hand.send(rawUpdate({ asPath, nextHop: handAddress(3), prefixes: [PASSED] }));
}

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
      // FRR shows a path some ms before it has chosen it.
      const { asPath } = await stage.untilTold(PASSED, ({ best }) => best);
      expect(asPath).toBe(`${GODWIT_AS} ${HAND_AS} ${GODWIT_AS}`);
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
