/** Whom a broken assertion costs what, while a peer's octets are handled (DESIGN 3.4). */

import { describe, expect, it } from 'vitest';
import { AssertionError } from '../base/assert.ts';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import type { Policy } from '../policy/types.ts';
import { announcement } from '../sim/messages.ts';
import { EMPTY_ATTRIBUTES } from '../wire/attributes/codec.ts';
import { BareSpeaker, planWith } from './testing/bare.ts';

const REMOTE = ip('10.0.0.11');

/** A speaker whose import policy meets `error` while it handles an UPDATE. */
function meet(error: AssertionError): BareSpeaker {
  let armed = false;
  const asns = new Proxy([65_000], {
    get: (target, key) => {
      if (armed) throw error;
      return Reflect.get(target, key);
    },
  });
  const actions = [{ kind: 'prepend' as const, asns }];
  const importPolicy: Policy = {
    name: 'breaks',
    statements: [{ name: 'breaks', conditions: [], actions }],
    otherwise: 'accept',
  };
  const bare = new BareSpeaker();
  bare.apply(planWith([REMOTE], (peer) => ({ ...peer, importPolicy })));
  const connection = bare.establish(REMOTE);
  const attributes = { ...EMPTY_ATTRIBUTES, nextHop: REMOTE, localPref: 100 };
  const about = { family: 'ipv4-unicast', as4: true, attributes } as const;
  armed = true;
  bare.receive(connection, announcement([prefix('10.1.0.0/26')], about));
  return bare;
}

describe('a broken assertion', () => {
  it('about one peer costs that peer', () => {
    const bare = meet(new AssertionError('Assertion failed: the table of a peer is its own'));
    expect(bare.state(REMOTE)).toBe('Idle');
    expect(bare.of('hangUp').length).toBeGreaterThan(0);
  });

  it('about what all peers share ends the process: nothing that follows could be trusted', () => {
    const error = new AssertionError('Assertion failed: counted right', { shared: true });
    expect(() => meet(error)).toThrow(error);
  });
});
