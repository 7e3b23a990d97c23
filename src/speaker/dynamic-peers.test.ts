/** Peers that nobody names: who is let in, within which limits, and when they go. */

import { describe, expect, it } from 'vitest';
import { profile } from '../../test/support/any-profile.ts';
import { AssertionError } from '../base/assert.ts';
import type { SpeakerPlan } from '../datastore/plan-types.ts';
import { ip, ipv4ToU32 } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { announcement } from '../sim/messages.ts';
import { planOfNode, resource } from '../sim/resources.ts';
import { EMPTY_ATTRIBUTES } from '../wire/attributes/codec.ts';
import { AsPathSegmentType, MessageType } from '../wire/iana.ts';
import { KEEPALIVE } from '../wire/keepalive.ts';
import { decodeOpen, encodeOpen } from '../wire/open.ts';
import type { ConnectionId } from './inputs.ts';
import { BareSpeaker } from './testing/bare.ts';

const RANGE = { prefix: '10.9.0.0/16', asNumber: 'external' };

function planOf(spec: object, more: readonly object[] = []): SpeakerPlan {
  const documents = [
    resource('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
    resource('Node', 'a', { bgp: { ipv4Address: '10.0.0.1/24' } }),
    profile('p', spec) as object,
    ...more,
  ];
  return planOfNode('a', documents, { flawed: true });
}

function withRange(range: object = {}, more: readonly object[] = []): SpeakerPlan {
  return planOf({ listenRanges: [{ ...RANGE, ...range }] }, more);
}

function speaking(plan: SpeakerPlan): BareSpeaker {
  const speaker = new BareSpeaker();
  speaker.apply(plan);
  return speaker;
}

const PATH = [{ type: AsPathSegmentType.AsSequence, asns: [65_001] }] as const;

interface Said {
  readonly as?: number;
  readonly restartTime?: number;
}

function openOf(address: string, { as = 65_001, restartTime }: Said): Uint8Array {
  return encodeOpen({
    version: 4,
    myAs: as,
    holdTime: 90,
    bgpIdentifier: ipv4ToU32(ip(address)),
    capabilities: [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'fourOctetAs', asn: as },
      ...(restartTime === undefined
        ? []
        : [
            {
              kind: 'gracefulRestart',
              restarting: false,
              notification: false,
              restartTime,
              families: [{ afi: 1, safi: 1, forwarding: true }],
            } as const,
          ]),
    ],
  });
}

function establish(speaker: BareSpeaker, address: string, said: Said = {}): ConnectionId {
  const connection = speaker.accept(ip(address));
  speaker.receive(connection, openOf(address, said));
  speaker.receive(connection, KEEPALIVE);
  return connection;
}

function names(speaker: BareSpeaker): string[] {
  return speaker.speaker.view.neighbors().map(({ name }) => name);
}

function refusals(speaker: BareSpeaker): (string | undefined)[] {
  return speaker.speaker.view.status().unknownCallers.map(({ reason }) => reason);
}

