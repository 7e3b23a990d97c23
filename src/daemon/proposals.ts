/**
 * Questions what a change would do: from the request to the planner and back, then over the live tables in slices
 * between turns of the loop, and into the answer.
 */

import type { PlanMessage } from '../api/plan-message.ts';
import { planMessage } from '../api/plan-message.ts';
import { formatConfigError } from '../base/errors.ts';
import type { PlanChange } from '../datastore/plan-diff.ts';
import type { PlanForecast, Proposal } from '../speaker/preview/types.ts';
import type { SpeakerView } from '../speaker/snapshot.ts';
import type { ToPlanner } from './planner.ts';
import type { ProposalPart, ProposalRequest } from './proposal-parts.ts';

/** Plans change while somebody looks: then the question is put again. */
const ATTEMPTS_MAX = 3;
/** Questions at a time: each holds a list of changes. */
const QUESTIONS_MAX = 4;

type Last = NonNullable<ProposalPart['last']>;
type Answered = { readonly changes: readonly PlanChange[]; readonly last: Last };

interface Waiting {
  readonly changes: PlanChange[];
  readonly resolve: (answer: Answered | undefined) => void;
}

export class Proposals {
  readonly #post: (message: ToPlanner) => boolean;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #asked = 0;

  constructor(post: (message: ToPlanner) => boolean) {
    this.#post = post;
  }

  onPart({ id, changes, last }: { readonly id: number } & ProposalPart): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    waiting.changes.push(...changes);
    if (last === undefined) return;
    this.#waiting.delete(id);
    waiting.resolve({ changes: waiting.changes, last });
  }

  /** The planner has died: nobody answers any more. */
  drop(): void {
    for (const { resolve } of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }

  async ask(request: ProposalRequest, view: () => SpeakerView): Promise<PlanMessage> {
    if (this.#asked >= QUESTIONS_MAX) return refused('Too many such questions at a time');
    this.#asked++;
    try {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        const answer = await this.#plan(request);
        if (answer === undefined) return refused('The planner is being restarted');
        const { changes, last } = answer;
        const { next, revision, held, problems } = last;
        const texts = problems.map((one) => `${one.severity}: ${formatConfigError(one)}`);
        if (next === undefined) return { ...refused(last.refused), problems: texts };
        const forecast = await forecastOf(view(), { changes, next, revision });
        if (forecast === undefined) continue;
        const message = planMessage(forecast, { problems: texts, held });
        // Encoding a thousand sessions is a turn's work of its own.
        await nextTurn();
        return message;
      }
      return refused('The running plan keeps changing; try again');
    } catch (error) {
      // The question fails, not the daemon; whoever asked reads why.
      return refused(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    } finally {
      this.#asked--;
    }
  }

  #plan(request: ProposalRequest): Promise<Answered | undefined> {
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#waiting.set(id, { changes: [], resolve });
      if (this.#post({ type: 'propose', id, ...request })) return;
      this.#waiting.delete(id);
      resolve(undefined);
    });
  }
}

function refused(reason: string): PlanMessage {
  const nothing = { gained: [], lost: [] };
  const kernel = { added: 0, changed: 0, removed: 0, examples: [] };
  const forecast = { sessions: [], originated: nothing, whole: [], peers: [], kernel, notes: [] };
  return { ...planMessage(forecast, { problems: [], held: undefined }), refused: reason, risk: '' };
}

/** Undefined when the running plan changed meanwhile. */
async function forecastOf(
  view: SpeakerView,
  proposal: Proposal,
): Promise<PlanForecast | undefined> {
  const run = view.preview(proposal);
  for (;;) {
    await nextTurn();
    const state = run.next();
    if (state === 'void') return undefined;
    if (state === 'more') continue;
    await nextTurn();
    return run.result();
  }
}

/** The sockets have their turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
