/** Who speaks to the tables and who is told, and a table of one family with all of them in it. */

import type { AfiSafi } from '../../src/net/afi-safi.ts';
import { ip } from '../../src/net/ip-address.ts';
import type { AttributeSets } from '../../src/rib/path-attributes.ts';
import { Rib } from '../../src/rib/rib.ts';
import { exportConfig, peerConfig } from '../../src/rib/testing/support.ts';
import { Framer } from '../../src/wire/framer.ts';
import { EXTENDED_MESSAGE_LENGTH_MAX, MESSAGE_LENGTH_MAX } from '../../src/wire/header.ts';
import type { UpdateContext } from '../../src/wire/update.ts';

const NO_ADD_PATH = { 'ipv4-unicast': false, 'ipv6-unicast': false } as const;
const EBGP: UpdateContext = {
  as4: true,
  peerType: 'ebgp',
  addPathReceive: NO_ADD_PATH,
  extendedNextHop: false,
};
const IBGP: UpdateContext = { ...EBGP, peerType: 'ibgp' };
/** Who speaks: an external peer, an internal one, one of 2-octet AS numbers, one with all extensions. */
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
export const OBSERVERS = [
  { name: 'external observer', context: EBGP, messageMax: MESSAGE_LENGTH_MAX },
  { name: 'internal observer', context: IBGP, messageMax: EXTENDED_MESSAGE_LENGTH_MAX },
  {
    name: 'external observer of 2-octet AS numbers',
    context: { ...EBGP, as4: false },
    messageMax: MESSAGE_LENGTH_MAX,
  },
] as const;

export function ribOf(family: AfiSafi, sets: AttributeSets): Rib {
  const rib = new Rib({ family, sets, seed: 1 });
  PEERS.forEach(({ peerType, addPathReceive }, index) => {
    rib.addPeer(index + 1, {
      ...peerConfig(),
      ebgp: peerType === 'ebgp',
      peerAs: peerType === 'ebgp' ? 65_001 + index : 65_000,
      routerId: 0x0a00_0001 + index,
      address: ip(`10.0.0.${index + 1}`),
      addPathReceive: addPathReceive[family],
    });
  });
  const selfNextHop =
    family === 'ipv4-unicast' ? Uint8Array.of(10, 0, 0, 255) : new Uint8Array(16).fill(0x20);
  OBSERVERS.forEach(({ context, messageMax }, index) => {
    const peer = PEERS.length + 1 + index;
    const ebgp = context.peerType === 'ebgp';
    rib.addPeer(peer, { ...peerConfig(), ebgp, peerAs: 64_000 + peer, routerId: peer });
    const { as4 } = context;
    // A reflector, so that the internal observer is told what the internal peers say.
    const reflector = ebgp ? {} : { clusterId: 0x0a00_00ff };
    rib.join(peer, { ...exportConfig({ ebgp, as4, messageMax, selfNextHop }), ...reflector });
    rib.allowEndOfRib(peer);
  });
  return rib;
}

export function newFramer(peer: number): Framer {
  const framer = new Framer();
  if (PEERS[peer]!.extendedNextHop) framer.lengthMax = EXTENDED_MESSAGE_LENGTH_MAX;
  return framer;
}
