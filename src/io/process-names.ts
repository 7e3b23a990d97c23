/**
 * The program behind a netlink port, for people: the kernel names a socket after the process that opened it, where
 * that number was free. Read from /proc when somebody disturbs a route of ours, which is rare; remembered for a while.
 *
 * Invariant: a name is a hint. Another PID namespace has other numbers, and a process may have ended.
 */

import { readFileSync } from 'node:fs';

/** Milliseconds for which a name is believed. */
const REMEMBERED = 10_000;
/** Ports remembered; past it all are forgotten. */
const PORTS_MAX = 256;
/** Look-ups a second: 20 µs each. What comes beyond stays nameless. */
const LOOK_UPS_MAX = 50;

export class ProcessNames {
  readonly #now: () => number;
  readonly #names = new Map<number, { readonly name: string | undefined; readonly at: number }>();
  #second = 0;
  #lookUps = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `bird`, as `/proc/PORT/comm` has it; undefined for the kernel itself and where nobody knows. */
  of(port: number): string | undefined {
    if (port === 0) return undefined;
    const now = this.#now();
    const known = this.#names.get(port);
    if (known !== undefined && now - known.at < REMEMBERED) return known.name;
    const second = Math.trunc(now / 1000);
    if (second !== this.#second) this.#lookUps = 0;
    this.#second = second;
    if (this.#lookUps++ >= LOOK_UPS_MAX) return undefined;
    if (this.#names.size >= PORTS_MAX) this.#names.clear();
    const name = commOf(port);
    this.#names.set(port, { name, at: now });
    return name;
  }
}

function commOf(pid: number): string | undefined {
  try {
    const comm = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    // Whoever names a process chooses these octets.
    return comm === '' ? undefined : comm.replaceAll(/[^\x21-\x7e]/g, '?');
  } catch {
    return undefined; // it has ended, or the port is no process's number
  }
}
