/** The plan that the warm-up runs by: an external feed, an external sink, and a peer of the mesh that comes and goes. */

import { PlanReceiver, PlanSender } from '../../datastore/plan-transfer.ts';
import type { PeerPlan, SpeakerPlan } from '../../datastore/plan-types.ts';
import { AFI_SAFIS, type AfiSafi, factsOf } from '../../net/afi-safi.ts';
import { type IpAddress, ip, ipv4ToU32 } from '../../net/ip-address.ts';
import { prefix } from '../../net/prefix.ts';
import type { Policy } from '../../policy/types.ts';
import { encodeOpen } from '../../wire/open.ts';

export interface WarmPeer {
  readonly address: IpAddress;
  readonly as: number;
}

const LOCAL_AS = 64_512;
const HOLD_TIME = 90;
const ADDRESS = ip('192.0.2.1');
/** Two thirds of the prefixes of a small round lie in it, the others in no pool. */
const POOL = prefix('10.0.0.0/14');
const POOL6 = prefix('fd00::/16');
/** Looked at first, being longer, and matching nothing: as most pools of a cluster with several. */
const OTHER_POOLS = [prefix('10.254.0.0/16'), prefix('fd00:ffff::/32')];

export const FEED: WarmPeer = { address: ip('192.0.2.11'), as: 64_601 };
export const SINK: WarmPeer = { address: ip('192.0.2.12'), as: 64_602 };
export const MESH: WarmPeer = { address: ip('192.0.2.13'), as: LOCAL_AS };

/** OPEN of a peer, as BIRD 2 offers. */
export function openOf(peer: WarmPeer, spoken: readonly AfiSafi[] = AFI_SAFIS): Uint8Array {
  const families = spoken.map((family) => {
    const { afi, safi } = factsOf(family);
    return { afi, safi };
  });
  return encodeOpen({
    version: 4,
    myAs: peer.as,
    holdTime: HOLD_TIME,
    bgpIdentifier: ipv4ToU32(peer.address),
    capabilities: [
      ...families.map((family) => ({ kind: 'multiprotocol', ...family }) as const),
      { kind: 'routeRefresh' },
      { kind: 'fourOctetAs', asn: peer.as },
      {
        kind: 'gracefulRestart',
        restarting: false,
        notification: false,
        restartTime: 120,
        families: families.map((family) => ({ ...family, forwarding: true })),
      },
    ],
  });
}

/** Statements of the kinds that Calico's defaults and a BGPFilter compile to. */
const IMPORT: Policy = {
  name: 'warm import',
  statements: [
    {
      name: 'elevated',
      conditions: [{ kind: 'localPref', operator: 'above', value: 2_147_482_623 }],
      actions: [{ kind: 'setPreference', value: 200 }],
    },
  ],
  otherwise: 'accept',
};

const TO_ALL: Policy = {
  name: 'warm export',
  statements: [{ name: 'all', conditions: [], actions: [], verdict: 'accept' }],
  otherwise: 'reject',
};

const TO_MESH: Policy = {
  name: 'warm mesh export',
  statements: [
    {
      name: 'priority',
      conditions: [{ kind: 'source', source: 'bgp', negate: true }],
      actions: [{ kind: 'setLocalPref', value: 2_147_482_623 }],
    },
    {
      name: 'tunnel',
      conditions: [{ kind: 'interface', pattern: '*.cali' }],
      actions: [],
      verdict: 'reject',
    },
    {
      name: 'pool',
      conditions: [{ kind: 'insideAny', prefixes: [POOL, POOL6] }],
      actions: [],
      verdict: 'accept',
    },
  ],
  otherwise: 'reject',
};

export const WARM_PLAN: SpeakerPlan = {
  node: 'warm-up',
  localAs: LOCAL_AS,
  routerId: ADDRESS,
  addresses: { ipv4: ADDRESS, ipv6: ip('2001:db8::1') },
  listen: { port: 179, addresses: [] },
  peers: [
    peerPlan('feed', FEED, TO_ALL),
    peerPlan('mesh', MESH, TO_MESH),
    peerPlan('sink', SINK, TO_ALL),
  ],
  originated: [
    { prefix: prefix('10.255.0.0/26'), source: 'block', blackhole: true, origin: 'warm-up' },
  ],
  kernel: {
    table: 254,
    tunnelDevice: 'tunl0',
    ownSubnet: { ipv4: prefix('192.0.2.0/24'), ipv6: prefix('2001:db8::/64') },
    pools: [POOL, POOL6, ...OTHER_POOLS].map((cidr) => ({
      cidr,
      name: 'warm',
      programming: 'direct',
    })),
    rejected: [],
    metric: { mode: 'priority', normal: { ipv4: 1024, ipv6: 1024 } },
  },
  learn: { inside: [POOL, POOL6], ignoredInterfaces: ['cali*', 'kube-ipvs*'] },
  logLevel: 'none',
};

/**
 * The plan as the daemon gets its own, from the planner's thread: V8 gives objects that have crossed another inner form
 * than literals, and throws code away that has met only the one when it meets the other.
 */
export function warmPlan(): SpeakerPlan {
  const receiver = new PlanReceiver();
  let plan: SpeakerPlan | undefined;
  for (const part of new PlanSender().parts(WARM_PLAN)) plan = receiver.take(structuredClone(part));
  return plan!;
}

function peerPlan(name: string, peer: WarmPeer, exportPolicy: Policy): PeerPlan {
  return {
    name,
    kind: peer.as === LOCAL_AS ? 'mesh' : 'node',
    remoteAddress: peer.address,
    remotePort: 179,
    localAddress: ADDRESS,
    localAs: LOCAL_AS,
    remoteAs: peer.as,
    passive: true,
    families: AFI_SAFIS,
    holdTime: HOLD_TIME,
    restartTime: 120,
    nextHop: 'auto',
    rrClient: false,
    allowLocalAs: 0,
    importPolicy: IMPORT,
    exportPolicy,
    origin: 'warm-up',
    ...(peer.as === LOCAL_AS ? {} : { settingsFrom: { restartTime: 'warm-up' } }),
  };
}
