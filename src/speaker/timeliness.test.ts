/** What must not wait for an input that may never come, and what must wait for one that is on its way. */

import { describe, expect, it } from 'vitest';
import { type IpAddress, ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { encodeEndOfRib } from '../rib/update-packer.ts';
import { announcement } from '../sim/messages.ts';
import { EMPTY_ATTRIBUTES } from '../wire/attributes/codec.ts';
import { WellKnownCommunity } from '../wire/iana.ts';
import { KEEPALIVE } from '../wire/keepalive.ts';
import { BareSpeaker, planWith } from './testing/bare.ts';

describe('a table of routes that a peer is not to get', () => {
  it('does not keep End-of-RIB from it', () => {
    const [source, reader] = [ip('10.0.0.11'), ip('10.0.0.12')];
    const bare = new BareSpeaker();
    // A reflector: what comes from one client is looked at for the other.
    const plan = planWith([source, reader], (peer) => ({ ...peer, rrClient: true }));
    bare.apply({ ...plan, clusterId: ip('10.0.0.1') });
    load(bare, source);
    const connection = bare.establish(reader);
    expect(bare.of('wantsWrite').at(-1)).toMatchObject({ connection });
    // No input comes: the peer is polled for as long as it is not said that nothing is due.
    let said: Uint8Array | undefined;
    let polls = 0;
    do {
      said = bare.speaker.pollTransmit(connection, 65_536);
      polls++;
    } while (said !== undefined && said.length === 0);
    expect(polls).toBeGreaterThan(2);
    expect(said).toEqual(encodeEndOfRib('ipv4-unicast'));
    expect(bare.speaker.pollTransmit(connection, 65_536)).toBeUndefined();
  });
});

/** 70,000 routes that nobody else gets. */
function load(bare: BareSpeaker, source: IpAddress): void {
  const connection = bare.establish(source);
  const about = {
    family: 'ipv4-unicast',
    as4: true,
    attributes: {
      ...EMPTY_ATTRIBUTES,
      nextHop: source,
      localPref: 100,
      communities: [WellKnownCommunity.NoAdvertise],
    },
  } as const;
  for (let i = 0; i < 100; i++) {
    const prefixes = Array.from({ length: 700 }, (_, j) =>
      prefix(`100.${i}.${j >> 2}.${(j & 3) * 64}/26`),
    );
    bare.receive(connection, announcement(prefixes, about));
  }
  while (bare.wake(bare.now + 1).morePending);
}

describe('a node that was stopped for longer than the hold time', () => {
  it('reads what its peers have said meanwhile before it holds their silence against them', () => {
    const [first, second] = [ip('10.0.0.11'), ip('10.0.0.12')];
    const bare = new BareSpeaker();
    bare.apply(planWith([first, second]));
    const connections = [first, second].map((remote) => bare.establish(remote));
    bare.now = 100_000;
    for (const connection of connections) bare.receive(connection, KEEPALIVE);
    bare.wake(100_001);
    expect([first, second].map((remote) => bare.state(remote))).toEqual([
      'Established',
      'Established',
    ]);
    bare.wake(191_000);
    expect(bare.state(first)).not.toBe('Established');
  });
});

describe('a kernel that was out of reach', () => {
  it('is used once it can be read', () => {
    const bare = new BareSpeaker({ kernelEnabled: true });
    bare.apply(planWith(['10.0.0.11']));
    expect(bare.of('kernelDump').length).toBe(1);
    const error = { kind: 'SystemError', call: 'socket', errno: 'EMFILE' } as const;
    bare.step({ type: 'kernelUnavailable', error });
    expect(bare.speaker.view.status().kernel.state).toBe('unavailable');
    expect(bare.of('dial').length).toBe(1);
    bare.wake(2000);
    expect(bare.of('kernelDump').length).toBe(2);
    bare.step({ type: 'kernelDumpStarted' });
    bare.step({ type: 'kernelDumpDone' });
    bare.wake(2001);
    expect(bare.speaker.view.status().kernel).toMatchObject({ state: 'synced' });
    expect(bare.speaker.view.status().kernel.reason).toBeUndefined();
    expect(bare.of('dial').length).toBe(1);
  });
});

describe('a listener', () => {
  it('that fails again and again for one reason is one event until it is open', () => {
    const bare = new BareSpeaker();
    const local = { address: ip('0.0.0.0'), port: 179 };
    const error = { kind: 'SystemError', call: 'bind', errno: 'EADDRINUSE' } as const;
    for (let i = 0; i < 3; i++) bare.step({ type: 'listenerChanged', local, error });
    bare.step({ type: 'listenerChanged', local });
    bare.step({ type: 'listenerChanged', local });
    const told = bare.of('publish').map(({ event }) => event.event);
    expect(told).toEqual(['listener-failed', 'listener']);
  });

  it('is opened only after it knows the keys of its peers', () => {
    const bare = new BareSpeaker();
    bare.apply(planWith(['10.0.0.11'], (peer) => ({ ...peer, password: { value: 'secret' } })));
    const order = bare.effects.map(({ type }) => type).filter((type) => type.startsWith('listen'));
    expect(order).toEqual(['listenerPeers', 'listen']);
  });
});

describe('a hundred quiet peers', () => {
  it('wake a node once a second at most: KEEPALIVEs that are nearly due go out together', () => {
    const addresses = Array.from({ length: 100 }, (_, i) => ip(`10.0.0.${i + 2}`));
    const bare = new BareSpeaker();
    bare.apply(planWith(addresses));
    while (bare.wake(0).morePending);
    const connections = addresses.map((address) => bare.establish(address));
    const sentAt = new Map<number, number[]>();
    let deadline = bare.wake(1).deadline!;
    let wakes = 0;
    let heardAt = 0;
    while (deadline < 300_000) {
      if (deadline - heardAt > 20_000) {
        heardAt = deadline;
        for (const connection of connections) bare.receive(connection, KEEPALIVE);
      }
      const step = bare.wake(deadline);
      wakes++;
      for (const effect of step.effects) {
        if (effect.type !== 'send') continue;
        sentAt.set(effect.connection, [...(sentAt.get(effect.connection) ?? []), bare.now]);
      }
      deadline = step.deadline!;
    }
    expect(wakes).toBeLessThan(330);
    expect(sentAt.size).toBe(100);
    for (const times of sentAt.values()) {
      // RFC 4271 §4.4 and §10: 75 to 100 % of a third of the hold time.
      for (let i = 1; i < times.length; i++) {
        expect(times[i]! - times[i - 1]!).toBeGreaterThanOrEqual(22_500);
        expect(times[i]! - times[i - 1]!).toBeLessThanOrEqual(30_000);
      }
      expect(times.length).toBeGreaterThanOrEqual(9);
    }
  });
});
