/**
 * Gives back what is not needed any more (decisions 0038, 0039): garbage and what malloc holds free when something has
 * ended, and all the time the pages of Node's own file, half of what a small node was resident with.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { nativeSockets } from '../io/native.ts';

/** Milliseconds in which V8's own threads have freed what was collected, and compiled what they were given last. */
const SWEEPING_MS = 30;

/** Milliseconds after a start by which sessions stand, and by which tables are loaded: what that took goes as well. */
const LATER_MS = [1000, 60_000];

/** Octets of files that may be resident: at work it is 24 to 34 MB of Node's without a limit, a start touches 57. */
const PROGRAM_OCTETS_MAX = 12 * 1024 * 1024;

/** Milliseconds of CPU between two looks at that. What is wanted comes back in one or two: seldom enough for a p99 of peers. */
const LOOK_EVERY_MS = { starting: 20, serving: 40 } as const;

/**
 * Before anything is loaded (decision 0039). A system that refuses it costs memory only.
 *
 * @throws {NativeShimError}
 */
export function keepProgramSmall(phase: keyof typeof LOOK_EVERY_MS): void {
  nativeSockets().keepProgramBelow(PROGRAM_OCTETS_MAX, LOOK_EVERY_MS[phase]);
}

/** The whole heap, and what is kept in case that it is used again; tens of milliseconds. `bin/node-flags` makes `gc` known. */
export function collectGarbage(): void {
  globalThis.gc?.({ type: 'major', flavor: 'last-resort' });
}

/** What nobody holds any more, and nothing that may be used again: some ten milliseconds. */
export function collectTables(): void {
  globalThis.gc?.({ type: 'major' });
  giveBackMemory();
}

/** What malloc holds free: a millisecond. A system that refuses it costs memory only, so what it answers is nobody's concern. */
export function giveBackMemory(): void {
  nativeSockets().trim();
}

/** Before the first peer is heard, which also keeps a collection of the whole heap out of the first table. */
export async function collectAndGiveBack(): Promise<void> {
  collectGarbage();
  await sleep(SWEEPING_MS);
  giveBackMemory();
}

/** While peers are heard; holds nobody up. */
export function giveBackLater(): void {
  keepProgramSmall('serving');
  for (const ms of LATER_MS) setTimeout(() => nativeSockets().forgetProgram(), ms).unref();
}
