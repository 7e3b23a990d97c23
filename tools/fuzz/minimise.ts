/**
 * A failing course of actions made short: pieces are left out, then octets, as long as it still fails in the same way.
 */

import { type Action, kept } from './action.ts';

/** Courses tried at most; each takes as long as its actions. */
const TRIES_MAX = 2000;

/** Octets of the shortest UPDATE (RFC 4271 §4.3): what is shorter fails in other ways. */
const LENGTH_MIN = 23;

/** @param fails  Whether these actions, on a fresh target, fail as the whole did. */
export async function minimise(
  actions: readonly Action[],
  fails: (actions: readonly Action[]) => Promise<boolean>,
): Promise<readonly Action[]> {
  let tries = 0;
  const stillFails = async (candidate: readonly Action[]): Promise<boolean> =>
    tries++ < TRIES_MAX && (await fails(candidate));
  const short = await withoutPieces(actions, stillFails);
  return withoutOctets(short, stillFails);
}

/** Halves, quarters and so on down to single actions are left out. */
async function withoutPieces(
  actions: readonly Action[],
  fails: (actions: readonly Action[]) => Promise<boolean>,
): Promise<readonly Action[]> {
  let left = actions;
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let at = 0; at < left.length; ) {
      const candidate = [...left.slice(0, at), ...left.slice(at + size)];
      if (candidate.length < left.length && (await fails(candidate))) left = candidate;
      else at += size;
    }
  }
  return left;
}

/** Each message in one piece, and without the octets at its end that do not matter. */
async function withoutOctets(
  actions: readonly Action[],
  fails: (actions: readonly Action[]) => Promise<boolean>,
): Promise<readonly Action[]> {
  const left = actions.map(kept);
  for (const [index, action] of left.entries()) {
    if (action.op !== 'message') continue;
    let best = action;
    const accept = async (next: typeof action): Promise<boolean> => {
      left[index] = next;
      if (await fails(left)) {
        best = next;
        return true;
      }
      left[index] = best;
      return false;
    };
    if (best.cut !== 0) await accept({ ...best, cut: 0, hold: false });
    let isShorter = true;
    while (isShorter && best.octets.length > LENGTH_MIN) {
      isShorter = await accept({ ...best, octets: shorter(best.octets) });
    }
  }
  return left;
}

/** Without the last octet, and a header that says so. */
function shorter(octets: Uint8Array): Uint8Array {
  const cut = octets.slice(0, -1);
  cut[16] = cut.length >>> 8;
  cut[17] = cut.length & 0xff;
  return cut;
}
