/** RFC 9774: nobody aggregates with AS_SET any more. */
import { expect } from 'vitest';
import { message, rawUpdate } from '../../../support/raw-peer.ts';
import { waitFor } from '../../../support/wait-for.ts';
import type { Feature } from '../feature.ts';
import { handAddress, PATIENCE_MS } from '../stage.ts';

const FAR = '198.51.100.0/24';
const GOOD = '192.0.2.0/24';
/** AS_SEQUENCE 64701, AS_SET {64801 64802}, of four octets each. */
const AS_PATH = [
  ...[0x40, 2, 16],
  ...[2, 1, 0, 0, 0xfc, 0xbd],
  ...[1, 2, 0, 0, 0xfd, 0x21, 0, 0, 0xfd, 0x22],
];

/** FAR with that path. */
function update(): Uint8Array {
  const nextHop = [0x40, 3, 4, ...handAddress(3).split('.').map(Number)];
  const attributes = [0x40, 1, 1, 0, ...AS_PATH, ...nextHop];
  return message(2, [0, 0, 0, attributes.length, ...attributes, 24, 198, 51, 100]);
}

export const AS_SETS: readonly Feature[] = [
  {
    id: 'as-set',
    section: 'Paths',
    title: 'a path with AS_SET that the daemon passes on is not used',
    rfcs: [9774],
    needs: ['passesAsSets'],
    stage: { hands: [{ host: 3, as: 64_701, at: 'daemon' }] },
    async run(stage) {
      await stage.up();
      const hand = await stage.hand(3);
      hand.send(update());
      hand.send(rawUpdate({ asPath: [64_701], nextHop: handAddress(3), prefixes: [GOOD] }));
      await stage.untilLearned(GOOD, ({ best }) => best);
      const [path] = await waitFor(
        () => stage.godwitPaths(FAR),
        (paths) => paths.length > 0,
        { what: 'the path to arrive', timeoutMs: PATIENCE_MS },
      );
      expect(path).toMatchObject({ best: false, state: 'rejected' });
      expect(path?.because).toMatch(/AS_SET/);
      return undefined;
    },
  },
];
