/**
 * Gives back what starting took and running does not need (decision 0038): garbage, what malloc holds free, and the
 * pages of Node's own file that only its loader and its compilers touched, half of what a small node was resident with.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { nativeSockets } from '../io/native.ts';

/** Milliseconds in which V8's own threads have freed what was collected, and compiled what they were given last. */
const SWEEPING_MS = 30;

/** Milliseconds after a start by which sessions stand, and by which tables are loaded: what that took goes as well. */
const LATER_MS = [1000, 60_000];

/** The whole heap, and what is kept in case that it is used again; tens of milliseconds. `bin/node-flags` makes `gc` known. */
export function collectGarbage(): void {
  globalThis.gc?.({ type: 'major', flavor: 'last-resort' });
}

/** Takes some milliseconds. A system that refuses it costs memory only, so what it answers is nobody's concern. */
export function giveBackMemory(): void {
  nativeSockets().trim();
}

/** Before the first peer is heard, which also keeps a collection of the whole heap out of the first table. */
export async function collectAndGiveBack(): Promise<void> {
  collectGarbage();
  await sleep(SWEEPING_MS);
  giveBackMemory();
}

/** While peers are heard: holds nobody up. */
export function giveBackLater(): void {
  for (const ms of LATER_MS) setTimeout(() => nativeSockets().forgetProgram(), ms).unref();
}
