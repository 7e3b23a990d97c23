/**
 * The kernel between core and netlink: events and dumps become inputs in runs of some hundreds, batches go to the
 * writer's thread and their acknowledgements come back.
 *
 * Invariant: no dump begins while a batch is under way. When a socket or the writer fails, all are closed, the core
 * is told, and the next dump opens others.
 */

import type { SystemError } from '../base/errors.ts';
import { KernelSocket } from '../io/netlink-socket.ts';
import type { BatchOutcome, JournalPart } from '../io/netlink-writer.ts';
import { ProcessNames } from '../io/process-names.ts';
import { RouteProtocol } from '../netlink/codes.ts';
import type { KernelDump } from '../netlink/dump-request.ts';
import { Errno } from '../netlink/errno.ts';
import type { KernelChange as Change, KernelVisitor } from '../netlink/events.ts';
import { decodeRoute } from '../netlink/route.ts';
import { RouteRuns } from '../netlink/route-runs.ts';
import type { KernelBatch } from '../speaker/effects.ts';
import type { KernelChange, SpeakerInput } from '../speaker/inputs.ts';

/** Changes in one input: a run costs the core well under a millisecond. */
const CHANGES_PER_INPUT_MAX = 256;
/** Dumps in a row that the kernel says were interrupted; then we wait for the core to ask again. */
const DUMP_TRIES_MAX = 5;

export interface KernelShellOptions {
  readonly submit: (input: SpeakerInput) => void;
  /** Routing tables to read beside main. */
  readonly tables: readonly number[];
  /** The VRF whose table is read in place of main and `tables`, while it is there. */
  readonly vrf?: string;
  /** How the sockets are come by; default the kernel's. */
  readonly open?: typeof KernelSocket.open;
  /** The journal could not be written; routes are all the same. */
  readonly onJournalError?: (error: SystemError) => void;
}

export class KernelShell {
  readonly #options: KernelShellOptions;
  #socket: KernelSocket | undefined;
  readonly #names = new ProcessNames(() => performance.now());
  #changes: KernelChange[] = [];
  #flushing = false;
  /** The core wants a dump, and gave up a batch that the writer still has. */
  #dumpWaits = false;
  /** Of the VRF, as last told. */
  #vrfTable: number | undefined;

  constructor(options: KernelShellOptions) {
    this.#options = options;
  }

