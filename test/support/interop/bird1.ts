/** BIRD 1.6: a daemon for each family, as Calico runs its fork. */
import { birdConfig, birdPaths, protocolName } from './bird-config.ts';
import { BirdProcess } from './bird-process.ts';
import {
  type Daemon,
  type DaemonConfig,
  type DaemonPlace,
  type Family,
  familyOf,
  type Origination,
  type PathSeen,
  type SessionSeen,
  type StartOptions,
} from './daemon.ts';

const FAMILIES = ['ipv4', 'ipv6'] as const;

export class Bird1 implements Daemon {
  readonly #birds: Readonly<Record<Family, BirdProcess>>;
  #config: DaemonConfig | undefined;

  constructor(place: DaemonPlace) {
    const { name } = place;
    const at = (suffix: string): DaemonPlace => ({ ...place, name: `${name}${suffix}` });
    this.#birds = {
      ipv4: new BirdProcess({ place: at('-v4'), peer: 'bird1', daemon: 'bird', client: 'birdc' }),
      ipv6: new BirdProcess({ place: at('-v6'), peer: 'bird1', daemon: 'bird6', client: 'birdc6' }),
    };
  }

  async start(config: DaemonConfig, options: StartOptions = {}): Promise<void> {
    this.#config = config;
    await Promise.all(
      FAMILIES.map((family) => this.#birds[family].start(birdConfig(1, config, family), options)),
    );
  }

  async originate(originate: readonly Origination[]): Promise<void> {
    const config = { ...this.#config!, originate };
    this.#config = config;
    for (const family of FAMILIES) {
      await this.#birds[family].configure(birdConfig(1, config, family));
    }
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    await Promise.all(FAMILIES.map((family) => this.#birds[family].stop(signal)));
  }

  session(remote: string): Promise<SessionSeen> {
    return this.#of(remote).session(remote);
  }

  async paths(prefix: string): Promise<PathSeen[]> {
    return birdPaths(await this.#of(prefix).route(prefix));
  }

  async refresh(remote: string): Promise<void> {
    await this.#of(remote).command('reload', 'in', protocolName(remote));
  }

  async shut(remote: string, why: string): Promise<void> {
    await this.#of(remote).command('disable', protocolName(remote), `"${why}"`);
  }

  log(): string {
    return FAMILIES.map((family) => this.#birds[family].log()).join('\n');
  }

  #of(text: string): BirdProcess {
    return this.#birds[familyOf(text)];
  }
}
