/**
 * Everything that happens to the routes of one namespace, in order, by way of `ip monitor`: for
 * tests that must show that a route was never absent, or never touched.
 */
import { readFileSync } from 'node:fs';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { type Running, stopProcess } from '../../tools/fabric/process.ts';
import type { NetworkLab } from './netns.ts';
import { waitFor } from './wait-for.ts';

export interface RouteEvent {
  readonly kind: 'added' | 'deleted';
  /** The line without `Deleted`: `10.0.0.0/8 via 192.0.2.1 dev eth0 proto bird`. */
  readonly route: string;
  /** Milliseconds since the epoch, with `timestamps`. */
  readonly at?: number;
}

export class RouteMonitor {
  readonly #running: Running;

  private constructor(running: Running) {
    this.#running = running;
  }

  /** Returns once the monitor has proved that it hears what happens. */
  static async start(
    lab: NetworkLab,
    namespace: Namespace,
    options: { readonly timestamps?: boolean } = {},
  ): Promise<RouteMonitor> {
    count += 1;
    const stamps = options.timestamps === true ? ['-timestamp'] : [];
    const argv = ['ip', ...stamps, '-d', 'monitor', 'route'];
    const running = await lab.spawn(namespace, { name: `route-monitor-${count}`, argv });
    const monitor = new RouteMonitor(running);
    // The listening socket gives no sign of life: a route of our own shows that it is open.
    const probe = async (): Promise<readonly string[]> => {
      await namespace.ip('route', 'replace', 'blackhole', PROBE, 'table', '99');
      await namespace.ip('route', 'delete', 'blackhole', PROBE, 'table', '99');
      return monitor.#lines();
    };
    await waitFor(probe, (lines) => lines.some((line) => line.includes(PROBE)), {
      what: 'ip monitor to hear a route change',
    });
    return monitor;
  }

  /** All events so far, oldest first. */
  events(): RouteEvent[] {
    const events: RouteEvent[] = [];
    let at: number | undefined;
    for (const line of this.#lines()) {
      const stamp = STAMP.exec(line);
      if (stamp !== null) {
        at = Date.parse(`${stamp[1]} UTC`) + Number(stamp[2]) / 1000;
        continue;
      }
      if (line.includes(PROBE)) continue;
      const deleted = line.startsWith('Deleted ');
      const route = (deleted ? line.slice('Deleted '.length) : line).trim();
      events.push({
        kind: deleted ? 'deleted' : 'added',
        route,
        ...(at === undefined ? {} : { at }),
      });
    }
    return events;
  }

  async stop(): Promise<RouteEvent[]> {
    await stopProcess(this.#running);
    return this.events();
  }

  #lines(): string[] {
    return readFileSync(this.#running.logPath, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '' && !/^\s+nexthop/.test(line));
  }
}

let count = 0;
/** `Timestamp: Fri Nov 27 03:34:59 2026 123456 usec`, a line before each event. */
const STAMP = /^Timestamp: \w+ (\w+ +\d+ [\d:]+ \d{4}) (\d+) usec/;
const PROBE = '240.0.0.77';
