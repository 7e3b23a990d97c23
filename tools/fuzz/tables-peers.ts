/** Who speaks to the tables and who is told: their configurations, each import and export in two variants. */

import type { AfiSafi } from '../../src/net/afi-safi.ts';
import { ip } from '../../src/net/ip-address.ts';
import type { PolicyPort } from '../../src/rib/policy-port.ts';
import type { ExportConfig, PeerRibConfig } from '../../src/rib/rib-config.ts';
import { ACCEPT_ALL, exportConfig, peerConfig, policy } from '../../src/rib/testing/support.ts';
import { Framer } from '../../src/wire/framer.ts';
import { EXTENDED_MESSAGE_LENGTH_MAX, MESSAGE_LENGTH_MAX } from '../../src/wire/header.ts';
import type { UpdateContext } from '../../src/wire/update.ts';
import type { Audience } from './strict-attributes.ts';

const NO_ADD_PATH = { 'ipv4-unicast': false, 'ipv6-unicast': false } as const;
const EBGP: UpdateContext = {
  as4: true,
  peerType: 'ebgp',
  addPathReceive: NO_ADD_PATH,
  extendedNextHop: false,
};
const IBGP: UpdateContext = { ...EBGP, peerType: 'ibgp' };
/** Who speaks: external, internal, external of 2-octet AS numbers, a client with all extensions. */
export const PEERS: readonly UpdateContext[] = [
  EBGP,
  IBGP,
  { ...EBGP, as4: false },
  {
    ...IBGP,
    addPathReceive: { 'ipv4-unicast': true, 'ipv6-unicast': true },
    extendedNextHop: true,
  },
];
const CLIENT = 3;

interface ObserverOptions {
  readonly name: string;
  readonly context: UpdateContext;
  readonly messageMax: number;
  readonly isClient: boolean;
}

export const OBSERVERS: readonly ObserverOptions[] = [
  {
    name: 'external observer',
    context: EBGP,
    messageMax: MESSAGE_LENGTH_MAX,
    isClient: false,
  },
  {
    name: 'internal observer',
    context: IBGP,
    messageMax: EXTENDED_MESSAGE_LENGTH_MAX,
    isClient: true,
  },
  {
    name: 'external observer of 2-octet AS numbers',
    context: { ...EBGP, as4: false },
    messageMax: MESSAGE_LENGTH_MAX,
    isClient: false,
  },
];

const LOCAL_AS = 65_000;
const CLUSTER_ID = 0x0a00_00ff;
const SELF: Readonly<Record<AfiSafi, Uint8Array>> = {
  'ipv4-unicast': Uint8Array.of(10, 0, 0, 255),
  'ipv6-unicast': new Uint8Array(16).fill(0x20),
};

export function audienceOf({ context, messageMax }: ObserverOptions): Audience {
  return {
    external: context.peerType === 'ebgp',
    as4: context.as4,
    messageMax,
    localAs: LOCAL_AS,
    clusterId: CLUSTER_ID,
    nextHops: { 1: '0a0000ff', 2: '20'.repeat(16) },
  };
}

export function peerOfObserver(observer: number): number {
  return PEERS.length + 1 + observer;
}

/** Objects of their own: the RIB tells policies apart by identity. */
const REJECT_SOME = policy((subject) => ({ accept: (subject.length & 1) === 0 }), {
  prefix: true,
});
const PREFER = policy(() => ({ localPref: 300 }));
const MARK = policy(() => ({ addCommunities: [0xfde8_0001], prepend: [LOCAL_AS, 4_200_000_000] }));
const MARK_SOME = policy(
  (subject) => ({
    accept: subject.length !== 26,
    addCommunities: subject.length > 24 ? [0xfde8_0002, 0xfde8_0003] : [],
    addLargeCommunities: subject.length > 8 ? [[1, 2, 3]] : [],
  }),
  { prefix: true },
);
const IMPORTS: readonly (readonly [PolicyPort, PolicyPort])[] = [
  [ACCEPT_ALL, REJECT_SOME],
  [ACCEPT_ALL, PREFER],
  [PREFER, ACCEPT_ALL],
  [ACCEPT_ALL, REJECT_SOME],
];
const EXPORTS: readonly (readonly [PolicyPort, PolicyPort])[] = [
  [ACCEPT_ALL, MARK],
  [ACCEPT_ALL, MARK_SOME],
  [MARK_SOME, MARK],
];

export function importOf(index: number, family: AfiSafi, variant: number): PeerRibConfig {
  const { peerType, addPathReceive } = PEERS[index]!;
  return {
    ...peerConfig(),
    ebgp: peerType === 'ebgp',
    peerAs: peerType === 'ebgp' ? 65_001 + index : LOCAL_AS,
    routerId: 0x0a00_0001 + index,
    ownClusterId: CLUSTER_ID,
    rrClient: index === CLIENT,
    address: ip(`10.0.0.${index + 1}`),
    addPathReceive: addPathReceive[family],
    importPolicy: IMPORTS[index]![variant]!,
  };
}

/** An observer says nothing, but has a place in the tables. */
export function observerImportOf(index: number): PeerRibConfig {
  const peer = peerOfObserver(index);
  const { context, isClient } = OBSERVERS[index]!;
  const ebgp = context.peerType === 'ebgp';
  return { ...peerConfig(), ebgp, peerAs: 64_000 + peer, routerId: peer, rrClient: isClient };
}

export function exportOf(index: number, family: AfiSafi, variant: number): ExportConfig {
  const { context, messageMax, isClient } = OBSERVERS[index]!;
  const ebgp = context.peerType === 'ebgp';
  return {
    ...exportConfig({ ebgp, as4: context.as4, messageMax, selfNextHop: SELF[family] }),
    rrClient: isClient,
    policy: EXPORTS[index]![variant]!,
    // A reflector, so that the internal observer is told what the internal peers say.
    ...(ebgp ? {} : { clusterId: CLUSTER_ID }),
  };
}

export function newFramer(peer: number): Framer {
  const framer = new Framer();
  if (PEERS[peer]!.extendedNextHop) framer.lengthMax = EXTENDED_MESSAGE_LENGTH_MAX;
  return framer;
}
