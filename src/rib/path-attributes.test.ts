import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { locateUpdate, updateLayout } from '../wire/update.ts';
import { NextHops } from './next-hops.ts';
import { AttributeSets } from './path-attributes.ts';
import { attributes, updateContext, updateMessage } from './testing/support.ts';

const layout = updateLayout();
const P = prefix('10.1.0.0/24');
const six = prefix('2001:db8::/48');

interface ReceiveOptions {
  as4?: boolean;
  family?: 'ipv6-unicast';
  peerType?: 'ebgp' | 'ibgp';
}

function setsAndReceive(): {
  sets: AttributeSets;
  receive: (message: Uint8Array, options?: ReceiveOptions) => number;
} {
  const sets = new AttributeSets({ seed: 2, nextHops: new NextHops(1) });
  return {
    sets,
    receive: (message, { as4 = true, family, peerType = 'ibgp' } = {}) => {
      const context = updateContext({ as4, peerType });
      locateUpdate(message, context, layout);
      return sets.internReceived({ message, layout, context, family: family ?? 'ipv4-unicast' })
        .attributes;
    },
  };
}

describe('AttributeSets', () => {
  it('knows a received block in canonical form again by its set alone', () => {
    const { sets, receive } = setsAndReceive();
    const value = attributes([65001, 65002], { communities: [7], localPref: 100 });
    const one = receive(updateMessage([P], { attributes: value, family: 'ipv4-unicast' }));
    const held = sets.octetsHeld;
    const two = receive(
      updateMessage([P, prefix('10.2.0.0/16')], { attributes: value, family: 'ipv4-unicast' }),
    );
    expect(two).toBe(one);
    expect([sets.size, sets.memoCount, sets.octetsHeld]).toEqual([1, 0, held]);
    expect(sets.decode(one)).toEqual(value);
  });

  it('reads equal octets by what was negotiated, and makes equal meanings one set (RFC 6793)', () => {
    const { sets, receive } = setsAndReceive();
    const options = {
      attributes: attributes([65001], { localPref: 100 }),
      family: 'ipv4-unicast',
    } as const;
    const wide = receive(updateMessage([P], options));
    const narrow = receive(updateMessage([P], { ...options, as4: false }), { as4: false });
    expect(narrow).toBe(wide);
    expect([sets.size, sets.memoCount]).toEqual([1, 1]);
    expect(receive(updateMessage([P], { ...options, as4: false }), { as4: false })).toBe(wide);
    expect([sets.size, sets.memoCount]).toEqual([1, 1]);
  });

  it('judges octets anew when the other kind of peer sends them (RFC 4271 §5.1.5)', () => {
    const { sets, receive } = setsAndReceive();
    const value = attributes([65001], { localPref: 200 });
    const message = updateMessage([P], { attributes: value, family: 'ipv4-unicast' });
    const internal = receive(message);
    // LOCAL_PREF from an external peer is discarded, however often the same octets came from an internal one.
    for (let time = 0; time < 2; time++) {
      const external = receive(message, { peerType: 'ebgp' });
      expect(sets.decode(external).localPref).toBeUndefined();
      expect(external).not.toBe(internal);
    }
    expect(receive(message)).toBe(internal);
  });

  it('remembers what another order of attributes comes to, and looks into it once', () => {
    const { sets, receive } = setsAndReceive();
    const value = attributes([65001], { localPref: 100 });
    const message = updateMessage([P], { attributes: value, family: 'ipv4-unicast' });
    const one = receive(message);
    // ORIGIN, 4 octets, goes behind the attribute that follows it.
    const swapped = message.slice();
    const at = 23;
    const next = at + 4;
    const length = 3 + message[next + 2]!;
    swapped.set(message.subarray(next, next + length), at);
    swapped.set(message.subarray(at, next), at + length);
    expect(receive(swapped)).toBe(one);
    expect(receive(swapped)).toBe(one);
    expect([sets.size, sets.memoCount]).toEqual([1, 1]);
  });

  it('keeps NLRI of MP_REACH_NLRI out of the key (RFC 4760 §3)', () => {
    const { sets, receive } = setsAndReceive();
    const value = attributes([65001], { nextHop: ip('2001:db8::1'), localPref: 100 });
    const family = 'ipv6-unicast' as const;
    const one = receive(updateMessage([six], { attributes: value, family }), { family });
    const more = [six, prefix('2001:db8:1::/48')];
    expect(receive(updateMessage(more, { attributes: value, family }), { family })).toBe(one);
    expect(sets.memoCount).toBe(1);
    const other = { ...value, nextHop: ip('2001:db8::2') };
    expect(receive(updateMessage([six], { attributes: other, family }), { family })).not.toBe(one);
  });

  it('frees set, memory of received octets and next hop together', () => {
    const { sets, receive } = setsAndReceive();
    const value = attributes([65001], { localPref: 100 });
    receive(updateMessage([P], { attributes: value, family: 'ipv4-unicast' }));
    expect(sets.nextHops.size).toBe(1);
    sets.collect(10);
    expect([sets.size, sets.memoCount, sets.octetsHeld, sets.nextHops.size]).toEqual([0, 0, 0, 0]);
  });
});
