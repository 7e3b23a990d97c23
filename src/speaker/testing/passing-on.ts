/**
 * For the tests of this folder: what observers are told of the prefixes that a public test message names, against
 * what `test/support/vectors` says that they must be told, octet by octet.
 */

import {
  type Path,
  plainExport,
  plainUpdate,
  plainWithdrawal,
} from '../../../test/support/vectors/plain-export.ts';
import {
  announcedBy,
  type PlainUpdate,
  prefixesOf,
  readPlainUpdate,
} from '../../../test/support/vectors/plain-update.ts';
import type { Outcome, Vector } from '../../../test/support/vectors/public-vectors.ts';
import { SELF, type Talk } from './observed.ts';
import type { VectorStage } from './vector-stage.ts';

/** The addresses and AS number of `SELF` and of the sender, as octets. */
export const OCTETS = {
  as: '0000fde7',
  ipv4: 'c6336401',
  ipv6: '20010db8ffff00000000000000000001',
  sender4: 'c6336402',
  sender6: '20010db8ffff00000000000000000002',
} as const;

/** Prefixes in one UPDATE of ours; they fit with any attributes that stand here. */
const NLRI_MAX = 150;

export interface Passed {
  readonly vector: Vector;
  readonly update: PlainUpdate;
  readonly outcome: Outcome;
}

/** Announces the prefixes, so that whatever the message does with them shows at every observer. */
export function tellBaseline(stage: VectorStage, prefixes: readonly string[]): void {
  const { observed, sender, observers, peerType } = stage;
  const path = peerType === 'ibgp' ? '' : sender.party.as4 ? '02010000fde9' : '0201fde9';
  const attributes = [
    { flags: 0x40, type: 1, value: '02' },
    { flags: 0x40, type: 2, value: path },
    { flags: 0xc0, type: 8, value: 'fde7fde7' },
  ];
  const hop = { flags: 0x40, type: 3, value: OCTETS.sender4 };
  each(prefixes, (family, nlri) => {
    const told = {
      attributes: family === 4 ? [...attributes, hop] : attributes,
      nextHop: OCTETS.sender6,
    };
    observed.say(sender, plainUpdate(family, told, nlri));
  });
  for (const observer of observers) {
    mustBe('announced before', toldOf(observer).announced, prefixes);
  }
}

/** Checks what the observers were told, and takes back what the sender announced. */
export function passOn(stage: VectorStage, passed: Passed): void {
  const { observed, sender, observers } = stage;
  const { outcome, update } = passed;
  const prefixes = prefixesOf(update);
  for (const observer of observers) {
    mustBe('state of an observer', [observed.state(observer)!], ['Established']);
    if (outcome === 'ok' || outcome === 'discard') checkAnnounced(stage, observer, passed);
    else if (outcome === 'incomplete') mustBe('told', observer.heard, []);
    else {
      const { announced, withdrawn } = toldOf(observer);
      mustBe('announced', announced, []);
      mustBe('withdrawn', withdrawn, prefixes);
    }
  }
  if (outcome === 'reset' || outcome === 'incomplete') return;
  each(prefixes, (family, nlri) => observed.say(sender, plainWithdrawal(family, nlri)));
  for (const { heard } of observers) heard.length = 0;
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

function checkAnnounced(stage: VectorStage, observer: Talk, passed: Passed): void {
  const { update } = passed;
  const announced = announcedBy(update);
  const seen: string[] = [];
  const gone: string[] = [];
  for (const said of observer.heard) {
    const heard = readPlainUpdate(said);
    const nlri = announcedBy(heard);
    const [first] = nlri;
    if (first === undefined) {
      gone.push(...withdrawnBy(said));
      continue;
    }
    const family = first.startsWith('4') ? 4 : 6;
    const told = plainExport(update, family, pathTo(stage, observer, passed));
    mustBe('octets', [said], [told === undefined ? 'none' : plainUpdate(family, told, nlri)]);
    seen.push(...nlri);
  }
  const path = pathTo(stage, observer, passed);
  const isFor = (prefix: string): boolean =>
    plainExport(update, prefix.startsWith('4') ? 4 : 6, path) !== undefined;
  mustBe('announced', seen, announced.filter(isFor));
  const others = prefixesOf(update).filter((one) => !announced.includes(one) || !isFor(one));
  mustBe('withdrawn', gone, others);
}

function pathTo(stage: VectorStage, observer: Talk, { vector, update, outcome }: Passed): Path {
  const { as4 } = stage.sender.party;
  const discarded = new Set(
    outcome === 'discard' && vector.attrType !== undefined ? [vector.attrType] : [],
  );
  // RFC 7606 §7.7: an AGGREGATOR whose length is not that of its AS numbers.
  const aggregator = update.attributes.find(({ type }) => type === 7)?.value;
  if (aggregator !== undefined && aggregator.length !== (as4 ? 16 : 12)) discarded.add(7);
  return {
    from: { ebgp: stage.peerType === 'ebgp', as4, routerId: OCTETS.sender4 },
    to: { ebgp: observer.party.as !== SELF.as, as4: observer.party.as4 },
    self: { as: OCTETS.as, clusterId: OCTETS.ipv4, ipv4: OCTETS.ipv4, ipv6: OCTETS.ipv6 },
    discarded,
  };
}

/** Takes what `observer` was told. */
function toldOf(observer: Talk): { announced: string[]; withdrawn: string[] } {
  const announced: string[] = [];
  const withdrawn: string[] = [];
  for (const said of observer.take(2)) {
    const nlri = announcedBy(readPlainUpdate(said));
    announced.push(...nlri);
    if (nlri.length === 0) withdrawn.push(...withdrawnBy(said));
  }
  return { announced, withdrawn };
}

/** Of an UPDATE that announces nothing, which must be as plain as can be. */
function withdrawnBy(said: string): string[] {
  const gone = prefixesOf(readPlainUpdate(said));
  mustBe('octets', [said], [plainWithdrawal(gone[0]?.startsWith('6') === true ? 6 : 4, gone)]);
  return gone;
}

function each(
  prefixes: readonly string[],
  visit: (family: 4 | 6, nlri: readonly string[]) => void,
): void {
  for (const family of [4, 6] as const) {
    const nlri = prefixes.filter((one) => one.startsWith(`${family}:`));
    for (let at = 0; at < nlri.length; at += NLRI_MAX) visit(family, nlri.slice(at, at + NLRI_MAX));
  }
}