  /** Opens the sockets. A refusal becomes `kernelUnavailable`; the core asks for a dump again after a while. */
  start(): void {
    const open = this.#options.open ?? KernelSocket.open;
    const socket = open({
      events: this.#visitor((port) => this.#names.of(port)),
      onOverrun: () => {
        this.#flush();
        this.#options.submit({
          type: 'kernelOverrun',
          reason: 'the event socket overflowed (ENOBUFS)',
        });
      },
      onError: (error) => this.#fail(error),
    });
    if ('kind' in socket) return this.#unavailable(socket);
    this.#socket = socket;
  }

  /** Links, addresses and routes, as one dump. Opens the sockets where that failed before. */
  dump(): void {
    if (this.#socket === undefined) this.start();
    const socket = this.#socket;
    if (socket === undefined) return;
    if (socket.underWay === 0) return this.#dumpOnce(1);
    if (this.#dumpWaits) return this.#fail(WRITER_HANGS);
    this.#dumpWaits = true;
  }

  /** Batches under way: what became of them is not known yet. */
  get underWay(): number {
    return this.#socket?.underWay ?? 0;
  }

  /** @returns whether batch and journal were taken; else the core hears of it, and the journal is the caller's. */
  send(batch: KernelBatch, journal?: JournalPart): boolean {
    const { id, count, octets } = batch;
    if (this.#socket === undefined) return false;
    const done = (outcome: BatchOutcome): void => this.#onOutcome({ id, count, outcome });
    const refused = this.#socket.send({ octets, count }, done, journal);
    if (refused !== undefined) this.#fail(refused);
    return refused === undefined;
  }

  /** Reads protocol 12 of one table for the core to compare; everything else goes on meanwhile. */
  prove(table: number): void {
    const socket = this.#socket;
    const { submit } = this.#options;
    if (socket === undefined) {
      return submit({ type: 'kernelProofRead', interrupted: false, error: NO_SOCKET });
    }
    let interrupted = false;
    const next = (families: readonly (4 | 6)[]): void => {
      const [family, ...rest] = families;
      if (family === undefined) return submit({ type: 'kernelProofRead', interrupted });
      const runs = new RouteRuns(CHANGES_PER_INPUT_MAX, (routes) =>
        submit({ type: 'kernelProofRoutes', routes }),
      );
      socket.prove({ kind: 'routes', family, table, protocol: 12 }, runs, (outcome) => {
        runs.flush();
        interrupted ||= outcome.interrupted;
        if (outcome.error === undefined) return next(rest);
        submit({ type: 'kernelProofRead', interrupted, error: outcome.error });
      });
    };
    next([4, 6]);
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
    this.#dumpWaits = false;
  }

  #onOutcome({ id, count, outcome }: { id: number; count: number; outcome: BatchOutcome }): void {
    const { failures, error, journalError } = outcome;
    if (journalError !== undefined) this.#options.onJournalError?.(journalError);
    // What the kernel told before it answered comes first.
    this.#flush();
    const denied = error?.errno === 'EPERM';
    if (error !== undefined && !denied && !PASSING.has(error.errno)) return this.#fail(error);
    // Where answers were lost nobody knows what was carried out: none for any, and the kernel is read again.
    const unknown = error !== undefined && !denied;
    const errnos = new Int32Array(unknown ? 0 : count);
    if (denied) errnos.fill(Errno.EPERM);
    for (const { index, errno } of failures) if (!unknown) errnos[index] = errno;
    this.#options.submit({ type: 'kernelAck', batch: id, errnos });
    if (unknown) {
      const reason = `${error.call}: ${error.errno}: what was carried out is unknown`;
      this.#options.submit({ type: 'kernelOverrun', reason });
    }
    if (!this.#dumpWaits || this.underWay > 0) return;
    this.#dumpWaits = false;
    this.#dumpOnce(1);
  }

  #dumpOnce(attempt: number): void {
    this.#flush();
    this.#options.submit({ type: 'kernelDumpStarted' });
    this.#vrfTable = undefined;
    this.#dumpNext(LINKS_AND_ADDRESSES, { attempt, interrupted: false, routes: false });
  }

  /** Asked once the links have been read, which tell of the VRF. */
  #routeDumps(): KernelDump[] {
    const { vrf, tables } = this.#options;
    const own = this.#vrfTable === undefined ? [] : [this.#vrfTable];
    return [...new Set(vrf === undefined ? [254, ...tables] : own)].flatMap((table) => [
      { kind: 'routes', family: 4, table } as const,
      { kind: 'routes', family: 6, table } as const,
    ]);
  }

  #dumpNext(kinds: readonly KernelDump[], state: DumpState): void {
    const [kind, ...rest] = kinds;
    if (kind === undefined && !state.routes) {
      return this.#dumpNext(this.#routeDumps(), { ...state, routes: true });
    }
    if (kind === undefined) return this.#dumpEnded(state);
    this.#socket?.dump(kind, this.#visitor(), ({ interrupted, error }) => {
      if (error !== undefined && !isMissingTable(error)) {
        if (error.errno === 'EPERM') return this.#unavailable(error);
        return this.#dumpEnded({ ...state, interrupted: true });
      }
      this.#dumpNext(rest, { ...state, interrupted: state.interrupted || interrupted });
    });
  }

  #dumpEnded({ attempt, interrupted }: DumpState): void {
    this.#flush();
    if (!interrupted) return this.#options.submit({ type: 'kernelDumpDone' });
    if (attempt < DUMP_TRIES_MAX) return this.#dumpOnce(attempt + 1);
    const reason = `the kernel changed during ${attempt} dumps in a row`;
    this.#options.submit({ type: 'kernelOverrun', reason });
  }

  /** @param nameOf  Who a port belongs to: asked of events, not of dumps. */
  #visitor(nameOf?: (port: number) => string | undefined): KernelVisitor {
    const removed = (change: Change): boolean => change === 'removed';
    return {
      onLink: (change, link) => {
        if (link.name === this.#options.vrf) {
          this.#vrfTable = removed(change) ? undefined : link.vrfTable;
        }
        this.#add({ what: 'link', link, removed: removed(change) });
      },
      onAddress: (change, address) =>
        this.#add({ what: 'address', address, removed: removed(change) }),
      onRoute: (raw) => {
        const route = decodeRoute(raw);
        if (route === undefined) return;
        const by = raw.protocol === RouteProtocol.BIRD ? nameOf?.(raw.portId) : undefined;
        const change = { what: 'route', route, removed: removed(raw.change) } as const;
        this.#add(by === undefined ? change : { ...change, by });
      },
    };
  }

  #add(change: KernelChange): void {
    this.#changes.push(change);
    if (this.#changes.length >= CHANGES_PER_INPUT_MAX) return this.#flush();
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#changes.length === 0) return;
    const changes = this.#changes;
    this.#changes = [];
    this.#options.submit({ type: 'kernelChanged', changes });
  }

  /** For good: the next dump opens other sockets. */
  #fail(error: SystemError): void {
    this.close();
    this.#unavailable(error);
  }

  #unavailable(error: SystemError): void {
    this.#options.submit({ type: 'kernelUnavailable', error });
  }
}

const LINKS_AND_ADDRESSES: readonly KernelDump[] = [{ kind: 'links' }, { kind: 'addresses' }];

interface DumpState {
  readonly attempt: number;
  readonly interrupted: boolean;
  /** The routes are being read, which come last. */
  readonly routes: boolean;
}

/** The socket is gone; the core is about to hear of it, or has. */
const NO_SOCKET: SystemError = { kind: 'SystemError', call: 'dump(routes)', errno: 'EBADF' };

/** Errors that say nothing against the socket: the batch failed, the next may not. */
const PASSING: ReadonlySet<string> = new Set(['ENOBUFS', 'ENOMEM', 'EAGAIN', 'ETIMEDOUT']);

/** The core has waited for a dump, and asks again after a minute. */
const WRITER_HANGS: SystemError = {
  kind: 'SystemError',
  call: 'sendmsg(AF_NETLINK)',
  errno: 'ETIMEDOUT',
  detail: 'the kernel has not finished a batch of routes for a minute',
};

/** A table without routes does not exist (ENOENT under strict checking). */
function isMissingTable(error: SystemError): boolean {
  return error.errno === 'ENOENT';
}
