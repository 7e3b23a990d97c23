/**
 * What is measured: each scenario is a crowd of peers, a table of prefixes and a list of commands to the load
 * generator. Names are stable: the history of figures hangs on them.
 *
 * All commands run against every rival with the same octets; what is timed, and on which clock, is in `load/main.c`.
 */

import { KERNEL_SCENARIOS } from './kernel-scenarios.ts';

export interface Step {
  /** A line for bgpload. */
  readonly command: string;
  /** Name of the figure that it gives; absent for what only prepares. */
  readonly figure?: string;
  /** Row of the report when it is not the scenario's own. */
  readonly row?: string;
}

export interface Scenario {
  readonly name: string;
  /** One line for the report. */
  readonly what: string;
  readonly feeds: number;
  readonly sinks: number;
  readonly prefixes: number;
  /** Options of `bgpload run`. */
  readonly options?: readonly string[];
  /** Feeds are iBGP peers of a node-to-node mesh. */
  readonly mesh?: boolean;
  /** All feeds are of one AS, so that MED compares them (RFC 4271 §9.1.2.2 c). */
  readonly sameAs?: boolean;
  /** The feed is an iBGP neighbor that sends a real table (`real/`). */
  readonly real?: boolean;
  /** The daemon's kernel is the sink. */
  readonly kernel?: boolean;
  /** Further interfaces of the daemon's machine, up, without addresses; each has another at its far end. */
  readonly interfaces?: number;
  readonly steps: readonly Step[];
}

const UP: readonly Step[] = [
  { command: 'connect sinks' },
  { command: 'connect feeds' },
  { command: 'wait 1000' },
];
const LOAD: readonly Step[] = [
  ...UP,
  { command: 'announce 1', figure: 'announce' },
  { command: 'withdraw', figure: 'withdraw' },
];

const table = (name: string, prefixes: number, options: readonly string[] = []): Scenario => ({
  name,
  what: `1 eBGP feed of ${prefixes.toLocaleString('en')} prefixes → 1 eBGP sink`,
  feeds: 1,
  sinks: 1,
  prefixes,
  options,
  steps: [
    ...UP,
    { command: 'announce 1', figure: 'announce' },
    { command: 'announce 2', figure: 'announce again, other attributes' },
    { command: 'withdraw', figure: 'withdraw' },
  ],
});

const feeds = (name: string, what: string, options: readonly string[] = []): Scenario => ({
  name,
  what: `10 feeds × the same 100,000 prefixes, ${what} → 1 sink`,
  feeds: 10,
  sinks: 1,
  prefixes: 100_000,
  options,
  steps: LOAD,
});

const mesh = {
  feeds: 200,
  sinks: 1,
  prefixes: 2_000,
  mesh: true,
  options: ['sliced', 'internal', 'length=26', 'set=10'],
} as const;

export const SCENARIOS: readonly Scenario[] = [
  table('table-100k', 100_000),
  table('table-1m', 1_000_000),
  table('table-1m-scattered', 1_000_000, ['scattered']),
  {
    name: 'table-real',
    what: 'a whole table of 2015 as one iBGP neighbor sent it → 1 eBGP sink, checked attribute for attribute',
    feeds: 1,
    sinks: 1,
    prefixes: 577_706,
    real: true,
    options: ['capture'],
    steps: [
      ...UP,
      { command: 'announce 1', figure: 'announce' },
      { command: 'quiet 2000' },
      { command: 'dump', figure: 'differences' },
      { command: 'withdraw', figure: 'withdraw' },
    ],
  },
  feeds('feeds-10', 'the best feed differs by attribute set'),
  feeds('feeds-10-shuffled', 'each feed in its own order', ['shuffled']),
  {
    ...feeds('feeds-10-ties', 'MED decides half of the sets, the router id the rest', ['ties']),
    sameAs: true,
  },
  {
    name: 'fanout',
    what: '1 feed of 50,000 prefixes → 50 sinks, until the last holds all',
    feeds: 1,
    sinks: 50,
    prefixes: 50_000,
    steps: LOAD,
  },
  {
    name: 'flap',
    what: '100,000 prefixes loaded; one more announced and withdrawn 10,000 times, for 30 s at most',
    feeds: 1,
    sinks: 1,
    prefixes: 100_000,
    steps: [
      ...UP,
      { command: 'announce 1' },
      { command: 'wait 2000' },
      { command: 'flap 10000 30', figure: 'flap' },
    ],
  },
  {
    name: 'mesh-cold',
    what: '200 iBGP peers of 10 /26 each call at once → 1 eBGP sink has 2,000; mesh-warm: again with sessions up',
    ...mesh,
    steps: [
      { command: 'connect sinks' },
      { command: 'wait 1000' },
      { command: 'cold 1', figure: 'cold' },
      { command: 'withdraw' },
      { command: 'wait 1000' },
      { command: 'announce 2', figure: 'warm', row: 'mesh-warm' },
    ],
  },
  ...KERNEL_SCENARIOS,
  {
    name: 'idle',
    what: '200 iBGP peers up, nothing happens for 20 s',
    ...mesh,
    steps: [
      { command: 'connect sinks' },
      { command: 'cold 1' },
      { command: 'wait 5000' },
      { command: 'wait 20000', figure: 'idle' },
    ],
  },
];

/** The first step in which routes come, timed or not: what a table takes is counted from before it. */
export function firstLoad({ steps }: Scenario): Step | undefined {
  return steps.find(({ command }) => /^(announce|cold)\b/.test(command));
}

/** Names under which `scenario` stands in the report. */
export function rowsOf({ name, steps }: Scenario): string[] {
  return [name, ...steps.flatMap(({ row }) => (row === undefined ? [] : [row]))];
}

/** AS numbers and addresses of the bench network, a /16 on one wire. */
export const NETWORK = {
  daemonAddress: '10.99.0.1',
  prefixLength: 16,
  localAs: 64512,
} as const;

export interface Speaker {
  readonly name: string;
  readonly address: string;
  readonly as: number;
  readonly role: 'feed' | 'sink';
}

/** Feeds are 10.99.1.x, AS 65001 onward or ours where they are iBGP; sinks 10.99.2.x, AS 65101 onward. */
export function speakersOf(scenario: Scenario): Speaker[] {
  const internal = scenario.mesh === true || scenario.real === true;
  const feedAs = (i: number): number => 65_001 + (scenario.sameAs === true ? 0 : i);
  const feeds = Array.from({ length: scenario.feeds }, (_, i): Speaker => {
    const as = internal ? NETWORK.localAs : feedAs(i);
    return { name: `feed${i + 1}`, address: `10.99.1.${i + 1}`, as, role: 'feed' };
  });
  const sinks = Array.from({ length: scenario.sinks }, (_, i): Speaker => {
    return { name: `sink${i + 1}`, address: `10.99.2.${i + 1}`, as: 65_101 + i, role: 'sink' };
  });
  return [...feeds, ...sinks];
}