describe('a caller from a listen range', () => {
  it('is a neighbor with what the range says, in the AS that its OPEN says', () => {
    const speaker = speaking(
      planOf({ listenRanges: [RANGE], settings: { timers: { holdTime: '30s' } } }),
    );
    expect(names(speaker)).toEqual([]);
    establish(speaker, '10.9.0.7');
    expect(speaker.speaker.view.neighbors()).toMatchObject([
      {
        name: 'Dynamic_10_9_0_7',
        kind: 'dynamic',
        state: 'Established',
        remoteAs: 65_001,
        type: 'ebgp',
        holdTime: 30,
        origin: 'PeerProfile/p range 10.9.0.0/16',
      },
    ]);
  });

  it('is held to the TTL of the range before it is heard, and a named neighbor in it is not', () => {
    const named = resource('BGPPeer', 'named', { peerIP: '10.9.0.8', asNumber: 65_008 });
    const speaker = speaking(withRange({ ttlSecurity: 2 }, [named]));
    expect(speaker.of('listenerPeers').at(-1)?.peers).toEqual([
      { address: '10.9.0.8' },
      { address: '10.9.0.0/16', minTtl: 254 },
    ]);
  });

  it('goes when its connection ends, and may come again', () => {
    const speaker = speaking(withRange());
    const connection = establish(speaker, '10.9.0.7');
    speaker.step({ type: 'tcpClosed', connection });
    expect(names(speaker)).toEqual([]);
    const told = speaker.of('publish').map(({ event }) => event.event);
    expect(told.slice(-2)).toEqual(['session-down', 'peer-removed']);
    establish(speaker, '10.9.0.7');
    expect(names(speaker)).toEqual(['Dynamic_10_9_0_7']);
  });

  it('that restarts gracefully stays until its restart time is over, and is itself when it is back', () => {
    const speaker = speaking(withRange());
    let connection = establish(speaker, '10.9.0.7', { restartTime: 60 });
    speaker.step({ type: 'tcpClosed', connection });
    expect(names(speaker)).toEqual(['Dynamic_10_9_0_7']);
    speaker.now = 30_000;
    connection = establish(speaker, '10.9.0.7', { restartTime: 60 });
    expect(speaker.state(ip('10.9.0.7'))).toBe('Established');
    speaker.step({ type: 'tcpClosed', connection });
    speaker.wake(89_000);
    expect(names(speaker)).toEqual(['Dynamic_10_9_0_7']);
    speaker.wake(91_000);
    expect(names(speaker)).toEqual([]);
  });

  it('of the wrong AS is refused, waits out its error as any neighbor, and goes', () => {
    for (const [asNumber, as] of [
      ['external', 64_512],
      ['internal', 65_001],
      [65_002, 65_001],
    ] as const) {
      const speaker = speaking(withRange({ asNumber }));
      const connection = speaker.accept(ip('10.9.0.7'));
      speaker.receive(connection, openOf('10.9.0.7', { as }));
      const [neighbor] = speaker.speaker.view.neighbors();
      expect(neighbor!.lastError).toContain(`It says AS ${as}`);
      speaker.accept(ip('10.9.0.7'));
      expect(names(speaker)).toEqual(['Dynamic_10_9_0_7']);
      speaker.wake(6000);
      expect(names(speaker)).toEqual([]);
    }
  });

  it('of the right AS is let in, by number, by internal', () => {
    for (const [asNumber, as] of [
      ['internal', 64_512],
      [65_002, 65_002],
    ] as const) {
      const speaker = speaking(withRange({ asNumber }));
      establish(speaker, '10.9.0.7', { as });
      expect(speaker.state(ip('10.9.0.7'))).toBe('Established');
    }
  });

  it('outside every range is a stranger', () => {
    const speaker = speaking(withRange());
    speaker.accept(ip('10.8.0.7'));
    expect(names(speaker)).toEqual([]);
    expect(refusals(speaker)).toEqual([undefined]);
  });

  it('in two ranges is by the longer one', () => {
    const speaker = speaking(
      planOf({ listenRanges: [RANGE, { prefix: '10.9.1.0/24', asNumber: 65_005 }] }),
    );
    establish(speaker, '10.9.1.7', { as: 65_005 });
    establish(speaker, '10.9.0.7', { as: 65_005 });
    expect(speaker.speaker.view.neighbors().map(({ origin }) => origin)).toEqual([
      'PeerProfile/p range 10.9.0.0/16',
      'PeerProfile/p range 10.9.1.0/24',
    ]);
  });
});

