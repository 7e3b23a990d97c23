/**
 * The status of a CalicoNodeStatus: what Calico's reporter would make of BIRD's replies (calico model 1.8, 7.4), made of
 * what they are made of, and conditions on what is broken. Yields after each neighbor and between pages of routes.
 */

import { ipFamily, parseIpAddress } from '../net/ip-address.ts';
import type { NeighborView, TablePathView } from '../speaker/snapshot.ts';
import { networks } from './bird/networks.ts';
import type { BirdFamily, BirdPort } from './bird/port.ts';
import { bgpState } from './bird/session-text.ts';
import { sinceText } from './bird/show-protocols.ts';

/** Routes a family: an object of etcd holds 1.5 MiB, and some hundred octets each are a third of that. */
const ROUTES_MAX = 2000;

/** Conditions that are told, at most: the first of many errors tells the rest. */
const PROBLEMS_MAX = 8;

type StatusClass = 'Agent' | 'BGP' | 'Routes';

const FAMILIES: readonly (readonly ['V4' | 'V6', BirdFamily])[] = [
  ['V4', 'ipv4'],
  ['V6', 'ipv6'],
];

export interface StatusProblem {
  readonly code: string;
  readonly text: string;
}

export interface NodeStatusQuestion {
  readonly port: BirdPort;
  readonly classes: readonly StatusClass[];
  /** What is wrong with the resources: errors alone. */
  readonly problems: readonly StatusProblem[];
  /** RFC 3339. */
  readonly now: string;
}

export function* nodeStatus(question: NodeStatusQuestion): Generator<undefined, object> {
  const { port, classes, now } = question;
  const has = (one: StatusClass): boolean => classes.includes(one);
  return {
    lastUpdated: now,
    ...(has('Agent') ? { agent: agentOf(port) } : {}),
    ...(has('BGP') ? { bgp: yield* bgpOf(port) } : {}),
    ...(has('Routes') ? { routes: yield* routesOf(port) } : {}),
    conditions: conditionsOf(question),
  };
}

/** One daemon for both families, of which neither is ready without the other. */
function agentOf(port: BirdPort): object {
  const { uptimeMs, planAgeMs, routerId, ready } = port.view.status();
  const at = (ageMs: number): string => {
    const { date, time } = port.localTime(ageMs);
    return `${date} ${time}`;
  };
  const bird = {
    state: ready ? 'Ready' : 'NotReady',
    version: `v${port.facts().version}+godwit`,
    routerID: routerId,
    lastBootTime: at(uptimeMs),
    lastReconfigurationTime: at(planAgeMs),
  };
  return { birdV4: bird, birdV6: bird };
}

function* bgpOf(port: BirdPort): Generator<undefined, object> {
  const neighbors = yield* neighborsOf(port);
  const parts = FAMILIES.map(([version, family]) => {
    const own = neighbors.filter(({ address }) => familyOf(address) === family);
    const established = own.filter(({ state }) => state === 'Established').length;
    return {
      [`numberEstablished${version}`]: established,
      [`numberNotEstablished${version}`]: own.length - established,
      [`peers${version}`]: own.map((neighbor) => peerOf(port, neighbor)),
    };
  });
  return Object.assign({}, ...parts) as object;
}

/** One by one: five hundred of them take longer than the loop may be held. */
function* neighborsOf(port: BirdPort): Generator<undefined, NeighborView[]> {
  const neighbors: NeighborView[] = [];
  for (const neighbor of port.view.eachNeighbor()) {
    neighbors.push(neighbor);
    yield;
  }
  return neighbors;
}

const TYPES: Readonly<Record<string, string>> = { mesh: 'NodeMesh', node: 'NodePeer' };

function peerOf(port: BirdPort, neighbor: NeighborView): object {
  const { address, kind, sinceMs } = neighbor;
  return {
    peerIP: address,
    type: TYPES[kind] ?? 'GlobalPeer',
    state: bgpState(neighbor),
    since: sinceText(port, sinceMs),
  };
}

function familyOf(address: string): BirdFamily {
  const parsed = parseIpAddress(address);
  return parsed !== undefined && ipFamily(parsed) === 4 ? 'ipv4' : 'ipv6';
}

function* routesOf(port: BirdPort): Generator<undefined, object> {
  const { view } = port;
  const neighbors = new Map((yield* neighborsOf(port)).map((one) => [one.name, one]));
  const routes: Record<string, object[]> = {};
  for (const [version, family] of FAMILIES) {
    const list: object[] = [];
    const source = { view, family: `${family}-unicast`, rejected: false } as const;
    for (const network of networks(source)) {
      if (network === undefined) yield undefined;
      else {
        const { prefix, paths } = network;
        list.push(...paths.flatMap((path) => rowsOf(prefix, path, neighbors)));
      }
      if (list.length >= ROUTES_MAX) break;
    }
    routes[`routes${version}`] = list.slice(0, ROUTES_MAX);
  }
  return routes;
}

const SOURCES = { own: 'Static', kernel: 'Kernel', connected: 'Direct' } as const;

/** One for each next hop, as for every client of BIRD's rows. */
function rowsOf(
  destination: string,
  path: TablePathView,
  neighbors: ReadonlyMap<string, NeighborView>,
): object[] {
  const { kind, from, fromAddress, best, hops } = path;
  const mesh = neighbors.get(from)?.kind === 'mesh';
  const learnedFrom =
    kind === 'bgp'
      ? { sourceType: mesh ? 'NodeMesh' : 'BGPPeer', peerIP: fromAddress ?? '' }
      : { sourceType: SOURCES[kind] };
  const type = best ? 'FIB' : 'RIB';
  if (hops.length === 0)
    return [{ type, destination, gateway: 'N/A', interface: 'N/A', learnedFrom }];
  return hops.map(({ gateway, interfaceName }) => ({
    type,
    destination,
    gateway: gateway ?? 'N/A',
    interface: interfaceName,
    learnedFrom,
  }));
}

/** As Kubernetes writes conditions; Calico's own schema knows none, and an API server that holds to it drops them. */
function conditionsOf({ port, problems, now }: NodeStatusQuestion): object[] {
  const { ready, notReadyBecause, datastore } = port.view.status();
  const condition = (
    type: string,
    good: boolean,
    [reason, message]: readonly string[],
  ): object => ({
    type,
    status: good ? 'True' : 'False',
    reason,
    message,
    lastTransitionTime: now,
  });
  return [
    condition('Ready', ready, ready ? ['Ready', ''] : ['NotReady', notReadyBecause.join('; ')]),
    condition('DatastoreInSync', datastore.state === 'in-sync', [
      datastore.state === 'in-sync' ? 'InSync' : 'Lost',
      datastore.reason ?? '',
    ]),
    ...(problems.length === 0
      ? [condition('ResourcesAccepted', true, ['Accepted', ''])]
      : problems
          .slice(0, PROBLEMS_MAX)
          .map(({ code, text }) => condition('ResourcesAccepted', false, [code, text]))),
  ];
}
