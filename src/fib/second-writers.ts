/**
 * Who undoes again and again what we write: found by churn, named, told once a minute. What is done about it, a
 * delay a route that doubles, is in `back-offs.ts`.
 */

import type { Millis } from '../base/units.ts';

/** Times that one route is disturbed, each within a minute after its last repair, before it counts as a fight. */
export const FIGHT_ATTEMPTS = 3;
/** One writer is told of once in this time. */
const TELL_EVERY = 60_000;
/** Writers remembered; the one told of longest ago is forgotten. Names come from /proc and are few. */
const WRITERS_MAX = 16;

interface Fight {
  routes: number;
  toldAt: Millis;
}

export interface SecondWriter {
  readonly writer: string;
  /** Routes that it has fought about since it was first noticed. */
  readonly routes: number;
}

export class SecondWriters {
  readonly #fights = new Map<string, Fight>();

  /**
   * A route was disturbed.
   *
   * @param attempts  How often by now.
   * @returns what is to be told, when it is.
   */
  strike(by: string | undefined, attempts: number, now: Millis): SecondWriter | undefined {
    if (attempts < FIGHT_ATTEMPTS) return undefined;
    const writer = by ?? 'Another program';
    const known = this.#fights.get(writer);
    const fight = known ?? { routes: 0, toldAt: now };
    if (attempts === FIGHT_ATTEMPTS) fight.routes++;
    if (known !== undefined && now - known.toldAt < TELL_EVERY) return undefined;
    fight.toldAt = now;
    this.#fights.delete(writer);
    this.#fights.set(writer, fight);
    if (this.#fights.size > WRITERS_MAX) this.#fights.delete([...this.#fights.keys()][0]!);
    return { writer, routes: fight.routes };
  }
}
