import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { ipToOctets } from '../net/ip-address.ts';
import {
  type Prefix,
  prefixAddress,
  prefixContains,
  prefixFamily,
  prefixFrom,
  prefixLength,
} from '../net/prefix.ts';
import { isInside, octetPrefix, PrefixSet } from './prefix-match.ts';
import type { PolicySubject } from './subject.ts';

/** Few distinct octets, so that containment is frequent. */
const octet = fc.constantFrom(0, 1, 2, 64, 128, 255);
const anyPrefix = fc.oneof(
  fc
    .tuple(fc.array(octet, { minLength: 4, maxLength: 4 }), fc.nat(32))
    .map(([octets, length]) => prefixFrom(Uint8Array.from(octets), length)),
  fc
    .tuple(fc.array(octet, { minLength: 16, maxLength: 16 }), fc.nat(128))
    .map(([octets, length]) => prefixFrom(Uint8Array.from(octets), length)),
);

function subjectOf(value: Prefix): PolicySubject {
  return {
    family: prefixFamily(value) === 4 ? 'ipv4-unicast' : 'ipv6-unicast',
    prefix: ipToOctets(prefixAddress(value)),
    length: prefixLength(value),
    attributes: new Uint8Array(),
    source: 'bgp',
    peerType: 'ebgp',
    interfaceName: undefined,
  };
}

describe('prefix tests on octets', () => {
  it('agree with containment of prefixes as values', () => {
    fc.assert(
      fc.property(anyPrefix, anyPrefix, (outer, inner) => {
        expect(isInside(subjectOf(inner), octetPrefix(outer))).toBe(prefixContains(outer, inner));
      }),
      runs(500),
    );
  });

  it('agree for sets of any size and nesting', () => {
    fc.assert(
      fc.property(fc.array(anyPrefix, { maxLength: 20 }), anyPrefix, (prefixes, inner) => {
        const expected = prefixes.some((outer) => prefixContains(outer, inner));
        expect(new PrefixSet(prefixes).containsSubject(subjectOf(inner))).toBe(expected);
      }),
      runs(1000),
    );
  });
});
