/**
 * One situation twice: a node run by godwit from resources, and the same node run by BIRD 1.6 from a configuration
 * written by hand, each in a network of its own with the same two peers. What the peers are told, how their sessions
 * stand and what the kernel of the node holds is compared.
 *
 * The network: the node at 10.9.0.1, `mate` at 10.9.0.2 (a node of the cluster, AS 64512) and `tor` at 10.9.0.9 (AS
 * 64601), all of them real BIRD 2 but the node. Both wait for calls and call.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IpRoute, Namespace } from '../../tools/fabric/netns.ts';
import { Bird, birdConfHead } from './bird.ts';
import { type CalicoResource, Godwit } from './godwit.ts';
import { allRoutes, NetworkLab } from './netns.ts';
import { findPeer } from './peers.ts';
import { waitFor } from './wait-for.ts';

export const NODE = { v4: '10.9.0.1', v6: 'fd09::1' } as const;
export const PEERS = {
  mate: {
    v4: '10.9.0.2',
    v6: 'fd09::2',
    as: 64_512,
    block: '10.244.2.0/26',
    block6: 'fd44:2::/122',
  },
  tor: {
    v4: '10.9.0.9',
    v6: 'fd09::9',
    as: 64_601,
    block: '10.244.9.0/26',
    block6: 'fd44:9::/122',
  },
} as const;
export type PeerName = keyof typeof PEERS;

export interface Situation {
  readonly resources: readonly CalicoResource[];
  /** BIRD 1.6 for IPv4, written by hand; the beginning is {@link birdHead}. Absent: IPv6 alone. */
  readonly bird?: string;
  /** BIRD 1.6 for IPv6. */
  readonly bird6?: string;
  /** Of each peer, in place of what it usually has. */
  readonly peers?: Partial<Record<PeerName, PeerWish>>;
  /** Calls of `ip` in the node's namespace before the daemon starts. */
  readonly prepare?: readonly (readonly string[])[];
  readonly env?: Readonly<Record<string, string>>;
  /** Sessions that are to be Established; the others are to stay down. */
  readonly up: readonly PeerName[];
  /** What has to be seen, so that two empty worlds are not equal. */
  readonly shows: readonly RegExp[];
}

export interface PeerWish {
  readonly as?: number;
  /** AS of the node in the eyes of this peer. */
  readonly nodeAs?: number;
  readonly family?: 4 | 6;
  /** More inside `protocol bgp`. */
  readonly session?: string;
  /** Set on what it announces. */
  readonly set?: string;
  /** It never calls. */
  readonly passive?: boolean;
}

/** What a situation looks like from outside. */
export interface Seen {
  readonly sessions: Readonly<Record<PeerName, string>>;
  readonly told: Readonly<Record<PeerName, readonly string[]>>;
  readonly kernel: readonly string[];
}

export function birdHead(id: string = NODE.v4): string {
  return `log stderr all;
router id ${id};
protocol device { scan time 2; }
`;
}

/** The two networks of a situation, running. */
export class TwoWorlds {
  readonly #worlds: World[] = [];

  static async start(situation: Situation): Promise<TwoWorlds> {
    const both = new TwoWorlds();
    try {
      for (const daemon of ['godwit', 'bird'] as const) {
        const world = new World(situation);
        both.#worlds.push(world);
        await world.start(daemon);
      }
      return both;
    } catch (error) {
      await both.end();
      throw error;
    }
  }

  get godwit(): World {
    return this.#worlds[0]!;
  }

  get bird(): World {
    return this.#worlds[1]!;
  }

  async end(): Promise<void> {
    await Promise.all(this.#worlds.map((world) => world.end()));
  }
}

class World {
  readonly #lab = new NetworkLab();
  readonly #situation: Situation;
  readonly #peers = new Map<PeerName, Bird>();
  #node: Namespace | undefined;
  #godwit: Godwit | undefined;

  constructor(situation: Situation) {
    this.#situation = situation;
  }

