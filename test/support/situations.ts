/**
 * Situations of Calico's BGP model: resources, and what a knowing hand would write for BIRD 1.6 in their place, with
 * the words of Calico's templates where they matter (calico model 3). By the name under which the model has them.
 */
import { type CalicoResource, calico } from './godwit.ts';
import { resource } from './resources.ts';
import { endpointSlice, service } from './services.ts';
import { birdHead, NODE, PEERS, type Situation } from './situation.ts';

const { mate: MATE, tor: TOR } = PEERS;
const BLOCK = '10.244.1.0/26';
const BLOCK6 = 'fd44:1::/122';
const POOL = '10.244.0.0/16';
const POOL6 = 'fd44::/16';
const NORMAL = 2_147_482_623;

function labelled(name: string, spec: object, labels: Record<string, string> = {}): CalicoResource {
  return resource('Node', name, spec, labels) as CalicoResource;
}

/** Node a with its block, node b, the pool. */
function cluster(own: object = {}, labels: Record<string, string> = {}): CalicoResource[] {
  return [
    labelled('node-a', { bgp: { ipv4Address: `${NODE.v4}/24`, ...own } }, { who: 'a', ...labels }),
    labelled('node-b', { bgp: { ipv4Address: `${MATE.v4}/24` } }, { who: 'b' }),
    calico('IPPool', 'pods', { cidr: POOL }),
    calico('BlockAffinity', 'a-block', { node: 'node-a', cidr: BLOCK, state: 'confirmed' }),
  ];
}

function configuration(spec: Record<string, unknown>): CalicoResource {
  return calico('BGPConfiguration', 'default', spec);
}

const NO_MESH = configuration({ nodeToNodeMeshEnabled: false });

function torPeer(spec: Record<string, unknown> = {}): CalicoResource {
  return calico('BGPPeer', 'tor', { node: 'node-a', peerIP: TOR.v4, asNumber: TOR.as, ...spec });
}

interface Hand {
  /** Inside `static1`. */
  readonly routes?: string;
  /** In front of the other statements of the export filter. */
  readonly exports?: string;
  /** In front of what accepts routes for the kernel. */
  readonly kernel?: string;
  /** Before everything: `listen`. */
  readonly head?: string;
  /** Interfaces whose subnets count. */
  readonly direct?: string;
  readonly family?: 4 | 6;
}

/** What all sessions of the node have, by hand. */
function bird(sessions: string, hand: Hand = {}): string {
  const { routes = '', exports = '', kernel = '', head = '', family = 4 } = hand;
  const { direct = '-"cali*", -"kube-ipvs*", "*"' } = hand;
  const [block, pool, own] = family === 4 ? [BLOCK, POOL, NODE.v4] : [BLOCK6, POOL6, NODE.v6];
  return `${birdHead()}${head}
filter to_peers {
  if source != RTS_BGP then bgp_local_pref = ${NORMAL};
  ${exports}
  if net = ${block} then accept;
  if net ~ ${block} then reject;
  if net ~ ${pool} then accept;
  reject;
}
filter to_kernel { ${kernel} accept; }
protocol direct direct1 { interface ${direct}; }
protocol static static1 { route ${block} blackhole; ${routes} }
protocol kernel kernel1 { learn; persist; scan time 2; import all; export filter to_kernel; merge paths on; }
template bgp common {
  local as 64512; source address ${own}; multihop; gateway recursive; import all; export filter to_peers;
  add paths on; graceful restart; connect delay time 1; connect retry time 1; error wait time 1, 2;
}
${sessions}`;
}

const MESH = `protocol bgp Mesh from common { neighbor ${MATE.v4} as 64512; passive; }\n`;
const WITH_TOR = `protocol bgp Tor from common { neighbor ${TOR.v4} as ${TOR.as}; }\n`;
const OWN_TOLD = /"10\.244\.1\.0\/26, origin IGP/;

