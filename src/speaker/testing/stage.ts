/**
 * For the tests of this folder: one node under test, `a` at 10.0.0.1 in AS 64512, and scripted peers around it, in a
 * laboratory with virtual time.
 */

import type { PeerSettings } from '../../datastore/peer-settings.ts';
import { ip } from '../../net/ip-address.ts';
import { prefix } from '../../net/prefix.ts';
import { Lab, machineKernel } from '../../sim/lab.ts';
import type { NetworkOptions } from '../../sim/network.ts';
import type { SimNode, SimNodeOptions } from '../../sim/node.ts';
import {
  affinity,
  CLUSTER_AS,
  type Document,
  resource,
  type SimPlanOptions,
} from '../../sim/resources.ts';
import type { ScriptedPeer, ScriptedPeerOptions } from '../../sim/scripted-peer.ts';
import type { NeighborView, PathView } from '../snapshot.ts';

/** Present unless the whole options are given. */
export interface StagePeer extends Partial<ScriptedPeerOptions> {
  /** Listens, so that the node's call is answered. Default true. */
  readonly listens?: boolean;
  /** False: the node does not know it. */
  readonly configured?: boolean;
}

export interface StageOptions extends Partial<NetworkOptions> {
  /** Default: one iBGP peer. The first is at 10.0.0.11, the next at .12, and so on. */
  readonly peers?: readonly StagePeer[];
  readonly node?: Partial<SimNodeOptions>;
  readonly more?: readonly Document[];
  readonly restarting?: boolean;
  /** False: nothing is started. */
  readonly started?: boolean;
  readonly plan?: SimPlanOptions;
}

export const OWN_BLOCK = '10.244.0.0/26';
export const NODE_ADDRESS = ip('10.0.0.1');

export class Stage {
  readonly lab: Lab;
  readonly node: SimNode;
  readonly peers: readonly ScriptedPeer[];
  documents: readonly Document[];
  #plan: SimPlanOptions;

  constructor(options: StageOptions) {
    const { seed = 1, peers = [{}], more = [], chunking = 'whole' } = options;
    this.lab = new Lab({ ...options, seed, chunking });
    this.#plan = options.plan ?? {};
    const kernel = machineKernel({ ipv4: NODE_ADDRESS, ipv6: ip('fd00::1'), rack: 0 });
    const addresses = [NODE_ADDRESS, ip('fd00::1')];
    this.node = this.lab.addNode({ name: 'a', addresses, kernel, ...options.node });
    const known: Document[] = [];
    this.peers = peers.map((given, index) => {
      const { listens = true, configured = true, ...rest } = given;
      const address = rest.address ?? `10.0.0.${11 + index}`;
      const peer = this.lab.peer({ as: CLUSTER_AS, remoteAs: CLUSTER_AS, ...rest, address });
      if (listens) peer.listen();
      if (configured) known.push(peerDocument(`p${index}`, address, peer.options.as));
      return peer;
    });
    this.documents = [...STANDARD, ...known, ...more];
    if (options.started === false) return;
    this.node.start({ restarting: options.restarting ?? false });
    this.apply(this.documents);
  }

  apply(documents: readonly Document[], plan: SimPlanOptions = this.#plan): void {
    this.documents = documents;
    this.#plan = plan;
    this.lab.apply(documents, this.#plan);
  }

  get peer(): ScriptedPeer {
    return this.peers[0]!;
  }

  /** Every configured peer that listens is Established and has been told all. */
  up(): this {
    this.lab.runUntil(() => this.peers.every(({ isEstablished }) => isEstablished));
    this.lab.run(100);
    return this;
  }

  neighbor(index = 0): NeighborView {
    const { address } = this.peers[index]!;
    const view = this.node.view.neighbors().find((neighbor) => neighbor.address === address);
    if (view === undefined) throw new Error(`No neighbor ${address}`);
    return view;
  }

  paths(text: string): readonly PathView[] {
    const family = text.includes(':') ? 'ipv6-unicast' : 'ipv4-unicast';
    const { routes } = this.node.view.routes({ family, prefix: text, limit: 1 });
    return routes[0]?.paths ?? [];
  }

  has(text: string): boolean {
    return this.paths(text).some(({ best }) => best);
  }

  /** Protocol 12 routes to `text` in the kernel, as `10.0.0.11 dev 2`. */
  kernel(text: string): string[] {
    const routes = this.node.kernel
      .routesTo(prefix(text))
      .filter(({ protocol }) => protocol === 12);
    return routes.map(({ type, nextHops }) =>
      type === 'unicast'
        ? nextHops
            .map(({ gateway, interfaceIndex }) => `${gateway} dev ${interfaceIndex}`)
            .join(', ')
        : type,
    );
  }

  reasons(kind: Parameters<SimNode['eventsOf']>[0]): string[] {
    return this.node.eventsOf(kind).map((event) => ('reason' in event ? event.reason : ''));
  }
}

export function stage(options: StageOptions = {}): Stage {
  return new Stage(options);
}

/** A pool, and this node with one block of it. */
const STANDARD: readonly Document[] = [
  resource('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
  resource('IPPool', 'pods', { cidr: '10.244.0.0/16', ipipMode: 'Never' }),
  resource('Node', 'a', { bgp: { ipv4Address: '10.0.0.1/24', ipv6Address: 'fd00::1/64' } }),
  affinity('a', OWN_BLOCK),
];

export function peerDocument(
  name: string,
  address: string,
  asNumber: number,
  more: object = {},
): Document {
  return resource('BGPPeer', name, { peerIP: address, asNumber, ...more });
}

/** For `plan.change`: every peer has these settings, or the first one those that are given first, and so on. */
export function settingsOfPeers(
  ...given: readonly PeerSettings[]
): NonNullable<SimPlanOptions['change']> {
  return (plan) => ({
    ...plan,
    peers: plan.peers.map((peer, i) => {
      const settings = given.length === 1 ? given[0] : given[i];
      return settings === undefined ? peer : { ...peer, settings };
    }),
  });
}
