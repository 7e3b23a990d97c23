/** Routes for which a table has no room are counted, told and shown; the session stays. */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { announcement } from '../sim/messages.ts';
import { EMPTY_ATTRIBUTES } from '../wire/attributes/codec.ts';
import { BareSpeaker, planWith } from './testing/bare.ts';

const PEER = ip('10.0.0.11');

function update(...prefixes: string[]): Uint8Array {
  const attributes = { ...EMPTY_ATTRIBUTES, nextHop: PEER, localPref: 100 };
  const about = { family: 'ipv4-unicast', as4: true, attributes } as const;
  return announcement(prefixes.map(prefix), about);
}

describe('routes that find no room', () => {
  it('are counted each time, told once in ten seconds, and leave the session up', () => {
    const bare = new BareSpeaker({ pathsMax: 2 });
    bare.apply(planWith([PEER]));
    const connection = bare.establish(PEER);
    const told = (): unknown[] =>
      bare.of('publish').flatMap(({ event }) => (event.event === 'routes-refused' ? [event] : []));
    bare.receive(connection, update('10.1.0.0/26', '10.2.0.0/26'));
    expect(told()).toEqual([]);
    bare.receive(connection, update('10.3.0.0/26', '10.4.0.0/26', '10.5.0.0/26'));
    bare.receive(connection, update('10.6.0.0/26'));
    const { name, state, families } = bare.speaker.view.neighbors()[0]!;
    expect(told()).toEqual([
      {
        event: 'routes-refused',
        peer: name,
        family: 'ipv4-unicast',
        refused: 3,
        reason: `a neighbor may have at most 2 ipv4-unicast paths; godwit reset ${name} --soft asks for them again once there is room`,
      },
    ]);
    expect(state).toBe('Established');
    expect(families[0]).toMatchObject({ received: 2, refused: 4 });
    bare.now = 10_000;
    bare.receive(connection, update('10.6.0.0/26'));
    expect(told().at(-1)).toMatchObject({ refused: 5 });
    // What is held already is replaced as ever.
    bare.receive(connection, update('10.1.0.0/26'));
    expect(bare.speaker.view.neighbors()[0]!.families[0]).toMatchObject({ refused: 5 });
  });
});
