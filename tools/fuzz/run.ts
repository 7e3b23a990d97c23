/**
 * Rounds of actions against a target: makes them, times them, and when something is found, makes the round again to
 * write it down as short as it still fails.
 */

import { type Action, type Case, kept, type Target, type TargetName } from './action.ts';
import { Corpus } from './corpus.ts';
import { Maker } from './maker.ts';
import { minimise } from './minimise.ts';
import { ADD_PATH_PEER, type Seed } from './seeds.ts';
import { PEERS as SPEAKER_PEERS } from './speaker-lines.ts';
import { SpeakerTarget } from './speaker-target.ts';
import { type SlowStep, StepClock } from './step-clock.ts';
import { PEERS as TABLE_PEERS } from './tables-peers.ts';
import { TablesTarget } from './tables-target.ts';
import type { Watchdog } from './watchdog.ts';

interface Course {
  readonly make: (clock: StepClock) => Target;
  readonly peers: number;
  readonly pathIdsOf: number | undefined;
  /** Actions of a round. */
  readonly actions: number;
  readonly batch: number;
}

const COURSES: Readonly<Record<TargetName, Course>> = {
  tables: {
    make: (clock) => new TablesTarget(clock),
    peers: TABLE_PEERS.length,
    pathIdsOf: ADD_PATH_PEER,
    actions: 4000,
    batch: 32,
  },
  speaker: {
    make: (clock) => new SpeakerTarget(clock),
    peers: SPEAKER_PEERS,
    pathIdsOf: undefined,
    actions: 800,
    batch: 16,
  },
};

/** What was slow somewhere is played so often again; what is slow at the same place each time is a finding. */
const SLOW_REPEATS = 3;
const SLOW = / took [\d.]+ ms$/;

export interface Found extends Case {
  readonly seed: number;
  readonly round: number;
  /** Whether the actions fail by themselves; otherwise only the run from its start repeats it. */
  readonly alone: boolean;
}

export class Run {
  readonly target: TargetName;
  readonly corpus: Corpus;
  readonly clock = new StepClock();
  messages = 0;
  rounds = 0;
  /** Slow steps that were not slow again. */
  pardoned = 0;
  readonly #seed: number;
  readonly #watchdog: Watchdog | undefined;
  readonly #course: Course;
  /** One for all rounds, empty in between: so that what it keeps for good shows as memory that grows. */
  readonly #subject: Target;

  constructor(
    target: TargetName,
    seeds: readonly Seed[],
    { seed, watchdog }: { readonly seed: number; readonly watchdog?: Watchdog },
  ) {
    this.target = target;
    this.#watchdog = watchdog;
    this.corpus = new Corpus(seeds);
    this.#seed = seed;
    this.#course = COURSES[target];
    this.#subject = this.#course.make(this.clock);
  }

  /** @returns What was found; undefined when all is well. The target is of no use afterwards. */
  async round(): Promise<Found | undefined> {
    const { clock } = this;
    const finds: { signature: number; seed: Seed }[] = [];
    const maker = this.#maker();
    clock.slow = [];
    let made = 0;
    try {
      for (; made < this.#course.actions; made++) {
        const action = maker.next();
        clock.action = made;
        if (action.op === 'message') {
          this.#watchdog?.message(this.target, action.peer, action.octets);
        }
        const shown = this.#subject.apply(action);
        if (shown !== undefined) await shown;
        if (action.op !== 'message') continue;
        this.messages++;
        const { signature } = this.#subject;
        if (!this.corpus.isNew(signature)) continue;
        finds.push({ signature, seed: { octets: action.octets.slice(), peer: action.peer } });
      }
      this.#watchdog?.beat();
      await this.#subject.finish();
    } catch (error) {
      return this.#write(made + 1, textOf(error));
    }
    const slow = clock.slow.length === 0 ? undefined : await this.#confirm();
    if (slow !== undefined) return slow;
    // Only now, so that the round can be made again from the same corpus.
    for (const { signature, seed } of finds) {
      if (this.corpus.isNew(signature)) this.corpus.add(signature, seed);
    }
    this.rounds++;
    return undefined;
  }

  #maker(): Maker {
    const { peers, pathIdsOf, batch } = this.#course;
    const seed = roundSeed(this.#seed, this.rounds);
    return new Maker(this.corpus, { seed, peers, pathIdsOf, batch });
  }

  #actions(count: number): Action[] {
    const maker = this.#maker();
    const length = Math.min(count, this.#course.actions);
    return Array.from({ length }, () => kept(maker.next()));
  }

  /** Whether it is the round that is slow, and not the machine. */
  async #confirm(): Promise<Found | undefined> {
    const { actions } = this.#course;
    const { target } = this;
    const problem = await play({ target, problem: '', actions: this.#actions(actions) });
    if (problem !== undefined) {
      const found = await this.#write(actions, problem);
      // What is slow on a machine that is busy is not slow once more.
      if (found.alone || !SLOW.test(problem)) return found;
    }
    this.pardoned += this.clock.slow.length;
    return undefined;
  }

  async #write(count: number, problem: string): Promise<Found> {
    const actions = this.#actions(count);
    const { target } = this;
    const base = { target, problem, seed: this.#seed, round: this.rounds };
    const isSame = async (some: readonly Action[]): Promise<boolean> => {
      this.#watchdog?.beat();
      return isOfKind(await play({ target, problem, actions: some }), problem);
    };
    if (await isSame(actions)) {
      return { ...base, alone: true, actions: await minimise(actions, isSame) };
    }
    return { ...base, alone: false, actions };
  }
}

/** Plays a case on fresh targets. @returns What goes wrong; undefined when nothing does. */
export async function play({ target, actions }: Case): Promise<string | undefined> {
  let suspects: readonly SlowStep[] | undefined;
  for (let i = 0; i < SLOW_REPEATS; i++) {
    const clock = new StepClock({ exact: true });
    const problem = await apply(COURSES[target], actions, clock);
    if (problem !== undefined) return problem;
    const { slow } = clock;
    suspects = (suspects ?? slow).filter((step) => slow.some((one) => one.action === step.action));
    if (suspects.length === 0) return undefined;
  }
  const [first] = suspects ?? [];
  return first === undefined ? undefined : `${first.what} took ${first.ms.toFixed(1)} ms`; // see `SLOW`
}

async function apply(
  course: Course,
  actions: readonly Action[],
  clock: StepClock,
): Promise<string | undefined> {
  try {
    const target = course.make(clock);
    for (const [index, action] of actions.entries()) {
      clock.action = index;
      await target.apply(action);
    }
    await target.finish();
    return undefined;
  } catch (error) {
    return textOf(error);
  }
}

/** Numbers and octets differ between the whole and the part. */
function isOfKind(text: string | undefined, problem: string): boolean {
  return text !== undefined && kindOf(text) === kindOf(problem);
}

function kindOf(text: string): string {
  return text
    .split('\n')[0]!
    .replaceAll(/[0-9a-f]{8,}/g, '…')
    .replaceAll(/[\d.:/]+/g, '#');
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'Finding'
    ? error.message
    : (error.stack ?? `${error.name}: ${error.message}`);
}

/** Neighboring seeds and rounds are to share nothing. */
function roundSeed(seed: number, round: number): number {
  return (Math.imul(seed, 0x9e3779b1) ^ Math.imul(round + 1, 0x85ebca6b)) >>> 0;
}
