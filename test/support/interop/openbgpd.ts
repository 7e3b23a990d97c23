/** OpenBGPD: three processes that drop their rights to a user of their own, with a /run for their socket. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { logTail, type Running, runOk, stopProcess } from '../../../tools/fabric/process.ts';
import { type FoundPeer, findPeer } from '../peers.ts';
import { waitFor } from '../wait-for.ts';
import { withAccounts } from './accounts.ts';
import {
  communitiesOf,
  type Daemon,
  type DaemonConfig,
  type DaemonPlace,
  type DaemonSession,
  type Origination,
  type PathSeen,
  type SessionSeen,
} from './daemon.ts';

const USER = '_openbgpd';
/** Of no account on the machine; only names inside the mount namespace. */
const USER_ID = 64_179;

export class Openbgpd implements Daemon {
  readonly #place: DaemonPlace;
  readonly #programs: FoundPeer;
  readonly #dir: string;
  #running: Running | undefined;
  #config: DaemonConfig | undefined;

  constructor(place: DaemonPlace) {
    const found = findPeer('openbgpd');
    if ('missing' in found) throw new Error(found.missing);
    this.#place = place;
    this.#programs = found;
    this.#dir = join(place.lab.dir, place.name);
    mkdirSync(join(this.#dir, 'run/openbgpd'), { recursive: true });
  }

  async start(config: DaemonConfig): Promise<void> {
    this.#write(config);
    const { lab, namespace, name } = this.#place;
    const accounts = [{ name: USER, id: USER_ID }];
    const enter = withAccounts(this.#dir, accounts, { '/run': this.#at('run') });
    const argv = enter([this.#programs.daemon, '-d', '-v', '-f', this.#at('bgpd.conf')]);
    const running = await lab.spawn(namespace, { name, argv });
    this.#running = running;
    await waitFor(
      () => {
        if (running.ended !== undefined) throw new Error(`bgpd ended: ${this.log()}`);
        return this.#bgpctl('show', 'summary');
      },
      () => true,
      { what: `${name} to answer`, timeoutMs: 10_000, intervalMs: 50 },
    );
  }

  async originate(originate: readonly Origination[]): Promise<void> {
    this.#write({ ...this.#config!, originate });
    await this.#bgpctl('reload');
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.#running !== undefined) await stopProcess(this.#running, { signal });
  }

  async session(remote: string): Promise<SessionSeen> {
    const text = await this.#bgpctl('-j', 'show', 'neighbor', remote);
    const { neighbors = [] } = JSON.parse(text) as { neighbors?: readonly { state?: string }[] };
    return { established: neighbors[0]?.state === 'Established', text };
  }

  async paths(prefix: string): Promise<PathSeen[]> {
    const text = await this.#bgpctl('-j', 'show', 'rib', 'detail', prefix);
    const { rib = [] } = JSON.parse(text) as { rib?: readonly Entry[] };
    return rib.filter((entry) => entry.prefix === prefix).map(pathSeen);
  }

  async refresh(remote: string): Promise<void> {
    await this.#bgpctl('neighbor', remote, 'refresh');
  }

  async shut(remote: string, why: string): Promise<void> {
    await this.#bgpctl('neighbor', remote, 'down', why);
  }

  log(): string {
    return this.#running === undefined ? '' : logTail(this.#running.logPath, 2_000);
  }

  #write(config: DaemonConfig): void {
    this.#config = config;
    const text = openbgpdConfig(config, this.#at('run/bgpd.sock'));
    writeFileSync(this.#at('bgpd.conf'), text, { mode: 0o600 });
  }

  #at(file: string): string {
    return join(this.#dir, file);
  }

  #bgpctl(...words: string[]): Promise<string> {
    return runOk([this.#programs.client, '-s', this.#at('run/bgpd.sock'), ...words]);
  }
}

function openbgpdConfig(config: DaemonConfig, socket: string): string {
  const { as, routerId, sessions, originate } = config;
  const locals = [...new Set(sessions.map(({ local }) => local))];
  return [
    `AS ${as}`,
    `router-id ${routerId}`,
    ...locals.map((local) => `listen on ${local}`),
    `socket "${socket}"`,
    'fib-update no',
    ...originate.map((route) => network(route)),
    ...sessions.map((session) => neighbor(config, session)),
    'allow from any',
    'allow to any',
    '',
  ].join('\n');
}

function network(route: Origination): string {
  const sets = [
    ...(route.med === undefined ? [] : [`med ${route.med}`]),
    ...(route.localPref === undefined ? [] : [`localpref ${route.localPref}`]),
    ...(route.communities ?? []).map((text) => `community ${text}`),
    ...(route.largeCommunities ?? []).map((text) => `large-community ${text}`),
    ...(route.routeTargets ?? []).map((text) => `ext-community rt ${text}`),
  ];
  return `network ${route.prefix}${sets.length === 0 ? '' : ` set { ${sets.join(' ')} }`}`;
}

function neighbor({ as, clusterId }: DaemonConfig, session: DaemonSession): string {
  const announces = (family: 'ipv4' | 'ipv6'): string =>
    session.families.includes(family) ? 'unicast' : 'none';
  const lines = [
    `remote-as ${session.remoteAs}`,
    `local-address ${session.local}`,
    `announce IPv4 ${announces('ipv4')}`,
    `announce IPv6 ${announces('ipv6')}`,
    // Inside the AS paths begin with others' numbers.
    `enforce neighbor-as ${session.remoteAs === as ? 'no' : 'yes'}`,
    ...(session.localAs === undefined ? [] : [`local-as ${session.localAs}`]),
    ...(session.passive === true ? ['passive'] : []),
    ...(session.password === undefined ? [] : [`tcp md5sig password ${session.password}`]),
    ...(session.gtsm === true ? ['ttl-security yes'] : []),
    ...(session.ttl === undefined ? [] : [`multihop ${session.ttl}`]),
    ...(session.holdTime === undefined ? [] : [`holdtime ${session.holdTime}`]),
    ...(session.restartTime === undefined ? ['announce restart no'] : ['announce restart yes']),
    ...(session.twoOctetAs === true ? ['announce as-4byte no'] : []),
    ...(session.noCapabilities === true ? ['announce capabilities no'] : []),
    ...(session.addPath === 'send' ? ['announce add-path send all'] : []),
    ...(session.addPath === 'receive' ? ['announce add-path recv yes'] : []),
    ...(session.enhancedRefresh === true ? ['announce enhanced refresh yes'] : []),
    ...(session.role === undefined ? [] : [`announce policy ${session.role}`]),
    ...(session.client === true ? [`route-reflector ${clusterId ?? ''}`] : []),
    ...(session.allowOwnAs === undefined ? [] : ['enforce local-as no']),
    ...(session.keepNextHop === true ? ['set nexthop no-modify'] : []),
  ];
  return `neighbor ${session.remote} {\n  ${lines.join('\n  ')}\n}`;
}

interface Entry {
  readonly prefix: string;
  readonly best?: boolean;
  readonly valid?: boolean;
  readonly stale?: boolean;
  readonly aspath?: string;
  readonly exit_nexthop?: string;
  readonly true_nexthop?: string;
  readonly localpref?: number;
  readonly metric?: number;
  readonly communities?: readonly string[];
  readonly large_communities?: readonly string[];
  readonly extended_communities?: readonly string[];
  readonly attributes?: readonly Readonly<Record<string, unknown>>[];
}

/** An attribute that bgpctl has no field of its own for. */
function attribute(entry: Entry, type: string): Readonly<Record<string, unknown>> {
  return entry.attributes?.find((one) => one['type'] === type) ?? {};
}

function pathSeen(entry: Entry): PathSeen {
  return {
    best: entry.best === true,
    stale: entry.stale === true,
    asPath: entry.aspath ?? '',
    nextHop: entry.exit_nexthop,
    med: entry.metric,
    localPref: entry.localpref,
    communities: communitiesOf(entry.communities ?? []),
    largeCommunities: [...(entry.large_communities ?? [])].sort(),
    extendedCommunities: (entry.extended_communities ?? [])
      .map((text) => text.replace(' ', ':'))
      .sort(),
    originatorId: attribute(entry, 'Originator Id')['originator'] as string | undefined,
    clusterList: Object.values(attribute(entry, 'Cluster Id List')).find(Array.isArray) ?? [],
  };
}