  async start(daemon: 'godwit' | 'bird'): Promise<void> {
    const lab = this.#lab;
    const fabric = await lab.namespace('f');
    const bridge = { namespace: fabric, device: 'br0' };
    await lab.bridge(bridge);
    const attach = async (member: string, v4: string, v6: string): Promise<Namespace> => {
      const namespace = await lab.namespace(member);
      const addresses = [`${v4}/24`, `${v6}/64`];
      await lab.attach(bridge, { namespace, device: 'eth0', addresses });
      return namespace;
    };
    this.#node = await attach('n', NODE.v4, NODE.v6);
    for (const words of this.#situation.prepare ?? []) await this.#node.ip(...words);
    for (const name of ['mate', 'tor'] as const) {
      const { v4, v6 } = PEERS[name];
      const namespace = await attach(name, v4, v6);
      const config = peerConfig(name, this.#situation.peers?.[name] ?? {});
      this.#peers.set(name, await Bird.start({ lab, namespace, name, config }));
    }
    if (daemon === 'godwit') await this.#startGodwit(this.#node);
    else await this.#startBird(this.#node);
  }

  /** Waits until the sessions stand as they are to. */
  async settle(): Promise<void> {
    await waitFor(
      () => this.#sessions(),
      (states) =>
        (['mate', 'tor'] as const).every(
          (name) => (states[name] === 'Established') === this.#situation.up.includes(name),
        ),
      { what: `sessions: ${this.#log()}`, timeoutMs: 20_000 },
    );
  }

  async see(): Promise<Seen> {
    const sessions = await this.#sessions();
    const told = { mate: await this.#toldTo('mate'), tor: await this.#toldTo('tor') };
    const kernel = (await allRoutes(this.#node!)).filter(isOurs).map(routeText);
    return { sessions, told, kernel: kernel.sort() };
  }

  async end(): Promise<void> {
    await this.#godwit?.end();
    await this.#lab.destroy();
  }

  async #startGodwit(namespace: Namespace): Promise<void> {
    const { resources, env = {} } = this.#situation;
    const wrap = ['env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
    // As on Calico's own datastores: what BIRD passes on to outside peers, we do.
    const config = { policy: { outside: 'calico' } };
    const options = { lab: this.#lab, namespace, name: 'node-a', resources, config, wrap };
    this.#godwit = new Godwit(options);
    await this.#godwit.start();
  }

  async #startBird(namespace: Namespace): Promise<void> {
    const found = findPeer('bird1');
    if ('missing' in found) throw new Error(found.missing);
    const { bird, bird6 } = this.#situation;
    for (const [config, program, name] of [
      [bird, found.daemon, 'bird'],
      [bird6, found.others['bird6']!, 'bird6'],
    ] as const) {
      if (config === undefined) continue;
      const path = join(this.#lab.dir, `${name}.node.conf`);
      writeFileSync(path, config);
      const socket = join(this.#lab.dir, `${name}.node.ctl`);
      await this.#lab.spawn(namespace, {
        name: `${name}.node`,
        argv: [program, '-f', '-c', path, '-s', socket],
        env: { ...process.env, ...found.env },
      });
    }
  }

  async #sessions(): Promise<Record<PeerName, string>> {
    const state = async (name: PeerName): Promise<string> => {
      const { bgpState } = await this.#peers.get(name)!.protocol('node');
      return bgpState === 'Established' ? bgpState : 'down';
    };
    return { mate: await state('mate'), tor: await state('tor') };
  }

  async #toldTo(name: PeerName): Promise<string[]> {
    const routes = await this.#peers.get(name)!.routes('protocol', 'node');
    return routes
      .map(({ prefix, attributes }) => {
        const shown = SHOWN.flatMap((key) =>
          attributes[key] === undefined || attributes[key] === ''
            ? []
            : `${key} ${attributes[key]}`,
        );
        return [prefix, ...shown].join(', ');
      })
      .sort();
  }

  #log(): string {
    return this.#godwit === undefined ? 'BIRD 1.6' : this.#godwit.log().slice(-1500);
  }
}

/** What of an announcement counts; the rest is the peer's own. */
const SHOWN = [
  'origin',
  'as_path',
  'next_hop',
  'local_pref',
  'med',
  'community',
  'large_community',
  'originator_id',
  'cluster_list',
] as const;

function isOurs({ protocol }: IpRoute): boolean {
  return protocol === 'bird' || protocol === '12';
}

function routeText(route: IpRoute): string {
  const { type, dst, gateway, dev } = route as IpRoute & { readonly type?: string };
  const via = gateway === undefined ? '' : ` via ${gateway} dev ${dev}`;
  return `${type ?? 'unicast'} ${dst}${via}`;
}

function peerConfig(name: PeerName, wish: PeerWish): string {
  const peer = PEERS[name];
  const {
    as = peer.as,
    nodeAs = 64_512,
    family = 4,
    session = '',
    set = '',
    passive = false,
  } = wish;
  const v4 = family === 4;
  const channel = v4 ? 'ipv4' : 'ipv6';
  return `${birdConfHead({ routerId: peer.v4 })}
protocol static own { ${channel}; route ${v4 ? peer.block : peer.block6} blackhole; }
protocol bgp node {
  local ${v4 ? peer.v4 : peer.v6} as ${as}; neighbor ${v4 ? NODE.v4 : NODE.v6} as ${nodeAs};
  multihop; connect delay time 1; connect retry time 1; error wait time 1, 2;
  ${passive ? 'passive;' : ''} ${session}
  ${channel} { import all; next hop self; export filter { if source = RTS_STATIC then { ${set} accept; } reject; }; };
}
`;
}
