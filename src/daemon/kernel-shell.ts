/**
 * The kernel between core and netlink: events and dumps become inputs in runs of some hundreds, batches go out and
 * their acknowledgements come back.
 */

import type { SystemError } from '../base/errors.ts';
import { KernelSocket } from '../io/netlink-socket.ts';
import type { KernelDump } from '../netlink/dump-request.ts';
import { Errno } from '../netlink/errno.ts';
import type { KernelChange as Change, KernelVisitor } from '../netlink/events.ts';
import type { RawRoute } from '../netlink/raw-route.ts';
import { decodeRoute } from '../netlink/route.ts';
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
  /** How the sockets are come by; default the kernel's. */
  readonly open?: typeof KernelSocket.open;
}

export class KernelShell {
  readonly #options: KernelShellOptions;
  #socket: KernelSocket | undefined;
  #changes: KernelChange[] = [];
  #flushing = false;

  constructor(options: KernelShellOptions) {
    this.#options = options;
  }

  /** Opens the sockets. A refusal becomes `kernelUnavailable`; the core asks for a dump again after a while. */
  start(): void {
    const open = this.#options.open ?? KernelSocket.open;
    const socket = open({
      events: this.#visitor((route) => route.portId !== this.#socket?.requestPort),
      onOverrun: () => {
        this.#flush();
        this.#options.submit({
          type: 'kernelOverrun',
          reason: 'the event socket overflowed (ENOBUFS)',
        });
      },
      onError: (error) => {
        // For good: the next dump opens others.
        this.close();
        this.#unavailable(error);
      },
    });
    if ('kind' in socket) return this.#unavailable(socket);
    this.#socket = socket;
  }

  /** Links, addresses and routes, as one dump. Opens the sockets where that failed before. */
  dump(): void {
    if (this.#socket === undefined) this.start();
    if (this.#socket !== undefined) this.#dumpOnce(1);
  }

  send(batch: KernelBatch): void {
    const { id, count, octets } = batch;
    if (this.#socket === undefined) return;
    this.#socket.send({ octets, count }, ({ failures, error }) => {
      // What the kernel told before it answered comes first.
      this.#flush();
      const errnos = new Int32Array(count);
      const denied = error?.errno === 'EPERM';
      if (error !== undefined) errnos.fill(denied ? Errno.EPERM : Errno.ENOBUFS);
      for (const { index, errno } of failures) errnos[index] = errno;
      this.#options.submit({ type: 'kernelAck', batch: id, errnos });
      if (error !== undefined && !denied) {
        const reason = `${error.call}: ${error.errno}: what was carried out is unknown`;
        this.#options.submit({ type: 'kernelOverrun', reason });
      }
    });
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #dumpOnce(attempt: number): void {
    const kinds: KernelDump[] = [{ kind: 'links' }, { kind: 'addresses' }];
    for (const table of new Set([254, ...this.#options.tables])) {
      kinds.push({ kind: 'routes', family: 4, table }, { kind: 'routes', family: 6, table });
    }
    this.#flush();
    this.#options.submit({ type: 'kernelDumpStarted' });
    this.#dumpNext(kinds, { attempt, interrupted: false });
  }

  #dumpNext(kinds: readonly KernelDump[], state: { attempt: number; interrupted: boolean }): void {
    const [kind, ...rest] = kinds;
    if (kind === undefined) return this.#dumpEnded(state);
    this.#socket?.dump(
      kind,
      this.#visitor(() => true),
      ({ interrupted, error }) => {
        if (error !== undefined && !isMissingTable(error)) {
          if (error.errno === 'EPERM') return this.#unavailable(error);
          return this.#dumpEnded({ ...state, interrupted: true });
        }
        this.#dumpNext(rest, { ...state, interrupted: state.interrupted || interrupted });
      },
    );
  }

  #dumpEnded({ attempt, interrupted }: { attempt: number; interrupted: boolean }): void {
    this.#flush();
    if (!interrupted) return this.#options.submit({ type: 'kernelDumpDone' });
    if (attempt < DUMP_TRIES_MAX) return this.#dumpOnce(attempt + 1);
    const reason = `the kernel changed during ${attempt} dumps in a row`;
    this.#options.submit({ type: 'kernelOverrun', reason });
  }

  #visitor(wanted: (route: RawRoute) => boolean): KernelVisitor {
    const removed = (change: Change): boolean => change === 'removed';
    return {
      onLink: (change, link) => this.#add({ what: 'link', link, removed: removed(change) }),
      onAddress: (change, address) =>
        this.#add({ what: 'address', address, removed: removed(change) }),
      onRoute: (raw) => {
        if (!wanted(raw)) return;
        const route = decodeRoute(raw);
        if (route !== undefined) this.#add({ what: 'route', route, removed: removed(raw.change) });
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

  #unavailable(error: SystemError): void {
    this.#options.submit({ type: 'kernelUnavailable', error });
  }
}

/** A table without routes does not exist (ENOENT under strict checking). */
function isMissingTable(error: SystemError): boolean {
  return error.errno === 'ENOENT';
}
