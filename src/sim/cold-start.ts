/**
 * The cold start of a large cluster in parts: every part starts its machines, comes to rest with the others, and looks
 * at what it has with the checkers of all scenarios.
 */

import {
  contractKept,
  idleSince,
  kernelAgrees,
  kernelsComplete,
  nothingOwed,
  restSeconds,
  sessionsEstablished,
  stepsTaken,
  tablesAgree,
} from './checkers.ts';
import { packetsArriveIn } from './hop-table.ts';
import { type Block, blocksOf } from './lab.ts';
import {
  type ClusterOptions,
  type Incoming,
  type Outgoing,
  Part,
  type PartProgram,
} from './part.ts';
import type { PartPlace } from './part-network.ts';
import type { Scene } from './scene.ts';
import { memoryBounded } from './wire-checkers.ts';

/** What a part has found; plain data. */
export interface PartResult {
  /** Sentences; none means that all held. */
  readonly problems: readonly string[];
  readonly virtualMs: number;
  readonly steps: number;
  readonly sessions: number;
  /** Of all that each of its machines was sent, in the order of their numbers, and of the steps that it took. */
  readonly digests: readonly number[];
}

/** Of the whole cluster. */
export interface ClusterResult extends Omit<PartResult, 'digests'> {
  /** The same for the same seed, whatever the number of parts. */
  readonly digest: string;
}

const SEEN_HERE: readonly ((part: Scene) => string[])[] = [
  contractKept,
  sessionsEstablished,
  tablesAgree,
  nothingOwed,
  kernelAgrees,
  kernelsComplete,
];

/** One part's program. */
export function* coldStart(options: ClusterOptions, place: PartPlace): PartProgram<PartResult> {
  const part = new Part(options, place);
  yield* part.settle();
  part.blocks = yield* blocksOfAll(part);
  const problems = SEEN_HERE.flatMap((checker) => checker(part));
  problems.push(...(yield* packetsArriveIn(part)), ...memoryBounded(part));
  const before = stepsTaken(part);
  yield* part.run(restSeconds(part) * 1000);
  problems.push(...idleSince(before, restSeconds(part)));
  const nodes = part.running;
  return {
    problems,
    virtualMs: part.now,
    steps: nodes.reduce((sum, { steps }) => sum + steps, 0),
    sessions: nodes.reduce((sum, { plan }) => sum + (plan?.peers.length ?? 0), 0),
    digests: nodes.map(({ host, steps }) => (part.network.digestOf(host.lane) ^ steps) >>> 0),
  };
}

/** In the order of the machines' numbers, as their own plans say it. */
function* blocksOfAll(part: Part): PartProgram<Block[]> {
  const here = part.running.map(blocksOf);
  const shown = yield* part.share(new TextEncoder().encode(JSON.stringify(here)));
  const all = shown.map((octets) => JSON.parse(new TextDecoder().decode(octets)) as Block[][]);
  const { parts } = part.place;
  return part.names.flatMap((_, number) => all[number % parts]![Math.floor(number / parts)]!);
}

/** What the parts found, as one. */
export function together(results: readonly PartResult[]): ClusterResult {
  const sum = (of: (result: PartResult) => number): number =>
    results.reduce((all, result) => all + of(result), 0);
  const machines = sum(({ digests }) => digests.length);
  let digest = 0;
  for (let number = 0; number < machines; number++) {
    const { digests } = results[number % results.length]!;
    digest = Math.imul(digest ^ digests[Math.floor(number / results.length)]!, 0x9e37_79b1);
  }
  return {
    problems: results.flatMap(({ problems }) => problems),
    virtualMs: results[0]!.virtualMs,
    steps: sum(({ steps }) => steps),
    sessions: sum(({ sessions }) => sessions),
    digest: (digest >>> 0).toString(16).padStart(8, '0'),
  };
}

/** All parts in this thread, side by side. */
export function coldStartHere(options: ClusterOptions, parts: number): ClusterResult {
  const programs = Array.from({ length: parts }, (_, part) => coldStart(options, { part, parts }));
  let steps = programs.map((program) => program.next());
  for (;;) {
    const results = steps.flatMap(({ done, value }) =>
      done === true ? [value as PartResult] : [],
    );
    if (results.length === parts) return together(results);
    const handed = steps.map(({ value }) => value as Outgoing);
    const incoming: Incoming[] = programs.map((_, to) => handed.map((parcels) => parcels[to]!));
    steps = programs.map((program, part) => program.next(incoming[part]!));
  }
}
