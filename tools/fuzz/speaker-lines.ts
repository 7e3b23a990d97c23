/** The peers of the speaker under test: who says damaged things, and who observes. */

import type { SpeakerPlan } from '../../src/datastore/plan-types.ts';
import { AFI_SAFIS } from '../../src/net/afi-safi.ts';
import { type IpAddress, ip, ipv4ToU32 } from '../../src/net/ip-address.ts';
import { prefix } from '../../src/net/prefix.ts';
import type { Policy } from '../../src/policy/types.ts';
import type { ConnectionId } from '../../src/speaker/inputs.ts';
import { planWith } from '../../src/speaker/testing/bare.ts';
import { MESSAGE_LENGTH_MAX } from '../../src/wire/header.ts';
import { encodeOpen } from '../../src/wire/open.ts';
import type { UpdateContext } from '../../src/wire/update.ts';
import { Observer } from './observer.ts';
import { Stream } from './stream.ts';

const LOCAL_AS = 64_512;
/** Own addresses of the node, one a family. */
const ADDRESSES = { ipv4: ip('10.0.0.1'), ipv6: ip('fd00::1') };
/** An internal peer, an external one, one of 2-octet AS numbers, and one that is a client of this reflector. */
const AS_OF_PEER: readonly number[] = [LOCAL_AS, 65_001, 65_002, LOCAL_AS];
/** How many peers there are that say damaged things. */
export const PEERS: number = AS_OF_PEER.length;
const OLD_PEER = 2;
const OBSERVER_AS: readonly number[] = [65_020, LOCAL_AS];
const ACCEPT: Policy = { name: 'everything', statements: [], otherwise: 'accept' };
/** Depends on prefixes and communities, marks, prepends, and names the statement that decided. */
const CHOOSE: Policy = {
  name: 'some',
  statements: [
    {
      name: 'no host routes',
      conditions: [
        {
          kind: 'prefix',
          operator: 'in',
          prefix: prefix('10.0.0.0/8'),
          lengths: { min: 31, max: 32 },
        },
      ],
      actions: [],
      verdict: 'reject',
    },
    {
      name: 'marked before',
      conditions: [{ kind: 'community', value: 0xfde9_000a }],
      actions: [
        { kind: 'addCommunities', values: [0xfc00_0001] },
        { kind: 'prepend', asns: [LOCAL_AS] },
      ],
    },
    {
      name: 'many hops',
      conditions: [{ kind: 'asPathPrefix', asns: [65_001] }],
      actions: [
        { kind: 'setLocalPref', value: 50 },
        { kind: 'addLargeCommunities', values: [[LOCAL_AS, 1, 2]] },
      ],
      verdict: 'accept',
    },
  ],
  otherwise: 'accept',
};
const POLICIES: readonly Policy[] = [ACCEPT, CHOOSE];

const HOLD_TIME = 90;
export interface Line {
  readonly address: IpAddress;
  readonly as: number;
  readonly as4: boolean;
  connection: ConnectionId | undefined;
  isUp: boolean;
  readonly observer: Observer | undefined;
  readonly stream: Stream;
}

/** The peers that say damaged things first, then the observers. */
export function makeLines(): Line[] {
  return [...AS_OF_PEER, ...OBSERVER_AS].map((as, index) => lineOf(as, index));
}

/**
 * A reflector, so that internal peers are told what internal peers say.
 *
 * @param policies  Which of the two each line has, for what comes in and for what goes out.
 */
export function planOf(
  lines: readonly Line[],
  policies: { imports: readonly number[]; exports: readonly number[] },
): SpeakerPlan {
  const plan = planWith(
    lines.map(({ address }) => address),
    (peer) => {
      const index = lines.findIndex(({ address }) => address === peer.remoteAddress);
      const line = lines[index]!;
      return {
        ...peer,
        remoteAs: line.as,
        families: AFI_SAFIS,
        passive: true,
        holdTime: HOLD_TIME,
        restartTime: 120,
        rrClient: line.as === LOCAL_AS && line !== lines[0],
        importPolicy: POLICIES[policies.imports[index]!]!,
        exportPolicy: POLICIES[policies.exports[index]!]!,
      };
    },
  );
  return { ...plan, addresses: ADDRESSES, clusterId: ADDRESSES.ipv4 };
}

function lineOf(as: number, index: number): Line {
  const address = ip(`10.0.0.${11 + index}`);
  const isObserver = index >= PEERS;
  const context: UpdateContext = {
    as4: true,
    peerType: as === LOCAL_AS ? 'ibgp' : 'ebgp',
    addPathReceive: { 'ipv4-unicast': false, 'ipv6-unicast': false },
    extendedNextHop: false,
  };
  const observer = isObserver
    ? new Observer(`the observer in AS ${as}`, context, {
        external: as !== LOCAL_AS,
        as4: true,
        messageMax: MESSAGE_LENGTH_MAX,
        localAs: LOCAL_AS,
        clusterId: ipv4ToU32(ADDRESSES.ipv4),
        nextHops: { 1: '0a000001', 2: `fd${'00'.repeat(14)}01` },
      })
    : undefined;
  const stream = new Stream();
  return {
    address,
    as,
    as4: index !== OLD_PEER,
    connection: undefined,
    isUp: false,
    observer,
    stream,
  };
}

export function openOf({ as, as4, address }: Line): Uint8Array {
  return encodeOpen({
    version: 4,
    myAs: as,
    holdTime: HOLD_TIME,
    bgpIdentifier: ipv4ToU32(address),
    capabilities: [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'multiprotocol', afi: 2, safi: 1 },
      { kind: 'routeRefresh' },
      ...(as4 ? [{ kind: 'fourOctetAs', asn: as } as const] : []),
    ],
  });
}
