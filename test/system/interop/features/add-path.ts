/** Several paths of one prefix over one session. */
import { expect } from 'vitest';
import { rawUpdate, rawWithdrawal } from '../../../support/raw-peer.ts';
import { waitFor } from '../../../support/wait-for.ts';
import type { Feature } from '../feature.ts';
import { DAEMON_AS, GODWIT_AS, handAddress, PATIENCE_MS, type Stage } from '../stage.ts';

const PASSED = '10.244.7.0/26';
const FAR = '198.51.100.0/24';
const HANDS = [
  { host: 3, as: 64_701 },
  { host: 4, as: 64_702 },
] as const;
const ASES = HANDS.map(({ as }) => as);

async function bothSay(stage: Stage, prefix: string) {
  const hands = [];
  for (const { host, as } of HANDS) {
    const hand = await stage.hand(host);
    hand.send(rawUpdate({ asPath: [as], nextHop: handAddress(host), prefixes: [prefix] }));
    hands.push(hand);
  }
  return hands;
}

export const ADD_PATH: readonly Feature[] = [
  {
    id: 'add-path-received',
    section: 'Paths',
    title: 'the daemon sends two paths of one prefix, and withdraws one of them',
    rfcs: [7911],
    needs: ['sendsPaths'],
    stage: {
      session: { addPath: 'send' },
      hands: HANDS.map((hand) => ({ ...hand, at: 'daemon' as const })),
    },
    async run(stage) {
      await stage.up();
      const [first] = await bothSay(stage, FAR);
      const untilPaths = (...ases: readonly number[]) =>
        waitFor(
          async () => (await stage.godwitPaths(FAR)).map(({ asPath }) => asPath).sort(),
          (paths) => paths.join() === ases.map((as) => `${DAEMON_AS} ${as}`).join(),
          { what: `godwit to have the paths of ${ases}`, timeoutMs: PATIENCE_MS },
        );
      await untilPaths(...ASES);
      const ids = (await stage.godwitPaths(FAR)).map(({ pathId }) => pathId);
      expect(new Set(ids).size).toBe(2);
      first!.send(rawWithdrawal([FAR]));
      await untilPaths(ASES[1]!);
      return undefined;
    },
  },
  {
    id: 'add-path-sent',
    section: 'Paths',
    title: 'godwit sends two paths of one prefix, and withdraws one of them',
    rfcs: [7911],
    needs: ['takesPaths'],
    stage: {
      session: { addPath: 'receive' },
      hands: HANDS.map((hand) => ({ ...hand, at: 'godwit' as const })),
    },
    async run(stage) {
      await stage.up();
      const [first] = await bothSay(stage, PASSED);
      const untilPaths = (...ases: readonly number[]) =>
        waitFor(
          async () => (await stage.daemon.paths(PASSED)).map(({ asPath }) => asPath).sort(),
          (paths) => paths.join() === ases.map((as) => `${GODWIT_AS} ${as}`).join(),
          { what: `the daemon to have the paths of ${ases}`, timeoutMs: PATIENCE_MS },
        );
      await untilPaths(...ASES);
      first!.send(rawWithdrawal([PASSED]));
      await untilPaths(ASES[1]!);
      return undefined;
    },
  },
];
