/**
 * Courses of events with a seed: a cluster is made, things happen to it, it comes to rest, and the checkers look.
 */

import { Prng } from '../base/prng.ts';
import { AT_REST, check } from './checkers.ts';
import { coldStartHere } from './cold-start.ts';
import type { Course } from './course.ts';
import { COURSES, LARGE_NODES } from './courses.ts';
import type { Lab } from './lab.ts';

export const SCENARIOS = [
  'mesh',
  'mix',
  'flap',
  'restart',
  'partition',
  'edit',
  'reflectors',
  'rolling',
  'half',
  'split',
  'move',
  'storm',
  'deaf',
  'clock',
  'twice',
  'lost',
  'outage',
  'refresh',
  'drain',
] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

export interface ScenarioOptions {
  readonly scenario: ScenarioName;
  readonly seed: number;
  readonly nodes: number;
}

export interface ScenarioResult {
  /** Sentences; none means that all held. */
  readonly problems: readonly string[];
  readonly virtualMs: number;
  readonly steps: number;
  readonly sessions: number;
  /** What was done, in order. */
  readonly story: readonly string[];
  /** Of a cluster in parts: the same for the same seed, whatever their number. */
  readonly digest?: string;
}

/** Long enough for whatever was put off: back-offs of the kernel side and of sessions are 30 s at most. */
const AFTERMATH_MS = 90_000;

/** A large cluster that only starts: it comes in parts, which may have a thread each. */
export function isInParts({ scenario, nodes }: ScenarioOptions): boolean {
  return scenario === 'mesh' && nodes >= LARGE_NODES;
}

export function runScenario(options: ScenarioOptions): ScenarioResult {
  const { seed, nodes, scenario } = options;
  if (isInParts(options)) return { ...coldStartHere({ seed, nodes }, 1), story: [] };
  const prng = new Prng(seed * 31 + 7);
  const course: Course = COURSES[scenario];
  const story: string[] = [];
  const problems: string[] = [];
  const lab = course.make({ seed, nodes, prng, story });
  const all = [...lab.nodes.values()];
  const pick = (): (typeof all)[number] => all[prng.below(all.length)]!;
  const demand = (what: string, found: readonly string[]): void => {
    problems.push(...found.map((text) => `${what}: ${text}`));
  };
  const tell = (what: string): void => {
    story.push(`${lab.now.toFixed(1)} ms: ${what}`);
  };
  course.happen?.({ lab, prng, pick, tell, demand });
  calm(lab);
  // A node that was asked to stop may still have inputs to handle first.
  lab.run(1000);
  for (const node of all) if (!node.isRunning) node.start({ restarting: true });
  if (course.happen !== undefined) lab.run(AFTERMATH_MS);
  lab.settle();
  problems.push(...check(lab, course.atRest ?? AT_REST));
  const steps = all.reduce((sum, node) => sum + node.steps, 0);
  const sessions = all.reduce((sum, node) => sum + (node.plan?.peers.length ?? 0), 0);
  return { problems, virtualMs: lab.now, steps, sessions, story };
}

/** Whatever was done to the world is undone; what the nodes did stays. */
function calm(lab: Lab): void {
  lab.heal();
  for (const node of lab.nodes.values()) {
    node.kernel.fault = undefined;
    node.thaw();
    lab.network.setPace(node.host, undefined);
  }
}

/** The one line that repeats a run. */
export function repeatLine({ scenario, seed, nodes }: ScenarioOptions): string {
  return `npm run sim -- --scenario ${scenario} --seed ${seed} --nodes ${nodes}`;
}
