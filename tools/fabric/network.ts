/**
 * The fabric's namespaces and wires: the ToR's namespace holds a bridge for each rack, every node
 * hangs on its rack's bridge with `eth0`, every pod on its node as Calico would have it
 * (a /32, a default route by way of 169.254.1.1, proxy ARP on the node's side).
 */
import { addNamespace, type Namespace } from './netns.ts';
import {
  type FabricNames,
  type FabricNode,
  NODES,
  OUTSIDE,
  RACK_LENGTH_V4,
  RACK_LENGTH_V6,
  RACKS,
  TOR,
} from './topology.ts';

export interface FabricNetwork {
  readonly tor: Namespace;
  readonly outside: Namespace;
  readonly node: (node: FabricNode) => Namespace;
  readonly pod: (node: FabricNode) => Namespace;
  readonly all: readonly Namespace[];
}

/** Port of the ToR's bridge that leads to `node`; proto 4 is counted there. */
export function torPort(node: FabricNode): string {
  return `to-${node.name}`;
}

/** IP-in-IP takes 20 octets of the path's 1500. */
export const TUNNEL_MTU = 1480;

export async function buildNetwork(names: FabricNames): Promise<FabricNetwork> {
  const tor = await addNamespace(names.namespace(TOR.name));
  const outside = await addNamespace(names.namespace(OUTSIDE.name));
  const nodes = new Map<FabricNode, Namespace>();
  const pods = new Map<FabricNode, Namespace>();
  for (const node of NODES) nodes.set(node, await addNamespace(names.namespace(node.name)));
  for (const node of NODES) pods.set(node, await addNamespace(names.pod(node)));
  const network: FabricNetwork = {
    tor,
    outside,
    node: (node) => lookUp(nodes, node),
    pod: (node) => lookUp(pods, node),
    all: [tor, outside, ...nodes.values(), ...pods.values()],
  };
  await Promise.all(network.all.map((namespace) => namespace.sysctl(KERNEL_SETTINGS)));
  await tor.batch(torLinks(network));
  await outside.batch(outsideSetup());
  for (const node of NODES) await attachNode(network, node);
  return network;
}

async function attachNode(network: FabricNetwork, node: FabricNode): Promise<void> {
  const pod = network.pod(node);
  await network.node(node).batch([
    `address add ${node.ipv4}/${RACK_LENGTH_V4} dev eth0`,
    `address add ${node.ipv6}/${RACK_LENGTH_V6} dev eth0 nodad`,
    'link set eth0 up',
    `route add default via ${node.rack.gatewayV4} dev eth0`,
    `route add ::/0 via ${node.rack.gatewayV6} dev eth0`,
    // Calico's own shape: the node's side of each pod carries this one hardware address.
    `link add ${POD_LINK} address ${POD_GATEWAY_MAC} type veth peer name eth0 netns ${pod.name}`,
    `link set ${POD_LINK} mtu ${TUNNEL_MTU} up`,
    `address add ${POD_GATEWAY_V6}/64 dev ${POD_LINK} nodad`,
    `route add ${node.podV4} dev ${POD_LINK} scope link`,
    `route add ${node.podV6} dev ${POD_LINK}`,
  ]);
  await network.node(node).sysctl({
    [`net.ipv4.conf.${POD_LINK}.proxy_arp`]: '1',
    [`net.ipv4.neigh.${POD_LINK}.proxy_delay`]: '0',
  });
  await pod.batch([
    `link set eth0 mtu ${TUNNEL_MTU} up`,
    `address add ${node.podV4}/32 dev eth0`,
    `address add ${node.podV6}/128 dev eth0 nodad`,
    `route add ${POD_GATEWAY_V4} dev eth0 scope link`,
    `route add default via ${POD_GATEWAY_V4} dev eth0`,
    `route add ::/0 via ${POD_GATEWAY_V6} dev eth0`,
  ]);
}

function torLinks(network: FabricNetwork): string[] {
  const racks = RACKS.flatMap((rack) => [
    // No spanning tree: a rack's bridge has no loop, and its ports must forward at once.
    `link add rack${rack.number} type bridge stp_state 0 forward_delay 0`,
    `address add ${rack.gatewayV4}/${RACK_LENGTH_V4} dev rack${rack.number}`,
    `address add ${rack.gatewayV6}/${RACK_LENGTH_V6} dev rack${rack.number} nodad`,
    `link set rack${rack.number} up`,
  ]);
  const ports = NODES.flatMap((node) => [
    `link add ${torPort(node)} type veth peer name eth0 netns ${network.node(node).name}`,
    `link set ${torPort(node)} master rack${node.rack.number} up`,
  ]);
  return [
    ...racks,
    ...ports,
    `link add uplink type veth peer name eth0 netns ${network.outside.name}`,
    `address add ${OUTSIDE.gatewayV4}/${RACK_LENGTH_V4} dev uplink`,
    `address add ${OUTSIDE.gatewayV6}/${RACK_LENGTH_V6} dev uplink nodad`,
    'link set uplink up',
  ];
}

function outsideSetup(): string[] {
  return [
    `address add ${OUTSIDE.ipv4}/${RACK_LENGTH_V4} dev eth0`,
    `address add ${OUTSIDE.ipv6}/${RACK_LENGTH_V6} dev eth0 nodad`,
    'link set eth0 up',
    `route add default via ${OUTSIDE.gatewayV4} dev eth0`,
    `route add ::/0 via ${OUTSIDE.gatewayV6} dev eth0`,
  ];
}

function lookUp(map: ReadonlyMap<FabricNode, Namespace>, node: FabricNode): Namespace {
  const namespace = map.get(node);
  if (namespace === undefined) throw new RangeError(`${node.name} is not in this fabric`);
  return namespace;
}

/** The node's end of the pod's link, with the prefix Calico gives such links. */
const POD_LINK = 'cali0';
const POD_GATEWAY_V4 = '169.254.1.1';
const POD_GATEWAY_V6 = 'fe80::ecee:eeff:feee:eeee';
const POD_GATEWAY_MAC = 'ee:ee:ee:ee:ee:ee';

const KERNEL_SETTINGS = {
  'net.ipv4.ip_forward': '1',
  'net.ipv6.conf.all.forwarding': '1',
  // Replies may come back by the tunnel while requests left without it, and the other way round.
  'net.ipv4.conf.all.rp_filter': '0',
  'net.ipv4.conf.default.rp_filter': '0',
  // Addresses are ours alone here: waiting a second for duplicates would only delay the start.
  'net.ipv6.conf.all.accept_dad': '0',
  'net.ipv6.conf.default.accept_dad': '0',
  'net.ipv6.conf.default.accept_ra': '0',
} as const;