describe('the limits of a range', () => {
  it('refuse who comes when it is full, say so, and let in when somebody has gone', () => {
    const speaker = speaking(withRange({ peersMax: 2 }));
    const first = establish(speaker, '10.9.0.1');
    establish(speaker, '10.9.0.2');
    speaker.accept(ip('10.9.0.3'));
    expect(names(speaker)).toHaveLength(2);
    expect(refusals(speaker)).toEqual([
      'range 10.9.0.0/16 of PeerProfile/p has its 2 neighbors; raise peersMax',
    ]);
    expect(speaker.speaker.view.counters().dynamicRefused).toMatchObject({ full: 1 });
    const event = speaker.of('publish').at(-1)!.event;
    expect(event).toMatchObject({ event: 'unknown-caller', address: '10.9.0.3' });
    speaker.step({ type: 'tcpClosed', connection: first });
    establish(speaker, '10.9.0.3');
    expect(speaker.state(ip('10.9.0.3'))).toBe('Established');
    expect(refusals(speaker)).toEqual([]);
  });

  it('refuse more new neighbors than a minute may have, and refill evenly', () => {
    const speaker = speaking(withRange({ rateMax: 2 }));
    for (const host of [1, 2, 3]) establish(speaker, `10.9.0.${host}`);
    expect(names(speaker)).toHaveLength(2);
    expect(refusals(speaker)[0]).toContain('has had 2 new neighbors within a minute');
    expect(speaker.speaker.view.counters().dynamicRefused).toMatchObject({ rate: 1 });
    speaker.now = 30_000;
    establish(speaker, '10.9.0.3');
    establish(speaker, '10.9.0.4');
    expect(names(speaker)).toHaveLength(3);
  });

  it('let nobody in without the password that should be there', () => {
    const password = { secretKeyRef: { name: 's', key: 'k' } };
    const speaker = speaking(withRange({ password }));
    speaker.accept(ip('10.9.0.1'));
    expect(names(speaker)).toEqual([]);
    expect(refusals(speaker)[0]).toContain('Secret/kube-system/s (it does not exist)');
  });
});

describe('a password of a range', () => {
  it('is one key for the prefix on the listener, and none for each neighbor', () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'kube-system' },
      stringData: { k: 'hush' },
    };
    const password = { secretKeyRef: { name: 's', key: 'k' } };
    const speaker = speaking(withRange({ password }, [secret]));
    establish(speaker, '10.9.0.1');
    const more = resource('BGPPeer', 'q', { peerIP: '10.0.0.9', asNumber: 1, ttlSecurity: 1 });
    speaker.apply(withRange({ password }, [secret, more]));
    expect(speaker.of('listenerPeers').at(-1)!.peers).toEqual([
      { address: '10.0.0.9', minTtl: 255 },
      { address: '10.9.0.0/16', password: 'hush' },
    ]);
    expect(speaker.state(ip('10.9.0.1'))).toBe('Established');
  });
});

describe('a change of the plan', () => {
  const told = (speaker: BareSpeaker): string[] =>
    speaker
      .of('publish')
      .map(({ event }) => event)
      .flatMap((event) => ('peer' in event ? [`${event.event} ${event.peer}`] : []));

  it('that takes the range away takes its neighbors with it', () => {
    const speaker = speaking(withRange());
    establish(speaker, '10.9.0.1');
    speaker.apply(planOf({}));
    expect(names(speaker)).toEqual([]);
    expect(told(speaker).at(-1)).toBe('peer-removed Dynamic_10_9_0_1');
  });

  it('that does not concern the range leaves its neighbors alone', () => {
    const speaker = speaking(withRange());
    establish(speaker, '10.9.0.1');
    const { length } = told(speaker);
    speaker.apply(withRange({}, [resource('BGPPeer', 'q', { peerIP: '10.0.0.9', asNumber: 1 })]));
    expect(told(speaker).slice(length)).toEqual(['peer-added Global_10_0_0_9']);
    expect(speaker.state(ip('10.9.0.1'))).toBe('Established');
  });

  it('of a setting does to a dynamic neighbor what it does to a named one', () => {
    const speaker = speaking(withRange());
    establish(speaker, '10.9.0.1');
    speaker.apply(planOf({ listenRanges: [RANGE], settings: { asOverride: true } }));
    expect(told(speaker).at(-1)).toBe('peer-changed Dynamic_10_9_0_1');
    expect(speaker.state(ip('10.9.0.1'))).toBe('Established');
    speaker.apply(planOf({ listenRanges: [RANGE], settings: { timers: { holdTime: '9s' } } }));
    expect(told(speaker)).toContain('session-down Dynamic_10_9_0_1');
    // Restarted, it waits for a call that need not come.
    expect(names(speaker)).toEqual([]);
  });

  it('that names the neighbor makes it the named one', () => {
    const speaker = speaking(withRange());
    establish(speaker, '10.9.0.1');
    speaker.apply(
      withRange({}, [resource('BGPPeer', 'q', { peerIP: '10.9.0.1', asNumber: 65_001 })]),
    );
    expect(names(speaker)).toEqual(['Global_10_9_0_1']);
  });

  it('to a shorter limit throws nobody out', () => {
    const speaker = speaking(withRange());
    for (const host of [1, 2, 3]) establish(speaker, `10.9.0.${host}`);
    speaker.apply(withRange({ peersMax: 1 }));
    expect(names(speaker)).toHaveLength(3);
    establish(speaker, '10.9.0.4');
    expect(names(speaker)).toHaveLength(3);
  });
});