export const SITUATIONS: Readonly<Record<string, Situation>> = {
  'node-to-node mesh': {
    resources: cluster(),
    bird: bird(MESH),
    up: ['mate'],
    shows: [OWN_TOLD, /unicast 10\.244\.2\.0\/26 via 10\.9\.0\.2/, /blackhole 10\.244\.1\.0\/26/],
  },
  'explicit peering beside the mesh': {
    resources: [...cluster(), torPeer()],
    bird: bird(MESH + WITH_TOR),
    up: ['mate', 'tor'],
    shows: [OWN_TOLD, /10\.244\.2\.0\/26, origin IGP, as_path 64512/],
  },
  'mesh off': {
    resources: [
      ...cluster(),
      NO_MESH,
      calico('BGPPeer', 'tor', { peerIP: TOR.v4, asNumber: TOR.as }),
    ],
    bird: bird(WITH_TOR),
    up: ['tor'],
    shows: [OWN_TOLD, /unicast 10\.244\.9\.0\/26 via 10\.9\.0\.9/],
  },
  filters: {
    resources: [
      ...cluster(),
      torPeer({ filters: ['f'] }),
      calico('BGPFilter', 'f', {
        importV4: [{ action: 'Reject', matchOperator: 'In', cidr: TOR.block }],
        exportV4: [
          { action: 'Reject', matchOperator: 'Equal', cidr: MATE.block },
          {
            action: 'Accept',
            matchOperator: 'Equal',
            cidr: BLOCK,
            operations: [
              { addCommunity: { value: '64512:7' } },
              { prependASPath: { prefix: [64_512, 64_512] } },
            ],
          },
        ],
      }),
    ],
    bird: bird(`${MESH}
filter to_tor {
  if source != RTS_BGP then bgp_local_pref = ${NORMAL};
  if net = ${MATE.block} then reject;
  if net = ${BLOCK} then {
    bgp_community.add((64512, 7)); bgp_path.prepend(64512); bgp_path.prepend(64512); accept;
  }
  if net ~ ${BLOCK} then reject;
  if net ~ ${POOL} then accept;
  reject;
}
protocol bgp Tor from common { neighbor ${TOR.v4} as ${TOR.as}; export filter to_tor;
  import filter { if net ~ ${TOR.block} then reject; accept; }; }
`),
    up: ['mate', 'tor'],
    shows: [/as_path 64512 64512 64512/, /community \(64512,7\)/],
  },
  'selector peering': {
    resources: [
      ...cluster(),
      NO_MESH,
      calico('BGPPeer', 'p', { nodeSelector: "who == 'a'", peerSelector: "who == 'b'" }),
    ],
    bird: bird(`protocol bgp Node from common { neighbor ${MATE.v4} as 64512; }\n`),
    up: ['mate'],
    shows: [OWN_TOLD, /unicast 10\.244\.2\.0\/26/],
  },
  'reverse peering': {
    resources: [
      ...cluster(),
      NO_MESH,
      calico('BGPPeer', 'p', { node: 'node-b', peerSelector: "who == 'a'" }),
    ],
    bird: bird(`protocol bgp Node from common { neighbor ${MATE.v4} as 64512; }\n`),
    up: ['mate'],
    shows: [OWN_TOLD, /unicast 10\.244\.2\.0\/26/],
  },
  'route reflector': {
    resources: [
      ...cluster({ routeReflectorClusterID: '244.0.0.1' }),
      calico('BGPPeer', 'b', { node: 'node-a', peerSelector: "who == 'b'" }),
      torPeer({ asNumber: 64_512 }),
    ],
    bird: bird(`protocol bgp Mate from common { neighbor ${MATE.v4} as 64512; rr client; rr cluster id 244.0.0.1; }
protocol bgp Tor from common { neighbor ${TOR.v4} as 64512; rr client; rr cluster id 244.0.0.1; }
`),
    peers: { tor: { as: 64_512 } },
    up: ['mate', 'tor'],
    shows: [/10\.244\.9\.0\/26, .*originator_id 10\.9\.0\.9, cluster_list 244\.0\.0\.1/],
  },
  passwords: {
    resources: [
      ...cluster(),
      configuration({ nodeMeshPassword: { secretKeyRef: { name: 'bgp', key: 'mesh' } } }),
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'bgp', namespace: 'kube-system' },
        stringData: { mesh: 'open sesame' },
      } as unknown as CalicoResource,
      torPeer({ password: { secretKeyRef: { name: 'none', key: 'tor' } } }),
    ],
    // Calico would run the session with the ToR without a password; here neither side does (decision 0008).
    bird: bird(
      `protocol bgp Mesh from common { neighbor ${MATE.v4} as 64512; passive; password "open sesame"; }\n`,
    ),
    peers: { mate: { session: 'password "open sesame";' } },
    up: ['mate'],
    shows: [OWN_TOLD],
  },
  'next-hop modes': {
    resources: [
      ...cluster(),
      NO_MESH,
      torPeer({ nextHopMode: 'Keep' }),
      calico('BGPPeer', 'b', { peerIP: MATE.v4, asNumber: 64_512, nextHopMode: 'Self' }),
    ],
    bird: bird(`protocol bgp Mate from common { neighbor ${MATE.v4} as 64512; next hop self; }
protocol bgp Tor from common { neighbor ${TOR.v4} as ${TOR.as}; next hop keep; }
`),
    up: ['mate', 'tor'],
    shows: [
      /10\.244\.2\.0\/26, .*next_hop 10\.9\.0\.2/,
      /10\.244\.9\.0\/26, .*next_hop 10\.9\.0\.1/,
    ],
  },
  'TTL security': {
    resources: [...cluster(), NO_MESH, torPeer({ ttlSecurity: 1 })],
    bird: bird(
      `protocol bgp Tor from common { neighbor ${TOR.v4} as ${TOR.as}; multihop 1; ttl security on; }\n`,
    ),
    peers: { tor: { session: 'multihop 1; ttl security on;' } },
    up: ['tor'],
    shows: [OWN_TOLD],
  },
  reachableBy: {
    resources: [...cluster(), NO_MESH, torPeer({ reachableBy: MATE.v4 })],
    bird: bird(WITH_TOR, { routes: `route ${TOR.v4}/32 via ${MATE.v4};` }),
    up: ['tor'],
    shows: [/unicast 10\.9\.0\.9 via 10\.9\.0\.2/, /unicast 10\.244\.9\.0\/26 via 10\.9\.0\.2/],
  },
  'source address and restart time': {
    resources: [...cluster(), torPeer({ sourceAddress: 'None', maxRestartTime: '10s' })],
    bird: bird(
      `${MESH}protocol bgp Tor from common { neighbor ${TOR.v4} as ${TOR.as}; graceful restart time 10; }\n`,
    ),
    up: ['mate', 'tor'],
    shows: [OWN_TOLD],
  },
  'ignored interfaces': {
    resources: [...cluster(), configuration({ ignoredInterfaces: ['lan0'] })],
    bird: bird(MESH, {
      direct: '-"lan0", -"cali*", -"kube-ipvs*", "*"',
    }),
    prepare: [
      ['link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'lan1'],
      ['address', 'add', '10.244.5.1/24', 'dev', 'lan0'],
      ['address', 'add', '10.244.6.1/24', 'dev', 'lan1'],
      ['link', 'set', 'lan0', 'up'],
      ['link', 'set', 'lan1', 'up'],
    ],
    up: ['mate'],
    shows: [/10\.244\.6\.0\/24, origin IGP/],
  },
  'cluster-route ownership': {
    resources: [...cluster(), configuration({ programClusterRoutes: 'Disabled' })],
    bird: bird(MESH, { kernel: `if net ~ ${POOL} then reject;` }),
    up: ['mate'],
    shows: [OWN_TOLD, /"kernel":\[\]/],
  },
  'local AS': {
    resources: [...cluster(), torPeer({ localASNumber: 65_010 })],
    bird: bird(
      `${MESH}protocol bgp Tor from common { local as 65010; neighbor ${TOR.v4} as ${TOR.as}; }\n`,
    ),
    peers: { tor: { nodeAs: 65_010 } },
    up: ['mate', 'tor'],
    shows: [/10\.244\.1\.0\/26, origin IGP, as_path 65010/],
  },
  'local workload peers': {
    resources: [
      ...cluster(),
      NO_MESH,
      calico('BGPPeer', 'w', { localWorkloadSelector: 'all()', asNumber: TOR.as }),
      {
        apiVersion: 'godwit.dev/v1',
        kind: 'LocalWorkload',
        metadata: { name: 'pod' },
        spec: { bgpPeerName: 'w', ipv4Nets: [`${TOR.v4}/32`] },
      },
    ],
    bird: bird(`protocol bgp Workload from common { neighbor ${TOR.v4} as ${TOR.as}; passive; }\n`),
    up: ['tor'],
    shows: [OWN_TOLD, /unicast 10\.244\.9\.0\/26/],
  },
  'prefix advertisements and communities': {
    resources: [
      ...cluster(),
      configuration({
        communities: [{ name: 'pods', value: '64512:100' }],
        prefixAdvertisements: [{ cidr: POOL, communities: ['pods', '64512:1:2'] }],
      }),
      torPeer(),
    ],
    bird: bird(MESH + WITH_TOR, {
      exports: `if net ~ ${POOL} then { bgp_community.add((64512, 100)); bgp_large_community.add((64512, 1, 2)); }`,
    }),
    up: ['mate', 'tor'],
    shows: [/community \(64512,100\), large_community \(64512, ?1, ?2\)/],
  },
  'listen ports': {
    resources: [...cluster(), configuration({ listenPort: 1179 })],
    bird: bird(MESH, { head: 'listen bgp port 1179;\n' }),
    peers: { mate: { session: 'neighbor port 1179;' } },
    up: ['mate'],
    shows: [OWN_TOLD],
  },
  'IPv6 only': {
    resources: [
      labelled('node-a', { bgp: { ipv6Address: `${NODE.v6}/64` } }),
      labelled('node-b', { bgp: { ipv6Address: `${MATE.v6}/64` } }),
      calico('IPPool', 'pods6', { cidr: POOL6 }),
      calico('BlockAffinity', 'a6', { node: 'node-a', cidr: BLOCK6, state: 'confirmed' }),
    ],
    bird6: bird(`protocol bgp Mesh from common { neighbor ${MATE.v6} as 64512; passive; }\n`, {
      family: 6,
    }),
    peers: { mate: { family: 6 } },
    up: ['mate'],
    shows: [/fd44:1::\/122, origin IGP/, /unicast fd44:2::\/122 via fd09::2/],
  },
  'dual stack': {
    resources: [
      ...cluster({ ipv6Address: `${NODE.v6}/64` }),
      calico('IPPool', 'pods6', { cidr: POOL6 }),
      calico('BlockAffinity', 'a6', { node: 'node-a', cidr: BLOCK6, state: 'confirmed' }),
      calico('BGPPeer', 'tor6', { peerIP: TOR.v6, asNumber: TOR.as }),
    ],
    bird: bird(MESH),
    bird6: bird(`protocol bgp Tor from common { neighbor ${TOR.v6} as ${TOR.as}; }\n`, {
      family: 6,
    }),
    peers: { tor: { family: 6 } },
    up: ['mate', 'tor'],
    shows: [OWN_TOLD, /fd44:1::\/122, origin IGP, as_path 64512/],
  },
  services: {
    resources: [
      ...cluster(),
      configuration({ serviceClusterIPs: [{ cidr: '10.96.0.0/12' }] }),
      service('web', { type: 'NodePort', externalTrafficPolicy: 'Local' }) as CalicoResource,
      endpointSlice('web', { endpoints: [{ nodeName: 'node-a' }] }) as CalicoResource,
      torPeer(),
    ],
    bird: bird(MESH + WITH_TOR, {
      routes: 'route 10.96.0.0/12 blackhole; route 10.96.0.10/32 blackhole;',
      exports: 'if net ~ 10.96.0.0/12 then accept;',
      kernel: 'if net ~ 10.96.0.0/12 then reject;',
    }),
    up: ['mate', 'tor'],
    shows: [/"10\.96\.0\.0\/12, origin IGP, as_path 64512/, /"10\.96\.0\.10\/32, origin IGP/],
  },
  'borrowed addresses and elevated routes': {
    resources: [...cluster()],
    bird: bird(MESH, {
      exports: `if source != RTS_BGP && defined(krt_metric) && krt_metric > 0 then bgp_local_pref = 2147483647 - krt_metric;
  if net ~ ${BLOCK} && bgp_local_pref > ${NORMAL} then accept;`,
    }),
    prepare: [
      ['link', 'add', 'cali1', 'type', 'veth', 'peer', 'name', 'pod1'],
      ['link', 'set', 'cali1', 'up'],
      ['link', 'set', 'pod1', 'up'],
      ['route', 'add', '10.244.3.9/32', 'dev', 'cali1', 'proto', 'boot', 'metric', '1024'],
      ['route', 'add', '10.244.1.9/32', 'dev', 'cali1', 'proto', 'boot', 'metric', '512'],
      ['route', 'add', '10.244.1.10/32', 'dev', 'cali1', 'proto', 'boot', 'metric', '1024'],
    ],
    up: ['mate'],
    shows: [
      /10\.244\.3\.9\/32, .*local_pref 2147482623/,
      /10\.244\.1\.9\/32, .*local_pref 2147483135/,
    ],
  },
};
