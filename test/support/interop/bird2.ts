/** BIRD 2: one daemon for both families. */
import { birdConfig, birdPaths, protocolName } from './bird-config.ts';
import { BirdProcess } from './bird-process.ts';
import type {
  Daemon,
  DaemonConfig,
  DaemonPlace,
  Origination,
  PathSeen,
  SessionSeen,
  StartOptions,
} from './daemon.ts';

export class Bird2 implements Daemon {
  readonly #bird: BirdProcess;
  #config: DaemonConfig | undefined;

  constructor(place: DaemonPlace) {
    this.#bird = new BirdProcess({ place, peer: 'bird2', daemon: 'bird', client: 'birdc' });
  }

  start(config: DaemonConfig, options: StartOptions = {}): Promise<void> {
    this.#config = config;
    return this.#bird.start(birdConfig(2, config), options);
  }

  originate(originate: readonly Origination[]): Promise<void> {
    this.#config = { ...this.#config!, originate };
    return this.#bird.configure(birdConfig(2, this.#config));
  }

  stop(signal: NodeJS.Signals): Promise<void> {
    return this.#bird.stop(signal);
  }

  session(remote: string): Promise<SessionSeen> {
    return this.#bird.session(remote);
  }

  async paths(prefix: string): Promise<PathSeen[]> {
    return birdPaths(await this.#bird.route(prefix));
  }

  async refresh(remote: string): Promise<void> {
    await this.#bird.command('reload', 'in', protocolName(remote));
  }

  async shut(remote: string, why: string): Promise<void> {
    await this.#bird.command('disable', protocolName(remote), `"${why}"`);
  }

  log(): string {
    return this.#bird.log();
  }
}
