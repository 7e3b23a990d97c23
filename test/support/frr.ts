/**
 * A real FRR in a namespace of a system test, with what it chooses in the kernel: zebra and bgpd, each startable again.
 * All they write is in the lab's folder.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { logTail, type Running, stopProcess } from '../../tools/fabric/process.ts';
import type { NetworkLab } from './netns.ts';
import { type FoundPeer, findPeer } from './peers.ts';
import { waitFor } from './wait-for.ts';

export interface FrrOptions {
  readonly lab: NetworkLab;
  readonly namespace: Namespace;
  readonly name: string;
  /** The whole bgpd.conf but its log. */
  readonly config: string;
}

export class Frr {
  readonly #options: FrrOptions;
  readonly #programs: FoundPeer;
  readonly #dir: string;
  #zebra: Running | undefined;
  #bgpd: Running | undefined;

  private constructor(options: FrrOptions) {
    const found = findPeer('frr');
    if ('missing' in found) throw new Error(found.missing);
    this.#options = options;
    this.#programs = found;
    this.#dir = join(options.lab.dir, options.name);
    mkdirSync(this.#dir, { recursive: true });
    for (const file of ['passwd', 'group']) this.#writeAccounts(file);
  }

  static async start(options: FrrOptions): Promise<Frr> {
    const frr = new Frr(options);
    writeFileSync(join(frr.#dir, 'zebra.conf'), 'log stdout\n');
    writeFileSync(join(frr.#dir, 'bgpd.conf'), `log stdout\n${options.config}`);
    frr.#zebra = await frr.#spawn('zebra', frr.#programs.others['zebra']!);
    await frr.startAgain();
    return frr;
  }

  /** Ends bgpd alone, as an upgrade of it would; zebra goes on. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.#bgpd !== undefined) await stopProcess(this.#bgpd, { signal });
  }

  async startAgain(): Promise<void> {
    this.#bgpd = await this.#spawn('bgpd', this.#programs.daemon);
  }

  log(): string {
    const all = [this.#zebra, this.#bgpd].flatMap((running) => running?.logPath ?? []);
    return all.map((path) => logTail(path, 2000)).join('\n');
  }

  async #spawn(name: 'zebra' | 'bgpd', program: string): Promise<Running> {
    const { lab, namespace } = this.#options;
    const at = (file: string): string => join(this.#dir, file);
    const mounts = ['passwd', 'group'].map((file) => `mount --bind ${at(file)} /etc/${file}`);
    const argv = [
      ...['unshare', '--mount', 'sh', '-c', `${mounts.join(' && ')} && exec "$@"`, 'sh'],
      ...[program, '-z', at('zserv.api'), '--vty_socket', this.#dir],
      ...['-f', at(`${name}.conf`), '-i', at(`${name}.pid`)],
    ];
    const running = await lab.spawn(namespace, { name: `${this.#options.name}-${name}`, argv });
    await waitFor(
      async () => {
        if (running.ended !== undefined) throw new Error(`${name} ended: ${this.log()}`);
        return existsSync(at(`${name}.vty`));
      },
      (there) => there,
      { what: `${name} to open its socket`, timeoutMs: 10_000, intervalMs: 50 },
    );
    return running;
  }

  /** FRR insists on users that only its package makes; here they are root, in namespaces of their own. */
  #writeAccounts(file: string): void {
    const rest = file === 'passwd' ? '0::/:/usr/sbin/nologin' : '';
    const lines = ['frr', 'frrvty'].map((name) => `${name}:x:0:${rest}\n`);
    // In front: of two entries with one name the first counts.
    writeFileSync(join(this.#dir, file), lines.join('') + readFileSync(`/etc/${file}`, 'utf8'));
  }
}
