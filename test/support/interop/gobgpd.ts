/** GoBGP: configured by a file, given its routes by its client. It has no kernel FIB. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { logTail, type Running, runOk, stopProcess } from '../../../tools/fabric/process.ts';
import { type FoundPeer, findPeer } from '../peers.ts';
import { waitFor } from '../wait-for.ts';
import {
  communityText,
  type Daemon,
  type DaemonConfig,
  type DaemonPlace,
  familyOf,
  type Origination,
  type PathSeen,
  type SessionSeen,
  type StartOptions,
} from './daemon.ts';
import { gobgpConfig } from './gobgpd-config.ts';

const ESTABLISHED = 6;

export class Gobgpd implements Daemon {
  readonly #place: DaemonPlace;
  readonly #programs: FoundPeer;
  #running: Running | undefined;
  #originated: readonly Origination[] = [];

  constructor(place: DaemonPlace) {
    const found = findPeer('gobgpd');
    if ('missing' in found) throw new Error(found.missing);
    this.#place = place;
    this.#programs = found;
  }

  async start(config: DaemonConfig, { restarting = false }: StartOptions = {}): Promise<void> {
    const { lab, namespace, name } = this.#place;
    const file = join(lab.dir, `${name}.toml`);
    writeFileSync(file, gobgpConfig(config));
    const flags = ['--api-hosts', '127.0.0.1:50051', '-l', 'debug', '--pprof-disable'];
    const more = restarting ? ['-r'] : [];
    const argv = [this.#programs.daemon, '-f', file, ...flags, ...more];
    const running = await lab.spawn(namespace, { name, argv });
    this.#running = running;
    await waitFor(
      () => {
        if (running.ended !== undefined) throw new Error(`gobgpd ended: ${this.log()}`);
        return this.#command('global');
      },
      (text) => text.includes(`${config.as}`),
      { what: `${name} to answer`, timeoutMs: 10_000, intervalMs: 50 },
    );
    this.#originated = [];
    await this.originate(config.originate);
  }

  async originate(routes: readonly Origination[]): Promise<void> {
    for (const { prefix } of this.#originated) {
      if (routes.some((route) => route.prefix === prefix)) continue;
      await this.#command('global', 'rib', 'del', prefix, '-a', familyOf(prefix));
    }
    for (const route of routes) {
      const { prefix } = route;
      await this.#command(
        ...['global', 'rib', 'add', prefix, ...words(route)],
        '-a',
        familyOf(prefix),
      );
    }
    this.#originated = routes;
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.#running !== undefined) await stopProcess(this.#running, { signal });
  }

  async session(remote: string): Promise<SessionSeen> {
    const text = await this.#command('neighbor', remote, '-j');
    const { state } = JSON.parse(text) as { state: { session_state?: number } };
    return { established: state.session_state === ESTABLISHED, text };
  }

  async paths(prefix: string): Promise<PathSeen[]> {
    const text = await this.#command('global', 'rib', '-j', '-a', familyOf(prefix));
    const table = JSON.parse(text) as Record<string, readonly RawPath[]>;
    return (table[prefix] ?? []).map(pathSeen);
  }

  async refresh(remote: string): Promise<void> {
    await this.#command('neighbor', remote, 'softresetin');
  }

  async shut(remote: string, why: string): Promise<void> {
    await this.#command('neighbor', remote, 'shutdown', '--reason', why);
  }

  log(): string {
    return this.#running === undefined ? '' : logTail(this.#running.logPath, 2_000);
  }

  #command(...commandWords: string[]): Promise<string> {
    return runOk(this.#place.namespace.enter([this.#programs.client, ...commandWords]));
  }
}

function words(route: Origination): string[] {
  return [
    ...(route.med === undefined ? [] : ['med', `${route.med}`]),
    ...(route.localPref === undefined ? [] : ['local-pref', `${route.localPref}`]),
    ...(route.communities === undefined ? [] : ['community', route.communities.join(',')]),
    ...(route.largeCommunities === undefined
      ? []
      : ['large-community', route.largeCommunities.join(',')]),
    ...(route.routeTargets === undefined ? [] : ['rt', ...route.routeTargets]),
  ];
}

interface RawPath {
  readonly best?: boolean;
  readonly stale?: boolean;
  readonly attrs: readonly Readonly<Record<string, unknown>>[];
}

function pathSeen(path: RawPath): PathSeen {
  const attribute = (type: number): Readonly<Record<string, unknown>> =>
    path.attrs.find((one) => one['type'] === type) ?? {};
  const segments = (attribute(2)['as_paths'] ?? []) as { readonly asns: readonly number[] }[];
  const large = (attribute(32)['value'] ?? []) as readonly LargeCommunity[];
  const extended = (attribute(16)['value'] ?? []) as readonly ExtendedCommunity[];
  return {
    best: path.best === true,
    stale: path.stale === true,
    asPath: segments.flatMap(({ asns }) => asns).join(' '),
    nextHop: (attribute(3)['nexthop'] ?? attribute(14)['nexthop']) as string | undefined,
    med: attribute(4)['metric'] as number | undefined,
    localPref: attribute(5)['value'] as number | undefined,
    communities: ((attribute(8)['communities'] ?? []) as number[]).map(communityText).sort(),
    largeCommunities: large.map(({ ASN, LocalData1, LocalData2 }) =>
      [ASN, LocalData1, LocalData2].join(':'),
    ),
    extendedCommunities: extended.map(({ value }) => `rt:${value}`),
    originatorId: attribute(9)['value'] as string | undefined,
    clusterList: (attribute(10)['value'] ?? []) as readonly string[],
  };
}

interface LargeCommunity {
  readonly ASN: number;
  readonly LocalData1: number;
  readonly LocalData2: number;
}

interface ExtendedCommunity {
  readonly value: string;
}
