/**
 * What observers of a session must have been told of the prefixes that a public test message names, octet by octet,
 * whoever carries the octets: the core stepped by hand, or a daemon over TCP.
 */

import { type Path, plainExport, plainUpdate, plainWithdrawal } from './plain-export.ts';
import { announcedBy, type PlainUpdate, prefixesOf, readPlainUpdate } from './plain-update.ts';
import type { Outcome, Vector } from './public-vectors.ts';

/** AS number and addresses of the speaker under test: none of the public messages has them. */
export const SELF = { as: 64_999, ipv4: '198.51.100.1', ipv6: '2001:db8:ffff::1' } as const;
/** Of who sends the messages; its AS number when it is external. */
export const SENDER = { as: 65_001, address: '198.51.100.2' } as const;

/** The same as octets. */
export const OCTETS = {
  as: '0000fde7',
  ipv4: 'c6336401',
  ipv6: '20010db8ffff00000000000000000001',
  sender4: 'c6336402',
  sender6: '20010db8ffff00000000000000000002',
} as const;

/** Prefixes in one UPDATE of ours; they fit with any attributes that stand here. */
const NLRI_MAX = 150;

export interface Side {
  readonly ebgp: boolean;
  readonly as4: boolean;
}

/** What an observer heard, whole messages, and who is who. */
export interface Hearing {
  readonly heard: readonly string[];
  readonly from: Side;
  readonly to: Side;
}

export interface Judged {
  readonly vector: Vector;
  readonly update: PlainUpdate;
  readonly outcome: Outcome;
}

/** UPDATEs that announce the prefixes, so that whatever a message does with them shows at every observer. */
export function baselineUpdates(prefixes: readonly string[], { ebgp, as4 }: Side): string[] {
  const path = ebgp ? (as4 ? '02010000fde9' : '0201fde9') : '';
  const attributes = [
    { flags: 0x40, type: 1, value: '02' },
    { flags: 0x40, type: 2, value: path },
    { flags: 0xc0, type: 8, value: 'fde7fde7' },
  ];
  const four = [...attributes, { flags: 0x40, type: 3, value: OCTETS.sender4 }];
  return chunks(prefixes).map(([family, nlri]) => {
    const told = { attributes: family === 4 ? four : attributes, nextHop: OCTETS.sender6 };
    return plainUpdate(family, told, nlri);
  });
}

export function withdrawals(prefixes: readonly string[]): string[] {
  return chunks(prefixes).map(([family, nlri]) => plainWithdrawal(family, nlri));
}

/** @throws unless what was heard is just what the outcome asks for, with every prefix announced before. */
export function checkTold(hearing: Hearing, judged: Judged): void {
  const { outcome, update } = judged;
  if (outcome === 'ok' || outcome === 'discard') checkAnnounced(hearing, judged);
  else if (outcome === 'incomplete') mustBe('told', hearing.heard, []);
  else {
    mustBe('announced', announcedIn(hearing.heard), []);
    mustBe('withdrawn', hearing.heard.flatMap(withdrawnBy), prefixesOf(update));
  }
}

export function announcedIn(heard: readonly string[]): string[] {
  return heard.flatMap((said) => announcedBy(readPlainUpdate(said)));
}

/** Throws unless both hold the same, in whatever order. Thousands of times here, so no matcher of the test runner. */
export function mustBe(what: string, seen: readonly string[], wanted: readonly string[]): void {
  const [is, should] = [seen, wanted].map((list) => list.toSorted().join('\n  '));
  if (is !== should) throw new Error(`${what}:\n  ${is}\nand not:\n  ${should}`);
}

/** The last octets are fewer than the header says. */
export function isIncomplete({ hex }: Pick<Vector, 'hex'>): boolean {
  return hex.length < 38 || Number.parseInt(hex.slice(32, 36), 16) * 2 > hex.length;
}

function checkAnnounced(hearing: Hearing, judged: Judged): void {
  const { update } = judged;
  const path = pathOf(hearing, judged);
  const announced = announcedBy(update);
  const [four, six] = ([4, 6] as const).map((family) =>
    announced.some((one) => familyOf(one) === family)
      ? plainExport(update, family, path)
      : undefined,
  );
  const toldOf = (prefix: string) => (familyOf(prefix) === 4 ? four : six);
  const seen: string[] = [];
  const gone: string[] = [];
  for (const said of hearing.heard) {
    const nlri = announcedBy(readPlainUpdate(said));
    const [first] = nlri;
    if (first === undefined) {
      gone.push(...withdrawnBy(said));
      continue;
    }
    const told = toldOf(first);
    const wanted = told === undefined ? 'nothing' : plainUpdate(familyOf(first), told, nlri);
    mustBe('octets', [said], [wanted]);
    seen.push(...nlri);
  }
  const isFor = (prefix: string): boolean => toldOf(prefix) !== undefined;
  mustBe('announced', seen, announced.filter(isFor));
  const others = prefixesOf(update).filter((one) => !announced.includes(one) || !isFor(one));
  mustBe('withdrawn', gone, others);
}

function pathOf({ from, to }: Hearing, { vector, update, outcome }: Judged): Path {
  const discarded = new Set(
    outcome === 'discard' && vector.attrType !== undefined ? [vector.attrType] : [],
  );
  // RFC 7606 §7.7: an AGGREGATOR whose length is not that of its AS numbers.
  const aggregator = update.attributes.find(({ type }) => type === 7)?.value;
  if (aggregator !== undefined && aggregator.length !== (from.as4 ? 16 : 12)) discarded.add(7);
  const { as, ipv4, ipv6, sender4 } = OCTETS;
  return {
    from: { ...from, routerId: sender4 },
    to,
    self: { as, clusterId: ipv4, ipv4, ipv6 },
    discarded,
  };
}

/** Of an UPDATE that announces nothing, which must be as plain as can be. */
function withdrawnBy(said: string): string[] {
  const gone = prefixesOf(readPlainUpdate(said));
  const [first] = gone;
  if (first !== undefined) mustBe('octets', [said], [plainWithdrawal(familyOf(first), gone)]);
  return gone;
}

function familyOf(prefix: string): 4 | 6 {
  return prefix.startsWith('6') ? 6 : 4;
}

function chunks(prefixes: readonly string[]): [4 | 6, string[]][] {
  return ([4, 6] as const).flatMap((family) => {
    const nlri = prefixes.filter((one) => familyOf(one) === family);
    return Array.from({ length: Math.ceil(nlri.length / NLRI_MAX) }, (_, i): [4 | 6, string[]] => [
      family,
      nlri.slice(i * NLRI_MAX, (i + 1) * NLRI_MAX),
    ]);
  });
}
