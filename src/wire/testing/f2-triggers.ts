/**
 * What brought other daemons down in the years to 2026, as whole messages: the rows of the feature matrix, table F2,
 * that concern what godwit parses. Replayed by `f2.rfc.test.ts`, and where the fuzzer starts from.
 *
 * Rows without a trigger concern what godwit has not: BMP, MRT and RTR readers (13, 27, and parts of 12 and 31),
 * administration without authentication (34), a missing Secret (35; tested in `datastore/`).
 */

import type { UpdateContext } from '../update.ts';
import {
  AS_PATH,
  EBGP,
  hex,
  MANDATORY,
  message,
  NEXT_HOP,
  NLRI,
  OLD,
  ORIGIN,
  type UpdateParts,
  update,
} from './fixtures.ts';

/** `ignored-capability`: the session goes on without it. `nothing`: accepted, and concerns no prefix of ours. */
export type F2Outcome =
  | 'accept'
  | 'discard'
  | 'treat-as-withdraw'
  | 'session-reset'
  | 'ignored-capability'
  | 'nothing';

export interface F2Trigger {
  /** Row of the table. */
  readonly row: number;
  readonly id: string;
  readonly what: string;
  readonly octets: Uint8Array;
  readonly context: UpdateContext;
  readonly outcome: F2Outcome;
}

/** Row, id, what it is, and what it must cost. */
type About = readonly [number, string, string, F2Outcome];

function named([row, id, what, outcome]: About) {
  return { row, id, what, outcome };
}

function updateTrigger(about: About, parts: UpdateParts, context: UpdateContext = EBGP): F2Trigger {
  return { ...named(about), octets: update(parts), context };
}

/** `attributes` behind the mandatory ones, with one prefix. */
function attributeTrigger(about: About, attributes: string): F2Trigger {
  return updateTrigger(about, { attributes: `${MANDATORY} ${attributes}`, nlri: NLRI });
}

function rawTrigger(about: About, type: number, body: string): F2Trigger {
  return { ...named(about), octets: message(type, hex(body)), context: EBGP };
}

const OPEN_FIXED = '04 fde9 005a 0a000001';
/** `capabilities` in one parameter. */
function openTrigger(about: About, capabilities: string): F2Trigger {
  const length = hex(capabilities).length;
  const head = [length + 2, 2, length].map((one) => one.toString(16).padStart(2, '0')).join('');
  return rawTrigger(about, 1, `${OPEN_FIXED} ${head} ${capabilities}`);
}

const hops = (segments: number): string => `02ff${'0000fde9'.repeat(255)}`.repeat(segments);
const wide = (length: number): string => length.toString(16).padStart(4, '0');
const pathOf = (segments: number): string => `50 02 ${wide(segments * 1022)} ${hops(segments)}`;
/** AFI 1 SAFI 133, and what follows the next hop of no octets. */
const flowspec = (nlri: string): string =>
  `${ORIGIN} ${AS_PATH} 90 0e ${wide(5 + hex(nlri).length)} 0001 85 00 00 ${nlri}`;

