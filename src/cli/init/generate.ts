/**
 * The first set of resources that `godwit init` writes: this node, the cluster's defaults, one pool, one block.
 *
 * Pure: facts about the machine in, texts of files out. Meant to be read and edited, hence the comments in it.
 */

import { sha256, utf8 } from '../../base/sha256.ts';
import { ipFromOctets, ipToOctets } from '../../net/ip-address.ts';
import {
  type Prefix,
  prefix,
  prefixAddress,
  prefixContains,
  prefixLength,
} from '../../net/prefix.ts';

export interface InitFacts {
  readonly nodeName: string;
  readonly interfaceName: string;
  /** With its subnet length, as `10.0.0.1/24`. */
  readonly ipv4: string;
  /** A global one of the same interface; undefined when there is none. */
  readonly ipv6: string | undefined;
  /** Subnets that the machine is in: the pool must not overlap them. */
  readonly subnets: readonly Prefix[];
}

export interface InitFile {
  readonly name: string;
  readonly text: string;
}

const POOLS: readonly Prefix[] = [
  '10.244.0.0/16',
  '10.100.0.0/16',
  '172.20.0.0/16',
  '192.168.0.0/16',
].map(prefix);

const BLOCK_LENGTH = 26;

/** Undefined when every candidate for the pool overlaps a subnet of the machine. */
export function generateResources(facts: InitFacts): readonly InitFile[] | undefined {
  const pool = POOLS.find((candidate) => facts.subnets.every((net) => apart(candidate, net)));
  if (pool === undefined) return undefined;
  return [
    { name: 'cluster.yaml', text: clusterText(pool) },
    { name: `${facts.nodeName}.yaml`, text: nodeText(facts, pool) },
  ];
}

/**
 * The block of a node in `pool`, from a hash of its name: nodes set up one by one, without knowing each other, seldom
 * get the same one, and the same node always does.
 */
export function blockOf(nodeName: string, pool: Prefix): Prefix {
  const [high, low] = sha256(utf8(nodeName)) as unknown as [number, number];
  const blocks = 1 << (BLOCK_LENGTH - prefixLength(pool));
  const number = (high * 256 + low) % blocks;
  const octets = ipToOctets(prefixAddress(pool));
  const offset = number << (32 - BLOCK_LENGTH);
  octets[2]! |= (offset >>> 8) & 255;
  octets[3]! |= offset & 255;
  return prefix(`${ipFromOctets(octets)}/${BLOCK_LENGTH}`);
}

function apart(a: Prefix, b: Prefix): boolean {
  return !prefixContains(a, b) && !prefixContains(b, a);
}

function clusterText(pool: Prefix): string {
  return `# What holds for the whole cluster. The same file belongs on every node.
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata:
  name: default
spec:
  asNumber: 64512 # of every node that does not say its own
  nodeToNodeMeshEnabled: true # every Node resource here is peered with
  logSeverityScreen: Info
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata:
  name: default-ipv4
spec:
  cidr: ${pool}
  blockSize: ${BLOCK_LENGTH}
  ipipMode: CrossSubnet # Never: direct; Always: through tunl0; CrossSubnet: through tunl0 between subnets
# ---
# A router outside the cluster, e.g. the top-of-rack switch:
# apiVersion: projectcalico.org/v3
# kind: BGPPeer
# metadata:
#   name: tor
# spec:
#   peerIP: 192.0.2.1
#   asNumber: 64601
`;
}

function nodeText(facts: InitFacts, pool: Prefix): string {
  const { nodeName, interfaceName, ipv4, ipv6 } = facts;
  const block = blockOf(nodeName, pool);
  const named = `${nodeName}-${block.replace(/[./]/g, '-')}`;
  const v6 =
    ipv6 === undefined
      ? ''
      : `    # ipv6Address: ${ipv6} # for sessions and blocks of IPv6 as well\n`;
  return `# Who this node is. Copy it to the other nodes, and theirs here.
apiVersion: projectcalico.org/v3
kind: Node
metadata:
  name: ${nodeName}
  labels: {} # for nodeSelector and peerSelector
spec:
  bgp:
    ipv4Address: ${ipv4} # of ${interfaceName}, the interface of the default route
${v6}---
# The pod addresses of this node: announced to its peers.
apiVersion: projectcalico.org/v3
kind: BlockAffinity
metadata:
  name: ${named}
spec:
  node: ${nodeName}
  cidr: ${block} # made from the name of the node; must be no other node's
  state: confirmed
`;
}
