/**
 * Writes each CalicoNodeStatus that asks for this node, as often as it says: made here of what the core tells, written by
 * the planner's thread, which has the datastore. *Invariant:* one write under way for each, none sooner than a second after
 * the last, and with doubling delays while they fail: a datastore in trouble is not asked harder.
 */

import type { BirdPort } from '../api/bird/port.ts';
import { nodeStatus, type StatusProblem } from '../api/node-status.ts';
import type { NodeStatusPlan } from '../datastore/plan-types.ts';
import type { Log } from '../io/log.ts';
import { inSlices } from './in-slices.ts';
import { logLine } from './log-lines.ts';
import type { ToPlanner } from './planner.ts';

/** Milliseconds: the first report follows soon, though not that of every node at once. */
const FIRST_MS_MAX = 1000;
const PERIOD_MS_MIN = 1000;
const RETRY_MS = 5000;
/** Milliseconds of a report in one turn of the loop. */
const STATUS_SLICE_MS = 1;
const RETRY_MS_MAX = 300_000;

export interface NodeStatusParts {
  readonly port: BirdPort;
  readonly problems: () => readonly StatusProblem[];
  readonly post: (message: ToPlanner) => boolean;
  readonly log: Log;
}

interface Wanted {
  plan: NodeStatusPlan;
  timer: NodeJS.Timeout | undefined;
  failures: number;
}

export class NodeStatusWriter {
  readonly #parts: NodeStatusParts;
  readonly #wanted = new Map<string, Wanted>();

  constructor(parts: NodeStatusParts) {
    this.#parts = parts;
  }

  /** What is asked for now; a question that is new, or another one, is answered soon. */
  onPlan(statuses: readonly NodeStatusPlan[]): void {
    const names = new Set(statuses.map(({ name }) => name));
    for (const [name, { timer }] of this.#wanted) {
      if (names.has(name)) continue;
      clearTimeout(timer);
      this.#wanted.delete(name);
    }
    for (const plan of statuses) {
      const known = this.#wanted.get(plan.name);
      if (known !== undefined && JSON.stringify(known.plan) === JSON.stringify(plan)) continue;
      clearTimeout(known?.timer);
      const wanted: Wanted = { plan, timer: undefined, failures: 0 };
      this.#wanted.set(plan.name, wanted);
      this.#in(wanted, Math.random() * FIRST_MS_MAX);
    }
  }

  /** @param error  Empty when it was written. */
  onWritten(name: string, error: string): void {
    const wanted = this.#wanted.get(name);
    if (wanted === undefined) return;
    if (error !== '') {
      // A reason that stays is told once.
      if (wanted.failures++ === 0) {
        const resource = `CalicoNodeStatus/${name}`;
        const text = `${resource} is not written: ${error}`;
        logLine(this.#parts.log, 'node-status-not-written', { fields: { resource }, text });
      }
      return this.#in(wanted, Math.min(RETRY_MS * 2 ** (wanted.failures - 1), RETRY_MS_MAX));
    }
    wanted.failures = 0;
    const { periodSeconds } = wanted.plan;
    // 0: told once is enough.
    if (periodSeconds > 0) this.#in(wanted, Math.max(periodSeconds * 1000, PERIOD_MS_MIN));
  }

  /** The planner is another one: what was under way is not answered any more. */
  onPlannerDied(): void {
    for (const wanted of this.#wanted.values()) {
      if (wanted.timer === undefined && wanted.plan.periodSeconds > 0) this.#in(wanted, RETRY_MS);
    }
  }

  stop(): void {
    for (const { timer } of this.#wanted.values()) clearTimeout(timer);
    this.#wanted.clear();
  }

  #in(wanted: Wanted, waitMs: number): void {
    clearTimeout(wanted.timer);
    wanted.timer = setTimeout(() => {
      wanted.timer = undefined;
      void this.#write(wanted);
    }, waitMs).unref();
  }

  async #write(wanted: Wanted): Promise<void> {
    const { port, problems, post } = this.#parts;
    const { name, classes, periodSeconds } = wanted.plan;
    const now = new Date().toISOString();
    const question = { port, classes, problems: problems(), now };
    const status = await inSlices(nodeStatus(question), STATUS_SLICE_MS);
    if (this.#wanted.get(name) !== wanted) return;
    if (!post({ type: 'writeStatus', name, periodSeconds, status })) {
      this.onWritten(name, 'the planner is being restarted');
    }
  }
}
