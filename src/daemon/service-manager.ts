/**
 * What systemd is told while the daemon runs: that it is up, how it is, and that its loop still turns.
 *
 * `READY=1` means "the sockets are open and the configuration was read", not "all neighbors are up": a node whose
 * reflectors are down is not to be restarted for it. The watchdog is fed after a step of the loop, so that a loop that
 * hangs, or has stopped by a broken invariant, is noticed. Without `NOTIFY_SOCKET` nothing happens here.
 */

import type { SystemError } from '../base/errors.ts';
import type { Seconds } from '../base/units.ts';
import { NotifySocket } from '../io/systemd-notify.ts';
import type { StatusView } from '../speaker/snapshot.ts';

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly status: () => StatusView;
  /** A turn of the loop; false when it has stopped. */
  readonly turn: () => boolean;
  readonly onTrouble: (error: SystemError) => void;
}

/** Of the time after which systemd ends us: two may be lost. */
const FEEDS_PER_TIMEOUT = 3;
/** How often `systemctl status` gets a new line where no watchdog asks for more. */
const STATUS_EVERY: Seconds = 10;

export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  #socket: NotifySocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #said = '';

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
    const path = options.env['NOTIFY_SOCKET'];
    if (path === undefined || path === '') return;
    const socket = NotifySocket.open(path);
    if ('kind' in socket) options.onTrouble(socket);
    else this.#socket = socket;
  }

  ready(): void {
    if (this.#socket === undefined) return;
    this.#send('READY=1');
    const timeout = watchdogSeconds(this.#options);
    const every = timeout === undefined ? STATUS_EVERY : timeout / FEEDS_PER_TIMEOUT;
    this.#timer = setInterval(() => this.#feed(timeout !== undefined), every * 1000);
    this.#feed(timeout !== undefined);
  }

  /** Before what may take a moment: the last octets, the last routes. */
  stopping(): void {
    this.#send('STOPPING=1');
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  #feed(watched: boolean): void {
    if (!this.#options.turn()) return;
    const status = statusLine(this.#options.status());
    const lines = watched ? ['WATCHDOG=1'] : [];
    if (status !== this.#said) lines.push(`STATUS=${status}`);
    if (lines.length > 0) this.#send(...lines);
    this.#said = status;
  }

  #send(...lines: readonly string[]): void {
    const error = this.#socket?.send(...lines);
    if (error !== undefined) this.#options.onTrouble(error);
  }
}

/** sd_watchdog_enabled(3): the time is for the process that is named, or for any where none is. */
function watchdogSeconds({ env, pid }: ServiceManagerOptions): Seconds | undefined {
  const micros = Number(env['WATCHDOG_USEC']);
  if (!Number.isFinite(micros) || micros <= 0) return undefined;
  const named = env['WATCHDOG_PID'];
  if (named !== undefined && named !== '' && Number(named) !== pid) return undefined;
  return micros / 1e6;
}

/** One line, as `systemctl status` shows it. Nothing in it is written by a peer. */
function statusLine({ neighbors, kernel, ready, datastore }: StatusView): string {
  const parts = [
    `${neighbors.established} of ${neighbors.configured} neighbors Established`,
    `${kernel.installed} of ${kernel.desired} routes in the kernel`,
  ];
  if (datastore.state !== 'in-sync') parts.push('the datastore is away');
  return `${ready ? 'ready' : 'not ready'}: ${parts.join(', ')}`;
}
