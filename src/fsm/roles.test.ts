/** BGP Roles in the OPEN (RFC 9234 §4). */

import { describe, expect, it } from 'vitest';
import type { Capability, RoleName } from '../wire/capabilities/capability.ts';
import type { OpenMessage } from '../wire/open.ts';
import { negotiate } from './negotiate.ts';
import { buildOpen } from './offer.ts';
import { oppositeRole } from './roles.ts';
import type { SessionConfig } from './session-config.ts';

const ROLES: readonly RoleName[] = ['provider', 'rs', 'rs-client', 'customer', 'peer'];

function config(role: RoleName, strict = false, remoteAs = 64513): SessionConfig {
  return {
    localAs: 64512,
    remoteAs,
    routerId: 0x0a000001,
    families: ['ipv4-unicast'],
    offer: { role: { role, strict } },
  };
}

function openWith(capabilities: readonly Capability[], asn = 64513): OpenMessage {
  return {
    version: 4,
    myAs: asn,
    holdTime: 90,
    bgpIdentifier: 0x0a000002,
    capabilities: [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'fourOctetAs', asn },
      ...capabilities,
    ],
  };
}

/** `ok`, or the NOTIFICATION as `2/11`, with the sentence. */
function outcome(ours: SessionConfig, ...theirs: readonly Capability[]): string {
  const result = negotiate(ours, openWith(theirs, ours.remoteAs));
  if (result.ok) return 'ok';
  return `${result.notification.code}/${result.notification.subcode} ${result.detail}`;
}

describe('RFC 9234 §4.2 roles', () => {
  it('fit in the pairs of table 2 and in no other', () => {
    const fitting = new Set(['provider customer', 'customer provider', 'rs rs-client']);
    fitting.add('rs-client rs').add('peer peer');
    for (const ours of ROLES) {
      for (const theirs of ROLES) {
        const fits = outcome(config(ours), { kind: 'role', role: theirs }) === 'ok';
        expect(fits, `${ours} with ${theirs}`).toBe(fitting.has(`${ours} ${theirs}`));
        expect(fits).toBe(oppositeRole(ours) === theirs);
      }
    }
  });

  it('that do not fit are refused with Role Mismatch, and the sentence says what would be right', () => {
    expect(outcome(config('customer'), { kind: 'role', role: 'customer' })).toBe(
      '2/11 It says it is our customer: we are its customer, so it must be provider; correct `role` of the PeerProfile, or that of the peer',
    );
  });

  it('may be missing on the other side, unless ours is strict', () => {
    expect(outcome(config('customer'))).toBe('ok');
    expect(outcome(config('customer', true))).toBe(
      '2/11 It names no role, and our role is strict: we are its customer, so it must be provider; correct `role` of the PeerProfile, or that of the peer',
    );
  });

  it('said several times must be the same one', () => {
    const provider: Capability = { kind: 'role', role: 'provider' };
    expect(outcome(config('customer'), provider, provider)).toBe('ok');
    expect(outcome(config('customer'), provider, { kind: 'role', role: 'peer' })).toBe(
      '2/11 It names several roles: provider, peer',
    );
  });

  it('with a number that is nobody’s fit nothing', () => {
    const unknown: Capability = { kind: 'unknown', code: 9, value: Uint8Array.of(7) };
    expect(outcome(config('peer'), unknown)).toMatch(/^2\/11 /);
  });

  it('are neither said nor judged within an AS, nor without a role of ours', () => {
    const internal = config('customer', true, 64512);
    expect(outcome(internal, { kind: 'role', role: 'peer' })).toBe('ok');
    const kinds = (of: SessionConfig): string[] =>
      buildOpen(of).capabilities.map(({ kind }) => kind);
    expect(kinds(internal)).not.toContain('role');
    expect(kinds(config('customer'))).toContain('role');
    const { offer: _none, ...plain } = config('customer');
    expect(outcome(plain, { kind: 'role', role: 'customer' })).toBe('ok');
  });
});
