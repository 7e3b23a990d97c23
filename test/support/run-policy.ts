/** Evaluates a policy for a route written as text, as tests want it. */

import { ipToOctets } from '../../src/net/ip-address.ts';
import { prefix, prefixAddress, prefixFamily, prefixLength } from '../../src/net/prefix.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import type { PolicySubject, PolicyVerdict } from '../../src/policy/subject.ts';
import type { Policy } from '../../src/policy/types.ts';

/** Canonical attribute octets with LOCAL_PREF alone. */
export function localPref(value: number): Uint8Array {
  return Uint8Array.of(0x40, 5, 4, value >>> 24, value >>> 16, value >>> 8, value);
}

// ORIGIN IGP; AS_PATH sequence 65001 65002, set {65010 65011}, sequence 65003; LOCAL_PREF 200;
// COMMUNITIES 65000:1; LARGE_COMMUNITY 1:2:3. Canonical: ascending, AS numbers of 4 octets.
export const ATTRIBUTES = Uint8Array.of(
  ...[0x40, 1, 1, 0],
  ...[0x40, 2, 26],
  ...[2, 2, 0, 0, 0xfd, 0xe9, 0, 0, 0xfd, 0xea],
  ...[1, 2, 0, 0, 0xfd, 0xf2, 0, 0, 0xfd, 0xf3],
  ...[2, 1, 0, 0, 0xfd, 0xeb],
  ...[0x40, 5, 4, 0, 0, 0, 200],
  ...[0xc0, 8, 4, 0xfd, 0xe8, 0, 1],
  ...[0xd0, 32, 0, 12, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3], // extended length, as a long one has
);

/** A route learned by iBGP with LOCAL_PREF 100, unless `over` says otherwise. */
export function policySubject(text: string, over: Partial<PolicySubject> = {}): PolicySubject {
  const value = prefix(text);
  return {
    family: prefixFamily(value) === 4 ? 'ipv4-unicast' : 'ipv6-unicast',
    prefix: ipToOctets(prefixAddress(value)),
    length: prefixLength(value),
    attributes: localPref(100),
    source: 'bgp',
    peerType: 'ibgp',
    interfaceName: undefined,
    ...over,
  };
}

export function run(
  policy: Policy,
  text: string,
  over: Partial<PolicySubject> = {},
): PolicyVerdict {
  return compilePolicy(policy).evaluate(policySubject(text, over));
}

export function accepts(policy: Policy, text: string, over: Partial<PolicySubject> = {}): boolean {
  return run(policy, text, over).accept;
}