const UPDATES: readonly F2Trigger[] = [
  updateTrigger(
    [
      1,
      'CVE-2026-49943',
      'AS_PATH of more than 2048 AS numbers in an extended message',
      'treat-as-withdraw',
    ],
    { attributes: `${ORIGIN} ${pathOf(9)} ${NEXT_HOP}`, nlri: NLRI },
  ),
  updateTrigger([2, 'BIRD 2026-07-13', 'flow specification of components without end', 'nothing'], {
    attributes: flowspec('f0ff 01 20 0a000001 03 81 06'),
  }),
  attributeTrigger(
    [3, 'OTC incident of October 2025', 'attribute 35 with an extended length', 'accept'],
    'd0 23 0004 0000fde9',
  ),
  updateTrigger(
    [4, 'CVE-2026-41643', 'malformed AS4_PATH in front of AS_PATH', 'discard'],
    {
      attributes: `c0 11 03 0202 00 ${ORIGIN} 40 02 06 0202 fde9 5ba0 ${NEXT_HOP}`,
      nlri: NLRI,
    },
    OLD,
  ),
  updateTrigger([5, 'CVE-2026-30405', 'NEXT_HOP of 3 octets', 'treat-as-withdraw'], {
    attributes: `${ORIGIN} ${AS_PATH} 40 03 03 0a6300`,
    nlri: NLRI,
  }),
  attributeTrigger(
    [6, 'CVE-2026-37461', 'IPv6 extended community of 19 octets', 'treat-as-withdraw'],
    `c0 19 13 ${'00'.repeat(19)}`,
  ),
  rawTrigger(
    [
      7,
      'CVE-2026-37462',
      'Withdrawn Routes Length that leaves less than nothing for the attributes',
      'session-reset',
    ],
    2,
    '0003 18 0a 0000',
  ),
  updateTrigger(
    [8, 'CVE-2026-42285', 'attribute that ends behind its list, with NLRI', 'treat-as-withdraw'],
    { attributes: `${MANDATORY} 80 04 05 00000001`, nlri: NLRI },
  ),
  attributeTrigger(
    [9, 'CVE-2026-41642', 'unknown attribute flagged well-known', 'session-reset'],
    '40 63 02 0000',
  ),
  updateTrigger(
    [11, 'GHSA-frrj-87jh-2772', 'AS_PATH of no octets from an external peer', 'accept'],
    { attributes: `${ORIGIN} 40 02 00 ${NEXT_HOP}`, nlri: NLRI },
  ),
  updateTrigger(
    [
      11,
      'GHSA-frrj-87jh-2772',
      'confederation segment of no AS numbers from an external peer',
      'treat-as-withdraw',
    ],
    { attributes: `${ORIGIN} 40 02 02 0300 ${NEXT_HOP}`, nlri: NLRI },
  ),
  updateTrigger(
    [
      14,
      'CVE-2023-46565',
      'malformed attribute that is longer than a NOTIFICATION',
      'session-reset',
    ],
    { attributes: `${MANDATORY} 50 63 1000 ${'a5'.repeat(4096)}`, nlri: NLRI },
  ),
  attributeTrigger(
    [19, 'CVE-2023-38802', 'corrupt Tunnel Encapsulation attribute', 'treat-as-withdraw'],
    'c0 17 06 0000 ffff 0000',
  ),
  updateTrigger(
    [20, 'CVE-2023-46752', 'MP_REACH_NLRI that ends inside its next hop', 'session-reset'],
    { attributes: `${ORIGIN} ${AS_PATH} 80 0e 05 0002 01 10 00` },
  ),
  updateTrigger(
    [21, 'CVE-2023-46753', 'only an unknown transitive attribute', 'treat-as-withdraw'],
    { attributes: 'c0 63 03 a1b2c3', nlri: NLRI },
  ),
  updateTrigger(
    [
      22,
      'CVE-2023-47234',
      'MP_UNREACH_NLRI and NLRI without mandatory attributes',
      'treat-as-withdraw',
    ],
    { attributes: '80 0f 08 0002 01 20 20010db8', nlri: NLRI },
  ),
  updateTrigger(
    [23, 'CVE-2023-47235', 'End-of-RIB with a malformed attribute beside it', 'session-reset'],
    { attributes: '80 0f 03 0002 01 40 01 00' },
  ),
  updateTrigger([24, 'CVE-2023-41358', 'NLRI with attributes of length 0', 'treat-as-withdraw'], {
    nlri: NLRI,
  }),
  attributeTrigger(
    [
      25,
      'CVE-2024-44070',
      'Tunnel Encapsulation TLV longer than its attribute',
      'treat-as-withdraw',
    ],
    'c0 17 08 0007 00ff 0102abcd',
  ),
  attributeTrigger(
    [26, 'CVE-2024-31948', 'Prefix-SID TLV longer than its attribute', 'discard'],
    'c0 28 05 01 0007 0000',
  ),
  attributeTrigger(
    [30, 'FRR#22041', 'valid Prefix-SID of an SRv6 VPN, which others could not show', 'accept'],
    `c0 28 1c 05 0019 00 01 0015 00 20010db8${'00'.repeat(12)} 00 0013 00`,
  ),
  attributeTrigger(
    [31, 'FRR log of 2026', 'BGP-LS TLV longer than its attribute', 'discard'],
    '80 1d 05 0400 ffff 00',
  ),
  attributeTrigger(
    [31, 'FRR log of 2026', 'attribute 39 of 3 octets', 'accept'],
    'c0 27 03 0001ff',
  ),
  updateTrigger(
    [
      32,
      'CVE-2023-38283',
      'malformed attribute in the middle, well-formed ones behind it',
      'discard',
    ],
    {
      attributes: `${ORIGIN} ${AS_PATH} c0 07 05 0000fde9 0a ${NEXT_HOP} 80 04 04 0000002a`,
      nlri: NLRI,
    },
  ),
  attributeTrigger(
    [33, 'CVE-2023-4481', 'corrupt optional transitive attribute, relayed by others', 'accept'],
    'e0 80 0c 0000fde9 00 ffff ff 0a00ff00',
  ),
];

