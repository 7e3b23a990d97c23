/** A real GoBGP in a namespace of a system test: started, asked by `gobgp -j`, stopped. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Namespace } from '../../tools/fabric/netns.ts';
import { logTail, type Running, run, runOk, stopProcess } from '../../tools/fabric/process.ts';
import { parseGobgpNeighbors, type SessionSeen } from '../../tools/fabric/speakers.ts';
import type { NetworkLab } from './netns.ts';
import { findPeer } from './peers.ts';
import { waitFor } from './wait-for.ts';

export interface GobgpOptions {
  readonly lab: NetworkLab;
  readonly namespace: Namespace;
  readonly name: string;
  readonly as: number;
  readonly routerId: string;
  readonly neighbors: readonly GobgpNeighborConfig[];
}

export interface GobgpNeighborConfig {
  readonly address: string;
  readonly as: number;
  readonly localAddress: string;
  readonly families: readonly ('ipv4-unicast' | 'ipv6-unicast')[];
  readonly passive?: boolean;
  /** Seconds; with it graceful restart is negotiated for all families. */
  readonly restartTime?: number;
  readonly multihop?: boolean;
}

/** One path of `gobgp global rib -j`, with the attributes that tests look at. */
export interface GobgpPath {
  readonly prefix: string;
  readonly best: boolean;
  readonly stale: boolean;
  readonly asPath: readonly number[];
  readonly nextHop: string | undefined;
  readonly localPref: number | undefined;
  readonly med: number | undefined;
  /** As GoBGP prints them in JSON: numbers, 16 bits and 16 bits. */
  readonly communities: readonly number[];
  /** Every attribute as GoBGP says it, `type` being the code. */
  readonly attributes: readonly Readonly<Record<string, unknown>>[];
}

export type GobgpFamily = 'ipv4' | 'ipv6';

export class Gobgp {
  readonly name: string;
  readonly #options: GobgpOptions;
  #running: Running;

  private constructor(options: GobgpOptions, running: Running) {
    this.name = options.name;
    this.#options = options;
    this.#running = running;
  }

  static async start(options: GobgpOptions): Promise<Gobgp> {
    writeFileSync(confPath(options), gobgpToml(options));
    const gobgp = new Gobgp(options, await launch(options));
    await gobgp.#answers();
    return gobgp;
  }

