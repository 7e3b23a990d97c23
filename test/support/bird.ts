/** A real BIRD 2 in a namespace of a system test: started, asked, reconfigured, stopped. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BirdProtocol,
  type BirdRoute,
  parseProtocols,
  parseRoutes,
} from '../../tools/fabric/birdc.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { logTail, type Running, run, runOk, stopProcess } from '../../tools/fabric/process.ts';
import type { NetworkLab } from './netns.ts';
import { findPeer } from './peers.ts';
import { waitFor } from './wait-for.ts';

export interface BirdOptions {
  readonly lab: NetworkLab;
  readonly namespace: Namespace;
  readonly name: string;
  /** The whole bird.conf; {@link birdConfHead} gives its usual beginning. */
  readonly config: string;
  /** `-R`: apply graceful restart recovery. */
  readonly recover?: boolean;
}

/** Beginning of a bird.conf; with `kernel`, everything chosen goes to the kernel and stays there. */
export function birdConfHead(options: { routerId: string; kernel?: boolean }): string {
  const kernel = ['ipv4', 'ipv6'].map(
    (family) => `protocol kernel kernel_${family} { persist; ${family} { export all; }; }\n`,
  );
  return `log stderr all;
router id ${options.routerId};
protocol device { scan time 10; }
${options.kernel === true ? kernel.join('') : ''}`;
}

export class Bird {
  readonly name: string;
  readonly #options: BirdOptions;
  readonly #env: NodeJS.ProcessEnv;
  readonly #client: string;
  #running: Running;

  private constructor(options: BirdOptions, running: Running) {
    const found = bird2();
    this.name = options.name;
    this.#options = options;
    this.#env = { ...process.env, ...found.env };
    this.#client = found.client;
    this.#running = running;
  }

  static async start(options: BirdOptions): Promise<Bird> {
    writeFileSync(confPath(options), options.config);
    const bird = new Bird(options, await launch(options));
    await bird.#answers();
    return bird;
  }

  /** Runs one birdc command and returns its text; fails when birdc cannot connect. */
  async command(...words: string[]): Promise<string> {
    const argv = [this.#client, '-s', socketPath(this.#options), ...words];
    return runOk(argv, { env: this.#env });
  }

  async protocols(): Promise<BirdProtocol[]> {
    return parseProtocols(await this.command('show', 'protocols', 'all'));
  }

  /** One protocol by name; fails when there is none of that name. */
  async protocol(name: string): Promise<BirdProtocol> {
    const found = (await this.protocols()).find((one) => one.name === name);
    if (found === undefined) throw new Error(`${this.name} has no protocol ${name}`);
    return found;
  }

  /** `show route all`, with further words such as `protocol p1` or `10.0.0.0/8`. */
  async routes(...words: string[]): Promise<BirdRoute[]> {
    return parseRoutes(await this.command('show', 'route', ...words, 'all'));
  }

  /** Waits until every named BGP protocol is Established. */
  async untilEstablished(...names: string[]): Promise<void> {
    for (const name of names) {
      await waitFor(
        () => this.protocol(name),
        (protocol) => protocol.bgpState === 'Established',
        { what: `${this.name}'s session ${name} to be Established`, timeoutMs: 30_000 },
      );
    }
  }

  /** Writes a new configuration and has it applied; fails with birdc's words on a mistake. */
  async configure(config: string): Promise<void> {
    writeFileSync(confPath(this.#options), config);
    const said = await this.command('configure');
    if (!/Reconfigured|Reconfiguration in progress/.test(said)) throw new Error(said);
  }

  /** `birdc down`: the sessions are closed in order. */
  async shutDown(): Promise<void> {
    await this.command('down');
    await this.#running.exited;
  }

  /** Ends the process by a signal: SIGKILL leaves peers to find out by themselves. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    await stopProcess(this.#running, { signal });
  }

  /** Starts the stopped daemon once more, with the same configuration or another one. */
  async startAgain(
    options: { readonly recover?: boolean; readonly config?: string } = {},
  ): Promise<void> {
    if (options.config !== undefined) writeFileSync(confPath(this.#options), options.config);
    this.#running = await launch({ ...this.#options, ...options });
    await this.#answers();
  }

  log(): string {
    return logTail(this.#running.logPath, Number.POSITIVE_INFINITY);
  }

  async #answers(): Promise<void> {
    const argv = [this.#client, '-s', socketPath(this.#options), 'show', 'status'];
    await waitFor(
      async () => {
        if (this.#running.ended !== undefined) throw new Error(`bird ended: ${this.log()}`);
        return run(argv, { env: this.#env });
      },
      (result) => result.code === 0,
      { what: `${this.name} to answer; its log: ${this.log()}`, timeoutMs: 5_000 },
    );
  }
}

function launch(options: BirdOptions): Promise<Running> {
  const found = bird2();
  const { lab, namespace, name, recover } = options;
  const flags = recover === true ? ['-R'] : [];
  const argv = [found.daemon, '-f', ...flags, '-c', confPath(options), '-s', socketPath(options)];
  return lab.spawn(namespace, { name, argv, env: { ...process.env, ...found.env } });
}

function bird2(): { daemon: string; client: string; env: Readonly<Record<string, string>> } {
  const found = findPeer('bird2');
  if ('missing' in found) throw new Error(found.missing);
  return found;
}

function confPath({ lab, name }: BirdOptions): string {
  return join(lab.dir, `${name}.conf`);
}

function socketPath({ lab, name }: BirdOptions): string {
  return join(lab.dir, `${name}.ctl`);
}