const OTHER_FAMILIES: readonly F2Trigger[] = [
  updateTrigger([17, 'CVE-2023-38406', 'flow specification of length 0', 'nothing'], {
    attributes: flowspec('00'),
  }),
  updateTrigger(
    [18, 'CVE-2023-38407', 'labelled unicast whose label stack does not end', 'nothing'],
    { attributes: `${ORIGIN} ${AS_PATH} 80 0e 0d 0001 04 04 0a000001 00 ff 000010` },
  ),
  updateTrigger(
    [
      28,
      'CVE-2026-37457',
      'flow specification whose last operator has no end-of-list bit',
      'nothing',
    ],
    { attributes: flowspec('03 03 01 06') },
  ),
  updateTrigger([29, 'CVE-2026-5107', 'EVPN route of type 2 that is too short', 'nothing'], {
    attributes: `${ORIGIN} ${AS_PATH} 80 0e 0c 0019 46 04 0a000001 00 02 01 ff`,
  }),
];

const OPENS: readonly F2Trigger[] = [
  openTrigger(
    [
      10,
      'GHSA-gjrg-jjr3-56cm',
      '4-octet AS capability of length 0 in front of another capability',
      'ignored-capability',
    ],
    '41 00 01 04 0001 00 01',
  ),
  openTrigger(
    [12, 'CVE-2025-43971', 'software version capability of length 0', 'ignored-capability'],
    '4b 00',
  ),
  rawTrigger(
    [
      15,
      'CVE-2022-40302',
      'extended optional parameters (RFC 9072) that end before their length',
      'session-reset',
    ],
    1,
    `${OPEN_FIXED} ff ff 00`,
  ),
  rawTrigger(
    [15, 'CVE-2022-40318', 'extended optional parameter whose length is cut off', 'session-reset'],
    1,
    `${OPEN_FIXED} ff ff 0002 02 00`,
  ),
  rawTrigger(
    [15, 'CVE-2022-43681', 'optional parameter of a type and no length', 'session-reset'],
    1,
    `${OPEN_FIXED} 01 02`,
  ),
  rawTrigger(
    [16, 'CVE-2022-36440', '4-octet AS capability that ends behind its parameter', 'session-reset'],
    1,
    `${OPEN_FIXED} 06 02 04 41 04 0000`,
  ),
  openTrigger(
    [
      24,
      'CVE-2023-41909 and others',
      'long-lived graceful restart capability of 6 octets',
      'ignored-capability',
    ],
    '47 06 0001 01 00 0000',
  ),
  openTrigger(
    [31, 'FRR log of 2026', 'software version longer than its capability', 'ignored-capability'],
    '4b 02 ff 61',
  ),
];

const REFRESHES: readonly F2Trigger[] = [
  rawTrigger(
    [
      24,
      'CVE-2023-41360',
      'ROUTE-REFRESH with an outbound filter that is cut off: it was not agreed on and is not read',
      'accept',
    ],
    5,
    '0001 00 01 01 40 0010',
  ),
];

const OTHER_TYPES: readonly F2Trigger[] = [
  rawTrigger(
    [
      16,
      'CVE-2022-37032',
      'dynamic CAPABILITY message, which is not spoken here, cut off',
      'session-reset',
    ],
    6,
    '00 01',
  ),
];

export const F2_TRIGGERS: readonly F2Trigger[] = [
  ...UPDATES,
  ...OTHER_FAMILIES,
  ...OPENS,
  ...REFRESHES,
  ...OTHER_TYPES,
];
