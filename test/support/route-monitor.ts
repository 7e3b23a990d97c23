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
}

export class RouteMonitor {
  readonly #running: Running;

  private constructor(running: Running) {
    this.#running = running;
  }

  /** Returns once the monitor has proved that it hears what happens. */
  static async start(lab: NetworkLab, namespace: Namespace): Promise<RouteMonitor> {
    count += 1;
    const argv = ['ip', '-d', 'monitor', 'route'];
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
    return this.#lines()
      .filter((line) => !line.includes(PROBE))
      .map((line) =>
        line.startsWith('Deleted ')
          ? { kind: 'deleted', route: line.slice('Deleted '.length).trim() }
          : { kind: 'added', route: line.trim() },
      );
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
const PROBE = '240.0.0.77';
