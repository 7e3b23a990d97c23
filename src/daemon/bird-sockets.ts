/**
 * The two BIRD control sockets: joins the pure sessions of `api/bird/` to their shell and to the daemon.
 *
 * Invariant: a socket that cannot be had costs its clients, never the daemon: routing is worth more.
 */

import { join } from 'node:path';
import type { BirdSocketFacts } from '../api/bird/metrics.ts';
import type { BirdFamily, BirdPort } from '../api/bird/port.ts';
import { BirdSession } from '../api/bird/session.ts';
import type { SystemError } from '../base/errors.ts';
import type { Log } from '../io/log.ts';
import { BirdSocketServer } from '../io/servers/bird-socket.ts';
import type { Settings } from './config.ts';
import { errorFields, logLine } from './log-lines.ts';

/** As calico-node has them. */
const FILES: Readonly<Record<BirdFamily, string>> = { ipv4: 'bird.ctl', ipv6: 'bird6.ctl' };

export class BirdSockets {
  readonly #servers = new Map<BirdFamily, BirdSocketServer | undefined>();

  /** Nothing is opened where they are switched off. */
  static async open(port: BirdPort, settings: Settings, log: Log): Promise<BirdSockets> {
    const sockets = new BirdSockets();
    const { sockets: wanted, path } = settings.bird;
    if (!wanted) return sockets;
    for (const family of ['ipv4', 'ipv6'] as const) {
      const opened = await BirdSocketServer.open({
        path: join(path, FILES[family]),
        setting: 'bird.path, or bird.sockets: off',
        session: (push) => new BirdSession({ port, family, push }),
        onBug: (error) => tellBug(log, error),
      });
      if ('kind' in opened) tellRefused(log, opened);
      sockets.#servers.set(family, 'kind' in opened ? undefined : opened);
    }
    return sockets;
  }

  facts(): BirdSocketFacts[] {
    return [...this.#servers].map(([family, server]) => ({
      family: `${family}-unicast` as const,
      open: server !== undefined,
      connections: server?.connections ?? 0,
      ...(server?.counters ?? { accepted: 0, refused: 0, evicted: 0, requests: 0 }),
    }));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server?.close()));
  }
}

function tellRefused(log: Log, error: SystemError): void {
  logLine(log, 'system-error', {
    fields: errorFields(error),
    text: `A BIRD socket cannot be opened: ${error.detail ?? error.errno}. birdc and calicoctl node status do not work`,
  });
}

function tellBug(log: Log, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  logLine(log, 'internal-error', {
    fields: { error: text },
    text: 'Internal error in a reply on a BIRD socket; its connection was closed',
  });
}
