/** A planner on its real thread, for tests of datastores: what it says is kept, and its plans put together. */

import type { FromPlanner, PlannerOptions } from '../../src/daemon/planner.ts';
import { PlannerLink } from '../../src/daemon/planner-link.ts';
import { PlanReceiver } from '../../src/datastore/plan-transfer.ts';
import type { SpeakerPlan } from '../../src/datastore/plan-types.ts';
import { FILE_OPTIONS } from './resources.ts';
import { waitFor } from './wait-for.ts';

export class WatchedPlanner {
  readonly messages: FromPlanner[] = [];
  readonly plans: SpeakerPlan[] = [];
  readonly deaths: string[] = [];
  readonly #link: PlannerLink;

  constructor(options: Pick<PlannerOptions, 'node' | 'datastore' | 'stateDir'>, heapMib?: number) {
    const receiver = new PlanReceiver();
    const { type } = options.datastore ?? {};
    const plan = { ...FILE_OPTIONS, datastore: type ?? 'file' } as const;
    this.#link = new PlannerLink(
      {
        options: () => ({ ...options, plan, revision: this.plans.length }),
        onMessage: (message) => {
          this.messages.push(message);
          if (message.type !== 'plan') return;
          const taken = receiver.take(message.part);
          if (taken !== undefined) this.plans.push(taken);
        },
        onDied: (reason) => this.deaths.push(reason),
      },
      heapMib,
    );
    this.#link.start();
  }

  get plan(): SpeakerPlan | undefined {
    return this.plans.at(-1);
  }

  /** The remote addresses of the newest plan. */
  get peers(): readonly string[] {
    return (this.plan?.peers ?? []).map((peer) => peer.remoteAddress);
  }

  count(type: FromPlanner['type']): number {
    return this.messages.filter((message) => message.type === type).length;
  }

  /** What is said of the store now. */
  get store(): 'lost' | 'in sync' | 'not known' {
    const last = this.messages.findLast(({ type }) => type === 'lost' || type === 'back');
    return last === undefined ? 'not known' : last.type === 'lost' ? 'lost' : 'in sync';
  }

  /** Has the status of a CalicoNodeStatus written. @returns what came of it; empty when it was written. */
  async writeStatus(name: string, status: object): Promise<string> {
    const before = this.count('statusWritten');
    this.#link.post({ type: 'writeStatus', name, periodSeconds: 10, status });
    await until(() => this.count('statusWritten') > before);
    const last = this.messages.findLast((message) => message.type === 'statusWritten');
    return last?.type === 'statusWritten' ? last.error : '';
  }

  /** A change waits for somebody to release it. */
  get isHeld(): boolean {
    const last = this.messages.findLast((message) => message.type === 'held');
    return last?.type === 'held' && last.held !== undefined;
  }

  release(): void {
    this.#link.post({ type: 'release' });
  }

  stop(): void {
    this.#link.stop();
  }
}

/** Polls closely; what is waited for names itself. */
export async function until(holds: () => boolean, timeoutMs = 10_000): Promise<void> {
  await waitFor(holds, (seen) => seen, { what: String(holds), timeoutMs, intervalMs: 5 });
}
