/** Tables are tidied when peers are silent, or have been talking for too long. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { announcement, withdrawal } from '../sim/messages.ts';
import { EMPTY_ATTRIBUTES } from '../wire/attributes/codec.ts';
import { BareSpeaker, planWith } from './testing/bare.ts';

const PEER = ip('10.0.0.11');
const attributes = { ...EMPTY_ATTRIBUTES, nextHop: PEER, localPref: 100 };
const ANNOUNCED = announcement(['10.1.0.0/26', '10.2.0.0/26'].map(prefix), {
  family: 'ipv4-unicast',
  as4: true,
  attributes,
});
const WITHDRAWN = withdrawal(['10.1.0.0/26', '10.2.0.0/26'].map(prefix), 'ipv4-unicast');
/** Withdraws what nobody has announced. */
const TALK = withdrawal([prefix('10.3.0.0/26')], 'ipv4-unicast');

describe('what nobody needs any more', () => {
  function withdrawn(): { bare: BareSpeaker; held: () => number; talk: () => void } {
    const bare = new BareSpeaker();
    bare.apply(planWith([PEER]));
    const connection = bare.establish(PEER);
    bare.receive(connection, ANNOUNCED);
    bare.wake(1000);
    const held = (): number => bare.speaker.view.status().routes['ipv4-unicast'].prefixes;
    expect(held()).toBe(2);
    bare.receive(connection, WITHDRAWN);
    return { bare, held, talk: () => void bare.receive(connection, TALK) };
  }

  it('is freed 20 ms after the last UPDATE, for which a deadline is set', () => {
    const { bare, held } = withdrawn();
    expect([bare.wake(1001).deadline, held()]).toEqual([1020, 2]);
    bare.wake(1020);
    while (bare.wake(1020).morePending);
    expect(held()).toBe(0);
    expect(bare.wake(1021).deadline).toBeGreaterThan(2000); // the session's own timers
  });

  it('waits while UPDATEs come, but for a second only', () => {
    const { bare, held, talk } = withdrawn();
    for (let now = 1010; now < 2000; now += 10) {
      bare.wake(now);
      talk();
    }
    expect(held()).toBe(2);
    bare.wake(2005);
    expect(held()).toBe(0);
  });
});
