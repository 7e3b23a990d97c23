/** The plain reader reads in the public test messages what Wireshark reads there. */

import { expect, it } from 'vitest';
import { ip, ipFromOctets } from '../../../src/net/ip-address.ts';
import { describeWith } from '../requirements.ts';
import { type PlainUpdate, readPlainUpdate } from './plain-update.ts';
import { readVectors, typeOf, VECTOR_FILES, type Vector } from './public-vectors.ts';

/** Field of Wireshark → the same of ours, as lists of text. */
const FIELDS: Readonly<Record<string, (update: PlainUpdate) => readonly string[]>> = {
  'bgp.update.path_attribute.type_code': ({ attributes }) =>
    attributes.map(({ type }) => `${type}`),
  'bgp.update.path_attribute.length': ({ attributes }) =>
    attributes.map(({ value }) => `${value.length / 2}`),
  'bgp.update.path_attribute.flags': ({ attributes }) =>
    attributes.map(({ flags }) => `0x${flags.toString(16).padStart(2, '0')}`),
  'bgp.update.path_attribute.next_hop': (update) => valuesOf(update, 3).map(address),
  'bgp.update.path_attribute.multi_exit_disc': (update) =>
    valuesOf(update, 4).map((value) => `${Number.parseInt(value, 16)}`),
  'bgp.update.path_attribute.local_pref': (update) =>
    valuesOf(update, 5).map((value) => `${Number.parseInt(value, 16)}`),
  'bgp.withdrawn_prefix': ({ withdrawn }) => withdrawn.map(prefixAddress),
  'bgp.nlri_prefix': ({ nlri }) => nlri.map(prefixAddress),
  'bgp.mp_reach_nlri_ipv6_prefix': ({ mpReach }) => (mpReach?.nlri ?? []).map(prefixAddress),
  'bgp.mp_unreach_nlri_ipv6_prefix': ({ mpUnreach }) => (mpUnreach?.nlri ?? []).map(prefixAddress),
};

describeWith(['test-data'], 'the plain reader of UPDATEs', () => {
  it('reads the attributes and prefixes that Wireshark reads', () => {
    const compared: Record<string, number> = {};
    const problems: string[] = [];
    for (const vector of VECTOR_FILES.flatMap(readVectors).filter(isComparable)) {
      const update = readPlainUpdate(vector.hex);
      for (const [field, read] of Object.entries(FIELDS)) {
        const theirs = vector.tshark.fields[field];
        if (theirs === undefined) continue;
        compared[field] = (compared[field] ?? 0) + 1;
        const [a, b] = [theirs.map(canonical).join(), read(update).map(canonical).join()];
        if (a !== b) problems.push(`${vector.name} ${field}: ${a} and not ${b}`);
      }
    }
    expect(problems).toEqual([]);
    for (const field of Object.keys(FIELDS)) expect(compared[field], field).toBeGreaterThan(8);
  });
});

/**
 * UPDATEs of unicast families that both understand. Not those where Wireshark guesses at ADD-PATH (which shows as several
 * prefixes of less than 8 bits here), and not those with an MP attribute twice.
 */
function isComparable(vector: Vector): boolean {
  if (typeOf(vector) !== 2 || vector.tshark.verdict !== 'ok' || vector.scope !== 'core')
    return false;
  const update = readPlainUpdate(vector.hex);
  const { withdrawn, nlri, mpReach, mpUnreach, attributes, whole } = update;
  const prefixes = [...withdrawn, ...nlri, ...(mpReach?.nlri ?? []), ...(mpUnreach?.nlri ?? [])];
  const isGuess = prefixes.filter((one) => /:0[0-7]/.test(one)).length > 1;
  const isTwice = [14, 15].some((type) => attributes.filter((one) => one.type === type).length > 1);
  return whole && !isGuess && !isTwice;
}

function valuesOf({ attributes }: PlainUpdate, wanted: number): string[] {
  return attributes.filter(({ type }) => type === wanted).map(({ value }) => value);
}

function prefixAddress(nlri: string): string {
  return address(nlri.slice(4).padEnd(nlri.startsWith('4') ? 8 : 32, '0'));
}

function address(octets: string): string {
  return ipFromOctets(Uint8Array.from(Buffer.from(octets, 'hex')));
}

function canonical(text: string): string {
  return /[.:]/.test(text) ? ip(text) : text;
}
