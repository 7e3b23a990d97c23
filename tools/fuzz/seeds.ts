/** Valid messages with everything that godwit reads, and what brought others down, to start from in any case. */

import { encodeOpen } from '../../src/wire/open.ts';
import { F2_TRIGGERS } from '../../src/wire/testing/f2-triggers.ts';
import {
  AS_PATH,
  hex,
  MANDATORY,
  message,
  NLRI,
  ORIGIN,
  update,
} from '../../src/wire/testing/fixtures.ts';
import { UNSAFE_TEXTS } from './unsafe-texts.ts';

export interface Seed {
  readonly octets: Uint8Array;
  /** The peer that it suits; undefined = any. */
  readonly peer?: number;
}

/** Index of the peer with ADD-PATH in `PEERS`. */
export const ADD_PATH_PEER = 3;
const GLOBAL = '20010db8000000000000000000000001';
const EVERYTHING = `${MANDATORY} 80 04 04 00000001 40 05 04 00000064 40 06 00 c0 07 08 0000fde9 0a000002
  c0 08 08 fde90001 ffffff01 80 09 04 0a000001 80 0a 08 00000001 00000002 c0 10 08 0002fde900000064
  c0 16 09 00060000000a000002 c0 17 08 00070004 0102abcd c0 19 14 ${'00'.repeat(20)}
  c0 20 0c 0000fde90000000100000002 c0 23 04 0000fde9 c0 28 0a 01 0007 00000000000001 c0 63 03 a1b2c3`;
const MP_REACH = `80 0e 30 0002 01 20 ${GLOBAL} fe800000000000000000000000000001 00 20 20010db8 21 20010db880`;

/** AS numbers of the peers of the speaker (`speaker-lines.ts`), who all say everything that an OPEN can say. */
const AS_OF_PEER = [64_512, 65_001, 65_002, 64_512] as const;

function openOf(peer: number): Seed {
  const asn = AS_OF_PEER[peer]!;
  const families = [
    { afi: 1, safi: 1 },
    { afi: 2, safi: 1 },
  ] as const;
  const octets = encodeOpen({
    version: 4,
    myAs: asn,
    holdTime: 90,
    bgpIdentifier: 0x0a00_000b + peer,
    capabilities: [
      ...families.map((family) => ({ kind: 'multiprotocol', ...family }) as const),
      { kind: 'routeRefresh' },
      { kind: 'enhancedRouteRefresh' },
      { kind: 'extendedMessage' },
      { kind: 'extendedNextHop', entries: [{ afi: 1, safi: 1, nextHopAfi: 2 }] },
      { kind: 'fourOctetAs', asn },
      {
        kind: 'gracefulRestart',
        restarting: true,
        notification: true,
        restartTime: 9,
        families: families.map((family) => ({ ...family, forwarding: true })),
      },
      {
        kind: 'longLivedGracefulRestart',
        families: [{ afi: 1, safi: 1, forwarding: true, staleTime: 60 }],
      },
      { kind: 'addPath', families: families.map((family) => ({ ...family, mode: 'both' })) },
      { kind: 'role', role: 'peer' },
      { kind: 'hostname', host: 'a'.repeat(20), domain: 'b'.repeat(20) },
      { kind: 'softwareVersion', version: 'v'.repeat(20) },
    ],
  });
  return { octets, peer };
}

/** Shutdown communications (RFC 9003), plain and inside a Hard Reset (RFC 8538 §3). */
const CEASES: readonly Uint8Array[] = UNSAFE_TEXTS.flatMap((text) => {
  const plain = [text.length, ...text];
  return [
    message(3, Uint8Array.of(6, 2, ...plain)),
    message(3, Uint8Array.of(6, 4, ...plain)),
    message(3, Uint8Array.of(6, 9, 6, 2, ...plain)),
  ];
});

export const SEEDS: readonly Seed[] = [
  update({
    withdrawn: '18 0a0b0c 20 01020304',
    attributes: EVERYTHING,
    nlri: `${NLRI} 00 20 c0a80101`,
  }),
  update({ attributes: MANDATORY, nlri: '1a 0a0a0a40 1a 0a0a0a80 18 0a0a0a' }),
  update({ attributes: `${MP_REACH} ${ORIGIN} ${AS_PATH} 80 0f 08 0002 01 20 20010db9` }),
  update({
    attributes: `${ORIGIN} 40 02 0a 0202 fde9 5ba0 0101 fdea 40 03 04 0a000001 c0 07 06 5ba0 0a000001
      c0 11 0a 0202 0000fde9 00010001 c0 12 08 00010001 0a000001`,
    nlri: NLRI,
  }),
  update({ withdrawn: '18 0a0a0a 1a 0a0a0a40' }),
  update({ attributes: '80 0f 08 0002 01 20 20010db8' }),
  update({ attributes: '80 0f 03 0002 01' }),
  update({}),
  message(3, hex('0602 05 68656c6c6f')),
  message(4, new Uint8Array(0)),
  message(5, hex('0001 00 01')),
]
  .concat(F2_TRIGGERS.map(({ octets }) => octets))
  .concat(CEASES)
  .map((octets): Seed => ({ octets }))
  .concat([0, 1, 2, 3].map(openOf))
  .concat([
    {
      peer: ADD_PATH_PEER,
      octets: update({
        withdrawn: '00000001 18 0a0b0c',
        attributes: `${MANDATORY} 40 05 04 00000064`,
        nlri: '00000001 18 0a0a0a 00000002 18 0a0a0a 00000001 1a 0a0a0a40',
      }),
    },
    {
      peer: ADD_PATH_PEER,
      octets: update({
        attributes: `80 0e 21 0001 01 10 ${GLOBAL} 00 00000007 18 0a0a0b 00000007 18 0a0a0c
          ${ORIGIN} ${AS_PATH} 40 05 04 00000064`,
      }),
    },
  ]);
