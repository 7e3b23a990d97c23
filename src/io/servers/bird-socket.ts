/**
 * BIRD's control socket: lines in, replies out, around the pure sessions of `api/bird/`.
 *
 * A reply is pulled piece by piece: while the client does not read, nothing more is made, and after a few milliseconds
 * the loop has its turn. Invariant: a client costs one connection, one line and one chunk, whatever it does.
 */

import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { SystemError } from '../../base/errors.ts';
import { BirdConnection, type LineSession } from './bird-connection.ts';
import { bindError, makeRoom, SOCKET_MODE } from './unix-socket.ts';

/** Clients at once: probes, exporters and some people; each costs some tens of KB at most. */
const CONNECTIONS_MAX = 64;
/** A client that has neither asked nor read for so long gives way to a new one; in milliseconds. */
const IDLE_MS = 30_000;
/** Milliseconds for the last replies to leave when we stop. */
const CLOSE_MS_MAX = 200;

export interface BirdSocketOptions {
  readonly path: string;
  /** The key of godwit.yaml that names the place, for remedies. */
  readonly setting: string;
  /** @param push  Sends a line that belongs to no reply. */
  readonly session: (push: (line: string) => void) => LineSession;
  /** A bug of ours in a reply: it cost one connection. */
  readonly onBug: (error: unknown) => void;
  /** Replies of at most so many milliseconds before others have their turn; for tests. */
  readonly sliceMs?: number;
  /** Instead of `IDLE_MS`; for tests. */
  readonly idleMs?: number;
}

export interface BirdSocketCounters {
  accepted: number;
  /** Turned away because there were too many. */
  refused: number;
  /** Closed to make room for another. */
  evicted: number;
  requests: number;
}

export class BirdSocketServer {
  readonly counters: BirdSocketCounters = { accepted: 0, refused: 0, evicted: 0, requests: 0 };
  readonly #options: BirdSocketOptions;
  readonly #server: Server;
  readonly #connections = new Set<BirdConnection>();

  private constructor(options: BirdSocketOptions) {
    this.#options = options;
    // Half-open: who sends one command and closes its side still gets the answer.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** A socket that another daemon answers on is never taken over. */
  static async open(options: BirdSocketOptions): Promise<BirdSocketServer | SystemError> {
    const { path, setting } = options;
    const refused = await makeRoom(path, setting);
    if (refused !== undefined) return refused;
    const server = new BirdSocketServer(options);
    return new Promise((resolve) => {
      // Kept after `listen`: a failing accept (EMFILE) must not end the daemon.
      server.#server.on('error', ({ code = 'EIO' }: NodeJS.ErrnoException) => {
        resolve(bindError(code, `${path}: ${code}; mind the permissions or set ${setting}`));
      });
      server.#server.listen(path, () => {
        chmodSync(path, SOCKET_MODE);
        resolve(server);
      });
    });
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Replies that are on their way still leave. */
  async close(): Promise<void> {
    rmSync(this.#options.path, { force: true });
    this.#server.close();
    const deadline = performance.now() + CLOSE_MS_MAX;
    for (const connection of this.#connections) connection.finish();
    while (this.#connections.size > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const connection of this.#connections) connection.destroy();
  }

  #accept(socket: Socket): void {
    if (this.#connections.size >= CONNECTIONS_MAX && !this.#evict()) {
      this.counters.refused++;
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    this.counters.accepted++;
    const { session, onBug, sliceMs } = this.#options;
    const connection = new BirdConnection({
      socket,
      session,
      ...(sliceMs === undefined ? {} : { sliceMs }),
      onRequest: () => {
        this.counters.requests++;
      },
      onClose: () => this.#connections.delete(connection),
      onBug,
    });
    this.#connections.add(connection);
    connection.start();
  }

  /** Closes the client that was silent longest, if it was so for long enough. */
  #evict(): boolean {
    let longest: BirdConnection | undefined;
    for (const one of this.#connections) {
      if (longest === undefined || one.activeAt < longest.activeAt) longest = one;
    }
    const { idleMs = IDLE_MS } = this.#options;
    if (longest === undefined || performance.now() - longest.activeAt < idleMs) return false;
    longest.destroy();
    this.#connections.delete(longest);
    this.counters.evicted++;
    return true;
  }
}
