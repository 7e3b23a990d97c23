/** One process of BIRD, 1.6 or 2, of either family, and its client. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { logTail, type Running, run, runOk, stopProcess } from '../../../tools/fabric/process.ts';
import { type FoundPeer, findPeer } from '../peers.ts';
import { waitFor } from '../wait-for.ts';
import { protocolName } from './bird-config.ts';
import type { DaemonPlace, SessionSeen, StartOptions } from './daemon.ts';

export interface BirdProcessOptions {
  readonly place: DaemonPlace;
  readonly peer: 'bird1' | 'bird2';
  readonly daemon: 'bird' | 'bird6';
  readonly client: 'birdc' | 'birdc6';
}

export class BirdProcess {
  readonly #place: DaemonPlace;
  readonly #daemon: string;
  readonly #client: string;
  #running: Running | undefined;

  constructor({ place, peer, daemon, client }: BirdProcessOptions) {
    const found = findPeer(peer);
    if ('missing' in found) throw new Error(found.missing);
    this.#place = place;
    this.#daemon = programOf(found, daemon);
    this.#client = programOf(found, client);
  }

  async start(config: string, { restarting = false }: StartOptions): Promise<void> {
    const { lab, namespace, name } = this.#place;
    writeFileSync(this.#path('conf'), config);
    const flags = restarting ? ['-R'] : [];
    const argv = [this.#daemon, '-f', ...flags, '-c', this.#path('conf'), '-s', this.#path('ctl')];
    const running = await lab.spawn(namespace, { name, argv });
    this.#running = running;
    await waitFor(
      async () => {
        if (running.ended !== undefined) throw new Error(`bird ended: ${this.log()}`);
        return run([this.#client, '-s', this.#path('ctl'), 'show', 'status']);
      },
      ({ code }) => code === 0,
      { what: `${name} to answer`, timeoutMs: 10_000, intervalMs: 50 },
    );
  }

  async configure(config: string): Promise<void> {
    writeFileSync(this.#path('conf'), config);
    const said = await this.command('configure');
    if (!/Reconfigured|Reconfiguration in progress/.test(said)) throw new Error(said);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.#running !== undefined) await stopProcess(this.#running, { signal });
  }

  command(...words: string[]): Promise<string> {
    return runOk([this.#client, '-s', this.#path('ctl'), ...words]);
  }

  /** `show route PREFIX all`; empty when the network is not in the table, which birdc calls an error. */
  async route(prefix: string): Promise<string> {
    const argv = [this.#client, '-s', this.#path('ctl'), 'show', 'route', prefix, 'all'];
    const { code, stdout, stderr } = await run(argv);
    if (code !== 0 && !/Network not (found|in table)/.test(stdout))
      throw new Error(stdout + stderr);
    return stdout;
  }

  async session(remote: string): Promise<SessionSeen> {
    const text = await this.command('show', 'protocols', 'all', protocolName(remote));
    return { established: /BGP state:\s+Established/.test(text), text };
  }

  log(): string {
    return this.#running === undefined ? '' : logTail(this.#running.logPath, 2_000);
  }

  #path(kind: 'conf' | 'ctl'): string {
    return join(this.#place.lab.dir, `${this.#place.name}.${kind}`);
  }
}

function programOf(found: FoundPeer, name: string): string {
  if (name === 'bird') return found.daemon;
  return name === 'birdc' ? found.client : found.others[name]!;
}
