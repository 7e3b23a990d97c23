/** FRR: bgpd and the zebra that it needs to know its interfaces. All they write is in the lab's folder. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { logTail, type Running, stopProcess } from '../../../tools/fabric/process.ts';
import { type FoundPeer, findPeer } from '../peers.ts';
import { waitFor } from '../wait-for.ts';
import { withAccounts } from './accounts.ts';
import {
  communitiesOf,
  type Daemon,
  type DaemonConfig,
  type DaemonPlace,
  familyOf,
  type Origination,
  type PathSeen,
  type SessionSeen,
} from './daemon.ts';
import { frrConfig, networkLine, routeMap, routeMapName } from './frr-config.ts';
import { vty } from './frr-vty.ts';

/** zebra cannot be told to do without (`-S` is bgpd's alone). */
export const FRR_ACCOUNTS = ['frr', 'frrvty'].map((name) => ({ name, id: 0 }));

export class Frr implements Daemon {
  readonly #place: DaemonPlace;
  readonly #programs: FoundPeer;
  readonly #dir: string;
  #running: Running[] = [];
  #config: DaemonConfig | undefined;

  constructor(place: DaemonPlace) {
    const found = findPeer('frr');
    if ('missing' in found) throw new Error(found.missing);
    this.#place = place;
    this.#programs = found;
    this.#dir = join(place.lab.dir, place.name);
    mkdirSync(this.#dir, { recursive: true });
  }

  async start(config: DaemonConfig): Promise<void> {
    this.#config = config;
    // What it selects stays with it.
    await this.#launch({ zebra: 'log stdout\n', bgpd: frrConfig(config) }, ['-n']);
  }

  /** A whole configuration as somebody wrote it; routes go to the kernel. Each daemon takes what it knows. */
  startAsWritten(text: string): Promise<void> {
    return this.#launch({ zebra: text, bgpd: text }, []);
  }

  async #launch(
    files: { readonly zebra: string; readonly bgpd: string },
    flags: readonly string[],
  ): Promise<void> {
    writeFileSync(this.#at('zebra.conf'), files.zebra);
    writeFileSync(this.#at('bgpd.conf'), files.bgpd);
    const zebra = await this.#spawn('zebra', this.#programs.others['zebra']!, []);
    await waitFor(
      () => this.#vty(['show interface brief'], 'zebra'),
      () => true,
      { what: `zebra of ${this.#place.name} to answer`, timeoutMs: 10_000, intervalMs: 50 },
    );
    const bgpd = await this.#spawn('bgpd', this.#programs.daemon, flags);
    this.#running = [bgpd, zebra];
    await waitFor(
      () => this.#vty(['show bgp summary']),
      () => true,
      { what: `bgpd of ${this.#place.name} to answer`, timeoutMs: 10_000, intervalMs: 50 },
    );
  }

  async originate(routes: readonly Origination[]): Promise<void> {
    const { as, originate } = this.#config!;
    this.#config = { ...this.#config!, originate: routes };
    // What stays is not touched: taken away and put back it would be withdrawn in between.
    const without = (these: readonly Origination[], those: readonly Origination[]) =>
      these.filter((one) => !those.some((other) => isDeepStrictEqual(one, other)));
    const added = without(routes, originate);
    // A route that only changes is said anew, with a map of another name.
    const gone = without(originate, routes).filter(
      ({ prefix }) => !added.some((other) => other.prefix === prefix),
    );
    const lines = [
      ...added.flatMap((route) => routeMap(route)),
      `router bgp ${as}`,
      ...gone.flatMap((route) => [
        `address-family ${familyOf(route.prefix)} unicast`,
        `no network ${route.prefix} route-map ${routeMapName(route)}`,
        'exit-address-family',
      ]),
      ...added.flatMap((route) => [
        `address-family ${familyOf(route.prefix)} unicast`,
        networkLine(route),
        'exit-address-family',
      ]),
    ];
    await this.#vty(['configure terminal', ...lines]);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    for (const running of this.#running) await stopProcess(running, { signal });
  }

  async session(remote: string): Promise<SessionSeen> {
    const text = await this.#vty([`show bgp neighbors ${remote} json`]);
    const [seen] = Object.values(JSON.parse(text) as Record<string, { bgpState?: string }>);
    return { established: seen?.bgpState === 'Established', text };
  }

  async paths(prefix: string): Promise<PathSeen[]> {
    const family = familyOf(prefix);
    const text = await this.#vty([`show bgp ${family} unicast ${prefix} json`]);
    const { paths = [] } = JSON.parse(text) as { paths?: readonly FrrPath[] };
    return paths.map(pathSeen);
  }

  async refresh(remote: string): Promise<void> {
    await this.#vty([`clear bgp ${remote} soft in`]);
  }

  async shut(remote: string, why: string): Promise<void> {
    const shutdown = `neighbor ${remote} shutdown message ${why}`;
    await this.#vty(['configure terminal', `router bgp ${this.#config!.as}`, shutdown]);
  }

  log(): string {
    return this.#running.map(({ logPath }) => logTail(logPath, 2_000)).join('\n');
  }

  #at(file: string): string {
    return join(this.#dir, file);
  }

  #spawn(name: 'zebra' | 'bgpd', program: string, flags: readonly string[]): Promise<Running> {
    const { lab, namespace } = this.#place;
    const enter = withAccounts(this.#dir, FRR_ACCOUNTS);
    const argv = enter([
      ...[program, '-z', this.#at('zserv.api'), '--vty_socket', this.#dir],
      ...['-f', this.#at(`${name}.conf`), '-i', this.#at(`${name}.pid`)],
      ...flags,
    ]);
    return lab.spawn(namespace, { name: `${this.#place.name}-${name}`, argv });
  }

  #vty(commands: readonly string[], daemon: 'zebra' | 'bgpd' = 'bgpd'): Promise<string> {
    return vty(this.#at(`${daemon}.vty`), commands);
  }
}

interface FrrPath {
  readonly aspath?: { readonly string?: string };
  readonly bestpath?: { readonly overall?: boolean };
  readonly stale?: boolean;
  readonly metric?: number;
  readonly locPrf?: number;
  readonly community?: { readonly list?: readonly string[]; readonly string?: string };
  readonly largeCommunity?: { readonly list?: readonly string[]; readonly string?: string };
  readonly extendedCommunity?: { readonly string?: string };
  readonly originatorId?: string;
  readonly clusterList?: { readonly list?: readonly string[] };
  readonly nexthops?: readonly { readonly ip?: string; readonly scope?: string }[];
}

function pathSeen(path: FrrPath): PathSeen {
  const words = (text: string | undefined): string[] =>
    (text ?? '').split(/\s+/).filter((word) => word !== '');
  const global = path.nexthops?.find(({ scope }) => scope !== 'link-local') ?? path.nexthops?.[0];
  const asPath = path.aspath?.string ?? '';
  return {
    best: path.bestpath?.overall === true,
    stale: path.stale === true,
    asPath: asPath === 'Local' ? '' : asPath,
    nextHop: global?.ip,
    med: path.metric,
    localPref: path.locPrf,
    communities: communitiesOf(words(path.community?.string)),
    largeCommunities: words(path.largeCommunity?.string).sort(),
    extendedCommunities: words(path.extendedCommunity?.string)
      .map((word) => word.toLowerCase())
      .sort(),
    originatorId: path.originatorId,
    clusterList: path.clusterList?.list ?? [],
  };
}