  /** Runs `gobgp WORDS…` beside the daemon and returns its text. */
  async command(...words: string[]): Promise<string> {
    return runOk(this.#argv(words), { env: gobgpEnv() });
  }

  async neighbors(): Promise<SessionSeen[]> {
    return parseGobgpNeighbors(await this.command('neighbor', '-j'));
  }

  async untilEstablished(...addresses: string[]): Promise<void> {
    for (const address of addresses) {
      await waitFor(
        () => this.neighbors(),
        (all) => all.some((one) => one.address === address && one.state === 'Established'),
        { what: `${this.name}'s session with ${address} to be Established`, timeoutMs: 30_000 },
      );
    }
  }

  /** `prefix` with further words of `gobgp global rib add`: `nexthop 192.0.2.1`, `med 10` … */
  async announce(prefix: string, ...words: string[]): Promise<void> {
    await this.command('global', 'rib', 'add', prefix, ...words, '-a', familyOf(prefix));
  }

  async withdraw(prefix: string): Promise<void> {
    await this.command('global', 'rib', 'del', prefix, '-a', familyOf(prefix));
  }

  async rib(family: GobgpFamily): Promise<GobgpPath[]> {
    return parseGobgpRib(await this.command('global', 'rib', '-j', '-a', family));
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    await stopProcess(this.#running, { signal });
  }

  async startAgain(): Promise<void> {
    this.#running = await launch(this.#options);
    await this.#answers();
  }

  log(): string {
    return logTail(this.#running.logPath, Number.POSITIVE_INFINITY);
  }

  #argv(words: readonly string[]): string[] {
    return this.#options.namespace.enter([gobgpPrograms().client, ...words]);
  }

  async #answers(): Promise<void> {
    await waitFor(
      async () => {
        if (this.#running.ended !== undefined) throw new Error(`gobgpd ended: ${this.log()}`);
        return run(this.#argv(['global']), { env: gobgpEnv() });
      },
      (result) => result.code === 0,
      { what: `${this.name} to answer`, timeoutMs: 10_000 },
    );
  }
}

interface RawPath {
  readonly nlri: { readonly prefix: string };
  readonly best?: boolean;
  readonly stale?: boolean;
  readonly attrs: readonly Readonly<Record<string, unknown>>[];
}

/** Parses `gobgp global rib -j`: an object of path lists by prefix. */
function parseGobgpRib(text: string): GobgpPath[] {
  const table = JSON.parse(text) as Record<string, readonly RawPath[]>;
  return Object.values(table).flat().map(readPath);
}

function readPath(path: RawPath): GobgpPath {
  const attribute = (type: number): Readonly<Record<string, unknown>> | undefined =>
    path.attrs.find((one) => one['type'] === type);
  const segments = (attribute(2)?.['as_paths'] ?? []) as { readonly asns: readonly number[] }[];
  const nextHop = attribute(3)?.['nexthop'] ?? attribute(14)?.['nexthop'];
  return {
    prefix: path.nlri.prefix,
    best: path.best === true,
    stale: path.stale === true,
    asPath: segments.flatMap((segment) => segment.asns),
    nextHop: nextHop as string | undefined,
    localPref: attribute(5)?.['value'] as number | undefined,
    med: attribute(4)?.['metric'] as number | undefined,
    communities: (attribute(8)?.['communities'] ?? []) as readonly number[],
    attributes: path.attrs,
  };
}

function gobgpToml(options: GobgpOptions): string {
  const head = `[global.config]\n  as = ${options.as}\n  router-id = "${options.routerId}"\n`;
  return head + options.neighbors.map(neighborToml).join('');
}

function neighborToml(neighbor: GobgpNeighborConfig): string {
  const { address, as, localAddress, passive = false, restartTime, multihop = false } = neighbor;
  const restart =
    restartTime === undefined
      ? ''
      : `  [neighbors.graceful-restart.config]\n    enabled = true\n    restart-time = ${restartTime}\n`;
  const hops = '  [neighbors.ebgp-multihop.config]\n    enabled = true\n    multihop-ttl = 64\n';
  const families = neighbor.families.map(
    (family) => `  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "${family}"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = ${restartTime !== undefined}
`,
  );
  return `[[neighbors]]
  [neighbors.config]
    neighbor-address = "${address}"
    peer-as = ${as}
  [neighbors.transport.config]
    local-address = "${localAddress}"
    passive-mode = ${passive}
  [neighbors.timers.config]
    connect-retry = 5
${restart}${multihop ? hops : ''}${families.join('')}`;
}

function launch(options: GobgpOptions): Promise<Running> {
  const api = ['--api-hosts', '127.0.0.1:50051'];
  const argv = [gobgpPrograms().daemon, '-f', confPath(options), '-l', 'debug', ...api];
  return options.lab.spawn(options.namespace, { name: options.name, argv, env: gobgpEnv() });
}

function gobgpPrograms(): {
  daemon: string;
  client: string;
  env: Readonly<Record<string, string>>;
} {
  const found = findPeer('gobgpd');
  if ('missing' in found) throw new Error(found.missing);
  return found;
}

function gobgpEnv(): NodeJS.ProcessEnv {
  return { ...process.env, ...gobgpPrograms().env };
}

function confPath({ lab, name }: GobgpOptions): string {
  return join(lab.dir, `${name}.toml`);
}

function familyOf(prefix: string): GobgpFamily {
  return prefix.includes(':') ? 'ipv6' : 'ipv4';
}
