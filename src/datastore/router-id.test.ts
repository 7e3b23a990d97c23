/** Where the BGP Identifier comes from (calico model 2.7). */

import { describe, expect, it } from 'vitest';
import { mustPlan, node, planOf, resource } from '../../test/support/resources.ts';
import { hashedRouterId } from './router-id.ts';

const A = node('a', '10.0.0.1');

describe('the BGP Identifier of a node', () => {
  it('the BGP Identifier is CALICO_ROUTER_ID, the IPv4 address, or a hash of the name', () => {
    expect(mustPlan('a', [A]).routerId).toBe('10.0.0.1');
    expect(mustPlan('a', [A], { routerId: '1.2.3.4' }).routerId).toBe('1.2.3.4');
    expect(mustPlan('a', [A], { routerId: 'hash' }).routerId).toBe(hashedRouterId('a'));
    const six = resource('Node', 'a', { bgp: { ipv6Address: 'fd00::1/64' } });
    expect(mustPlan('a', [six]).routerId).toBe(hashedRouterId('a'));
  });

  it('the hash is the first four octets of SHA-256, the first below 224', () => {
    // sha256("a") begins ca978112.
    expect(hashedRouterId('a')).toBe('202.151.129.18');
    for (let i = 0; i < 300; i++) {
      expect(Number(hashedRouterId(`node-${i}`).split('.')[0])).toBeLessThan(224);
    }
  });

  it('a wrong CALICO_ROUTER_ID is named and the address used', () => {
    const { plan, problems } = planOf('a', [A], { routerId: '0.0.0.0' });
    expect(plan!.routerId).toBe('10.0.0.1');
    expect(problems).toContainEqual(expect.objectContaining({ code: 'BadRouterId' }));
  });
});
