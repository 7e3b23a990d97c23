/** What the BIRD sockets may ask of the daemon: some of what every front door may, and what only their clients want. */

import type { DaemonPort } from '../ports.ts';

export interface BirdPort extends Pick<DaemonPort, 'view' | 'facts' | 'events' | 'execute'> {
  /** Wall time in the machine's time zone, `ageMs` milliseconds ago: `2026-01-31`, `23:59:59`. */
  localTime(ageMs: number): { readonly date: string; readonly time: string };
  /** Octets. */
  memory(): { readonly tables: number; readonly heap: number; readonly resident: number };
  /** Where the configuration is read from, for people. */
  readonly configurationSource: string;
  /** Reads the datastore now; the answer is a sentence when something in it is wrong. */
  reread(how: 'apply' | 'check', answer: (error: string) => void): void;
}

export type BirdFamily = 'ipv4' | 'ipv6';
