/**
 * A node run by godwit and the same node run by BIRD 1.6, the base of Calico's fork, whose configuration was written by
 * hand: in each situation the same peers see the same sessions and announcements, and the kernel has the same routes.
 */
import { expect, it } from 'vitest';
import { describeWith } from '../support/requirements.ts';
import { type Seen, TwoWorlds } from '../support/situation.ts';
import { SITUATIONS } from '../support/situations.ts';
import { waitFor } from '../support/wait-for.ts';

const NEEDS = [
  'root',
  'netns',
  'ip',
  'veth',
  'bridge',
  'ipv6',
  'bird1',
  'bird2',
  'native',
] as const;
/** Situations at a time: each starts a godwitd and up to six BIRDs, on two cores. */
const AT_A_TIME = 3;
/** Both worlds have come to rest well before. */
const SAME_MS_MAX = 20_000;

const waiting: (() => void)[] = [];
let running = 0;

/** Resolves when it is one's turn, with what is to be called at its end. */
async function turn(): Promise<() => void> {
  if (running >= AT_A_TIME) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  return () => {
    const next = waiting.shift();
    // The place goes to the next one as it is.
    if (next === undefined) running--;
    else next();
  };
}

describeWith(NEEDS, 'The same situation by godwit and by BIRD 1.6', () => {
  for (const [name, situation] of Object.entries(SITUATIONS)) {
    it.concurrent(`${name}: the same sessions, announcements and kernel routes`, {
      timeout: 300_000, // ms; the waiting for one's turn is in it
    }, async () => {
      const done = await turn();
      const worlds = await TwoWorlds.start(situation).catch((error: unknown) => {
        done();
        throw error;
      });
      try {
        await worlds.godwit.settle();
        await worlds.bird.settle();
        const look = async (): Promise<{ ours: Seen; theirs: Seen }> => {
          const [ours, theirs] = [await worlds.godwit.see(), await worlds.bird.see()];
          return { ours, theirs };
        };
        const text = (seen: Seen): string => JSON.stringify(seen);
        const last = await waitFor(
          look,
          ({ ours, theirs }) =>
            text(ours) === text(theirs) &&
            situation.shows.every((pattern) => pattern.test(text(ours))),
          { what: 'both to be the same', timeoutMs: SAME_MS_MAX, intervalMs: 250 },
        ).catch(look);
        expect(last.ours).toEqual(last.theirs);
        for (const pattern of situation.shows) expect(text(last.ours)).toMatch(pattern);
      } finally {
        await worlds.end();
        done();
      }
    });
  }
});
