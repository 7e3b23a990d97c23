/**
 * One pass over one routing table without a core: the kernel is read, what is ours by right is adopted, and all of it
 * is deleted, or only listed. The parts are the daemon's own; here they are joined by a loop of a few lines.
 */

import { type Millis, millis } from '../base/units.ts';
import type { KernelRules } from '../fib/kernel-rules.ts';
import { KernelView } from '../fib/kernel-view.ts';
import { RouteProgrammer } from '../fib/route-programmer.ts';
import { RouteShapes } from '../fib/route-shape.ts';
import type { FibRouteView } from '../fib/types.ts';
import type { KernelChange, SpeakerInput } from '../speaker/inputs.ts';
import { KernelShell } from './kernel-shell.ts';

/** Milliseconds for one table: a million routes are read and deleted in about ten seconds. */
const SWEEP_MS_MAX = 120_000;
const ROWS_PER_TURN = 4096;

export interface SweepOptions {
  /** Table and pools. */
  readonly rules: KernelRules;
  /** Octets of the journal; entries of other tables are passed over. */
  readonly journal: Uint8Array;
  /** Nothing is deleted. */
  readonly list: boolean;
}

export interface SweepOutcome {
  /** `10.244.7.0/26 via 10.0.0.2 dev eth0 (written by us before)`. */
  readonly routes: readonly string[];
  /** Sentences; empty when all is as it should be. */
  readonly trouble: readonly string[];
}

export function sweepTable(options: SweepOptions): Promise<SweepOutcome> {
  return new Sweep(options).run();
}

class Sweep {
  readonly #options: SweepOptions;
  readonly #programmer: RouteProgrammer;
  readonly #shell: KernelShell;
  readonly #began = performance.now();
  #routes: readonly string[] | undefined;
  #trouble: string[] = [];
  #sweeping: (4 | 6)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #ended: ((outcome: SweepOutcome) => void) | undefined;

  constructor(options: SweepOptions) {
    this.#options = options;
    const view = new KernelView({ tables: [254] });
    this.#programmer = new RouteProgrammer({ view, shapes: new RouteShapes(), seed: 1 });
    this.#shell = new KernelShell({
      submit: (input) => this.#take(input),
      tables: [options.rules.table],
    });
  }

  run(): Promise<SweepOutcome> {
    const { journal, rules } = this.#options;
    this.#programmer.loadJournal(journal);
    this.#programmer.setRules(rules);
    this.#programmer.begin({ restart: false });
    const ended = new Promise<SweepOutcome>((resolve) => {
      this.#ended = resolve;
    });
    this.#shell.start();
    this.#soon();
    return ended;
  }

  get #now(): Millis {
    return millis(performance.now());
  }

  #take(input: SpeakerInput): void {
    const programmer = this.#programmer;
    switch (input.type) {
      case 'kernelChanged':
        for (const change of input.changes) this.#note(change);
        break;
      case 'kernelDumpStarted':
        programmer.onDumpStarted(this.#now);
        break;
      case 'kernelDumpDone':
        programmer.onDumpDone(this.#now);
        break;
      case 'kernelOverrun':
        programmer.onOverrun(input.reason);
        break;
      case 'kernelAck':
        programmer.onAck(input.batch, input.errnos, this.#now);
        break;
      case 'kernelUnavailable':
        this.#trouble.push(
          `${input.error.call}: ${input.error.errno}; run as root or with CAP_NET_ADMIN`,
        );
        return this.#end();
    }
    this.#soon();
  }

  #note(change: KernelChange): void {
    const programmer = this.#programmer;
    if (change.what === 'link') programmer.onLink(change.link, change.removed, this.#now);
    else if (change.what === 'route') programmer.onKernelRoute(change, this.#now);
    else programmer.onAddress(change.address, change.removed, this.#now);
  }

  #soon(): void {
    clearTimeout(this.#timer);
    if (this.#ended !== undefined) this.#timer = setTimeout(() => this.#turn(), 0);
  }

  #turn(): void {
    const programmer = this.#programmer;
    programmer.onWake(this.#now);
    if (programmer.takeDumpRequest(this.#now) !== undefined) this.#shell.dump();
    if (this.#isDone()) return this.#end();
    const batch = this.#sweeping.length > 0 ? undefined : programmer.nextBatch(this.#now);
    // The journal is erased at the end, not kept up to date: what was interrupted is swept again.
    if (batch !== undefined) this.#shell.send(batch);
    programmer.takeJournal();
    programmer.takeEvents();
    if (performance.now() - this.#began > SWEEP_MS_MAX) {
      this.#trouble.push('The kernel took too long; run it again');
      return this.#end();
    }
    if (programmer.morePending || this.#sweeping.length > 0) return this.#soon();
    this.#timer = setTimeout(() => this.#turn(), 50);
  }

  /** Lists what is ours once the kernel was read, then sweeps it, then waits until it is gone. */
  #isDone(): boolean {
    const programmer = this.#programmer;
    if (programmer.counts().state !== 'synced') return false;
    if (this.#routes === undefined) {
      this.#routes = this.#adopted();
      if (this.#options.list) return true;
      this.#sweeping = [4, 6];
    }
    const [family] = this.#sweeping;
    if (family !== undefined) {
      if (!programmer.sweepAdopted({ family, budget: ROWS_PER_TURN })) this.#sweeping.shift();
      return false;
    }
    const { adopted, pending } = programmer.counts();
    if (this.#shell.underWay > 0 || programmer.morePending) return false;
    return adopted + pending === 0 || this.#isStuck();
  }

  /** Whether all that is left was refused: the kernel will not let it go. */
  #isStuck(): boolean {
    const left = this.#rows().filter(({ held }) => held !== undefined);
    const refused = left.filter(({ because }) => because?.includes('refused') === true);
    if (refused.length < left.length) return false;
    for (const { prefix, because } of refused) this.#trouble.push(`${prefix}: ${because}`);
    return true;
  }

  #adopted(): string[] {
    return this.#rows().flatMap(({ prefix, held, because = '' }) => {
      const how = because.includes('written by us') ? 'in the journal' : 'in a pool of the cluster';
      return held === undefined ? [] : [`${prefix} ${held} (${how})`];
    });
  }

  #rows(): FibRouteView[] {
    const rows: FibRouteView[] = [];
    for (let cursor: number | undefined = 0; cursor !== undefined; ) {
      const page: ReturnType<RouteProgrammer['routes']> = this.#programmer.routes({
        cursor,
        limit: ROWS_PER_TURN,
      });
      rows.push(...page.routes);
      cursor = page.next;
    }
    return rows;
  }

  #end(): void {
    clearTimeout(this.#timer);
    const ended = this.#ended;
    this.#ended = undefined;
    this.#shell.close();
    const trouble = [...new Set(this.#trouble)];
    ended?.({ routes: this.#routes ?? [], trouble });
  }
}
