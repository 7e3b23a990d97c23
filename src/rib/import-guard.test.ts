/** What is not used whatever import policy says: RFC 9234 §5, RFC 9774, limits. */

import { describe, expect, it } from 'vitest';
import { encodeAttributes } from '../wire/attributes/codec.ts';
import type { PathAttributes } from '../wire/attributes/path-attributes.ts';
import type { RoleName } from '../wire/capabilities/capability.ts';
import { AttributeTable } from './attribute-table.ts';
import { type ImportGuard, isSameGuard, otcToAdd, refusalOf, refusalText } from './import-guard.ts';
import { NextHops } from './next-hops.ts';
import { attributes } from './testing/support.ts';

const PEER_AS = 65001;
const ROLES: readonly RoleName[] = ['provider', 'rs', 'rs-client', 'customer', 'peer'];

function judge(guard: ImportGuard, asns: readonly number[], rest: Partial<PathAttributes> = {}) {
  const sets = new AttributeTable({ seed: 1, nextHops: new NextHops(1) });
  const id = sets.intern(encodeAttributes(attributes(asns, rest), 'ipv4-unicast'));
  sets.loadFacts(id);
  const peer = { guard, peerAs: PEER_AS };
  const refusal = refusalOf(peer, sets, id);
  return { refusal, otc: refusal === undefined ? otcToAdd(peer, sets.flagsOf(id)) : 0 };
}

describe('RFC 9234 §5, ingress', () => {
  it('takes OTC from providers and route servers, and from a peer only its own', () => {
    const verdicts = (otc: number): Record<string, unknown> =>
      Object.fromEntries(
        ROLES.map((peerRole) => [peerRole, judge({ peerRole }, [PEER_AS], { otc }).refusal]),
      );
    const leak = 'otc-leak';
    expect(verdicts(PEER_AS)).toEqual({ customer: leak, 'rs-client': leak });
    expect(verdicts(65009)).toEqual({ customer: leak, 'rs-client': leak, peer: leak });
  });

  it('adds the AS of the peer where OTC is missing from a provider, peer or route server', () => {
    const added = Object.fromEntries(
      ROLES.map((peerRole) => [peerRole, judge({ peerRole }, [PEER_AS]).otc]),
    );
    expect(added).toEqual({
      provider: PEER_AS,
      rs: PEER_AS,
      peer: PEER_AS,
      customer: 0,
      'rs-client': 0,
    });
    expect(judge({ peerRole: 'provider' }, [PEER_AS], { otc: 65009 }).otc).toBe(0);
  });

  it('says and adds nothing without roles', () => {
    expect(judge({}, [PEER_AS], { otc: 65009 })).toEqual({ refusal: undefined, otc: 0 });
    expect(judge({}, [PEER_AS])).toEqual({ refusal: undefined, otc: 0 });
  });
});

describe('RFC 9774', () => {
  const asPath = (type: 1 | 4): Partial<PathAttributes> => ({
    asPath: [
      { type: 2, asns: [PEER_AS] },
      { type, asns: [65010, 65011] },
    ],
  });

  it('refuses AS_SET and AS_CONFED_SET wherever they stand, unless they are accepted', () => {
    for (const type of [1, 4] as const) {
      expect(judge({ rejectsAsSets: true }, [], asPath(type)).refusal).toBe('as-set');
      expect(judge({ rejectsAsSets: false }, [], asPath(type)).refusal).toBeUndefined();
    }
    expect(judge({ rejectsAsSets: true }, [PEER_AS, 65010]).refusal).toBeUndefined();
  });
});

describe('limits', () => {
  it('count every AS number of AS_PATH, prepended ones too', () => {
    const guard = { asPathLengthMax: 3 };
    expect(judge(guard, [PEER_AS, PEER_AS, PEER_AS]).refusal).toBeUndefined();
    expect(judge(guard, [PEER_AS, PEER_AS, PEER_AS, 1]).refusal).toBe('as-path-length');
    expect(judge({ asPathLengthMax: 0 }, []).refusal).toBeUndefined();
  });

  it('count communities of all kinds together', () => {
    const rest: Partial<PathAttributes> = {
      communities: [1, 2],
      largeCommunities: [[1, 2, 3]],
      extendedCommunities: ['0002fde800000064'],
    };
    expect(judge({ communitiesMax: 4 }, [], rest).refusal).toBeUndefined();
    expect(judge({ communitiesMax: 3 }, [], rest).refusal).toBe('communities');
  });

  it('name themselves in what people read', () => {
    expect(refusalText('communities', { communitiesMax: 3 })).toBe(
      'more communities than limits.communities 3',
    );
    expect(refusalText('otc-leak', { peerRole: 'customer' })).toContain('from a customer');
  });

  it('that change have paths judged again', () => {
    expect(isSameGuard({ communitiesMax: 3 }, { communitiesMax: 3 })).toBe(true);
    expect(isSameGuard({ communitiesMax: 3 }, { communitiesMax: 4 })).toBe(false);
    expect(isSameGuard(undefined, { peerRole: 'peer' })).toBe(false);
  });
});