describe('an operator', () => {
  it('who disables a dynamic neighbor keeps it out; enabled, it may come again', () => {
    const speaker = speaking(withRange());
    establish(speaker, '10.9.0.1');
    const name = 'Dynamic_10_9_0_1';
    speaker.step({ type: 'command', id: 1, command: { command: 'disableNeighbor', name } });
    expect(names(speaker)).toEqual([name]);
    establish(speaker, '10.9.0.1');
    expect(speaker.state(ip('10.9.0.1'))).not.toBe('Established');
    speaker.step({ type: 'command', id: 2, command: { command: 'enableNeighbor', name } });
    expect(names(speaker)).toEqual([]);
    establish(speaker, '10.9.0.1');
    expect(speaker.state(ip('10.9.0.1'))).toBe('Established');
  });
});

describe('a dynamic neighbor that brings out a bug', () => {
  it('is quarantined like any other, kept out meanwhile, and free to call after', () => {
    let armed = false;
    const asns = new Proxy([65_000], {
      get: (target, key) => {
        if (!armed) return Reflect.get(target, key);
        armed = false;
        throw new AssertionError('Assertion failed: a bug for this test');
      },
    });
    const actions = [{ kind: 'prepend' as const, asns }];
    const statements = [{ name: 'breaks', conditions: [], actions }];
    const plan = withRange();
    const [range] = plan.listenRanges!;
    const importPolicy = { name: 'import', statements, otherwise: 'accept' } as const;
    const speaker = speaking({
      ...plan,
      listenRanges: [{ ...range!, peer: { ...range!.peer, importPolicy } }],
    });
    const connection = establish(speaker, '10.9.0.1');
    const attributes = { ...EMPTY_ATTRIBUTES, nextHop: ip('10.9.0.1'), asPath: PATH };
    const about = { family: 'ipv4-unicast', as4: true, attributes } as const;
    armed = true;
    speaker.receive(connection, announcement([prefix('10.244.1.0/26')], about));
    expect(speaker.of('keepEvidence')).toMatchObject([{ peer: 'Dynamic_10_9_0_1' }]);
    const [neighbor] = speaker.speaker.view.neighbors();
    expect(neighbor).toMatchObject({ state: 'Idle', quarantine: { times: 1 } });
    establish(speaker, '10.9.0.1');
    expect(speaker.state(ip('10.9.0.1'))).toBe('Idle');
    speaker.wake(61_000);
    expect(names(speaker)).toEqual([]);
    establish(speaker, '10.9.0.1');
    expect(speaker.state(ip('10.9.0.1'))).toBe('Established');
  });
});

describe('after a restart of ours', () => {
  /** Whether our OPEN to a caller at `now` has the R bit (RFC 4724 §3). */
  function restartBit(now: number): boolean {
    const speaker = new BareSpeaker({ restarting: true });
    speaker.apply(withRange());
    speaker.wake(now);
    speaker.accept(ip('10.9.0.1'));
    const open = speaker.of('send').find(({ octets }) => octets[18] === MessageType.Open)!;
    return decodeOpen(open.octets).capabilities.some(
      (one) => one.kind === 'gracefulRestart' && one.restarting,
    );
  }

  it('those who were there by a range are given time for two attempts before recovery is over', () => {
    expect(restartBit(11_000)).toBe(true);
    expect(restartBit(13_000)).toBe(false);
  });
});
