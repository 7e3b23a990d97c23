/** Keys and minimum TTLs that the host is told, and new keys for connections that stand. */

import { describe, expect, it } from 'vitest';
import type { PeerPlan } from '../datastore/plan-types.ts';
import { ip } from '../net/ip-address.ts';
import { KEYS_BY_ADDRESS_MAX } from './listener-keys.ts';
import { BareSpeaker, planWith } from './testing/bare.ts';

const [FIRST, SECOND] = [ip('10.0.0.11'), ip('10.0.0.12')];

const secrets = (first: PeerPlan['password'], second?: PeerPlan['password']) =>
  planWith([FIRST, SECOND], (peer) => {
    const password = peer.remoteAddress === FIRST ? first : second;
    return password === undefined ? peer : { ...peer, password };
  });

describe('a password that changes', () => {
  it('goes onto the connections of its own peer, and the session stays', () => {
    const bare = new BareSpeaker();
    bare.apply(secrets({ value: 'one' }, { value: 'two' }));
    const first = bare.establish(FIRST);
    bare.establish(SECOND);
    bare.effects.length = 0;
    bare.apply(secrets({ value: 'new' }, { value: 'two' }));
    expect(bare.of('rekey')).toEqual([{ type: 'rekey', connection: first, password: 'new' }]);
    expect(bare.of('hangUp')).toEqual([]);
    expect([FIRST, SECOND].map((peer) => bare.state(peer))).toEqual(['Established', 'Established']);
    expect(bare.of('listenerPeers').at(-1)?.peers).toEqual([
      { address: FIRST, password: 'new' },
      { address: SECOND, password: 'two' },
    ]);
  });

  it('from none, or to none, restarts the session: segments are signed from the SYN on or never', () => {
    for (const [before, after] of [
      [undefined, { value: 'one' }],
      [{ value: 'one' }, undefined],
    ] as const) {
      const bare = new BareSpeaker();
      bare.apply(secrets(before));
      const first = bare.establish(FIRST);
      bare.establish(SECOND);
      bare.effects.length = 0;
      bare.apply(secrets(after));
      expect(bare.of('rekey')).toEqual([]);
      expect(bare.of('hangUp').map(({ connection }) => connection)).toEqual([first]);
      expect(bare.state(SECOND)).toBe('Established');
    }
  });

  it('that cannot be read any more holds down its own session', () => {
    const bare = new BareSpeaker();
    bare.apply(secrets({ value: 'one' }, { value: 'two' }));
    bare.establish(FIRST);
    bare.establish(SECOND);
    bare.apply(secrets({ missing: 'Secret/a' }, { value: 'two' }));
    expect([FIRST, SECOND].map((peer) => bare.state(peer))).toEqual(['Idle', 'Established']);
  });
});

describe('what the listener is told', () => {
  it('says how segments are signed where a profile asks for TCP-AO, as does a call', () => {
    const bare = new BareSpeaker();
    const settings = { authentication: 'ao' } as const;
    const password = { value: 'one' };
    bare.apply(planWith([FIRST], (peer) => ({ ...peer, password, settings })));
    const told = { password: 'one', authentication: 'ao' };
    expect(bare.of('listenerPeers').at(-1)?.peers).toEqual([{ address: FIRST, ...told }]);
    expect(bare.of('dial')[0]?.dial).toMatchObject(told);
  });

  it('names peers without a password only where keys for prefixes are needed', () => {
    const bare = new BareSpeaker();
    bare.apply(secrets({ value: 'one' }));
    expect(bare.of('listenerPeers').at(-1)?.peers).toEqual([{ address: FIRST, password: 'one' }]);
    const many = Array.from({ length: KEYS_BY_ADDRESS_MAX + 2 }, (_, i) => `10.1.0.${i + 1}`);
    bare.apply(
      planWith(many, (peer) =>
        peer.remoteAddress === '10.1.0.1' ? peer : { ...peer, password: { value: 'mesh' } },
      ),
    );
    expect(bare.of('listenerPeers').at(-1)?.peers).toContainEqual({ address: '10.1.0.1' });
  });
});

describe('a key that the listener does not take', () => {
  it('is told of the peer that it concerns, until it is there', () => {
    const bare = new BareSpeaker();
    bare.apply(secrets({ value: 'one' }));
    const error = {
      kind: 'SystemError',
      call: 'setsockopt(TCP_MD5SIG)',
      errno: 'ENOMEM',
      detail: 'this socket holds no more keys',
    } as const;
    const why = (): string | undefined =>
      bare.speaker.view.neighbors().find(({ address }) => address === FIRST)?.downBecause;
    bare.step({ type: 'listenerKeysChanged', addresses: [FIRST], error });
    expect(why()).toContain(
      'calls of it are refused, since setsockopt(TCP_MD5SIG) failed: this socket holds no more keys',
    );
    bare.step({ type: 'listenerKeysChanged', addresses: [FIRST] });
    expect(why()).not.toContain('refused');
  });
});
