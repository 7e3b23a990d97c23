/** A bug of ours that one peer's octets bring out costs that peer, longer each time, and nobody else (DESIGN 3.4). */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { AssertionError } from '../base/assert.ts';
import type { SessionEventType } from '../fsm/events.ts';
import { Session } from '../fsm/session.ts';
import { ip } from '../net/ip-address.ts';
import type { Policy } from '../policy/types.ts';
import { MessageType } from '../wire/iana.ts';
import { KEEPALIVE } from '../wire/keepalive.ts';
import type { ConnectionId } from './inputs.ts';
import { BareSpeaker, planWith } from './testing/bare.ts';
import { type Stage, stage } from './testing/stage.ts';

const A = '10.244.1.0/26';
const REASON = 'AssertionError: Assertion failed: a bug for this test';

/** A policy that breaks once each time it was armed; as data it looks like any other. */
function breaking(): { readonly policy: Policy; readonly arm: () => void } {
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
  return {
    policy: { name: 'broken', statements, otherwise: 'accept' },
    arm: () => {
      armed = true;
    },
  };
}

function broken(): { readonly s: Stage; readonly offend: () => void } {
  const s = stage({ peers: [{}, {}] }).up();
  const [first, ...rest] = s.node.plan!.peers;
  const { policy, arm } = breaking();
  s.node.setPlan({ ...s.node.plan!, peers: [{ ...first!, importPolicy: policy }, ...rest] });
  s.lab.run(1000);
  const offend = (): void => {
    arm();
    s.peer.talk.announce([A]);
    s.lab.run(1000);
  };
  return { s, offend };
}

describe('a peer that brings out a bug', () => {
  it('is reset with Cease, Out of Resources, held for a minute, and said to be', () => {
    const { s, offend } = broken();
    offend();
    expect(s.peer.talk.notifications).toMatchObject([{ code: 6, subcode: 8 }]);
    expect(s.neighbor()).toMatchObject({
      state: 'Idle',
      downBecause: `quarantined after an internal error for 60 s: ${REASON}; report the file in evidence/ of state.dir; godwit clear quarantine ${s.neighbor().name} ends it`,
      quarantines: 1,
      quarantine: { times: 1, reason: REASON },
    });
    expect(s.node.eventsOf('peer-quarantined')).toMatchObject([{ seconds: 60 }]);
    expect(s.paths(A)).toEqual([]);
    expect(s.node.isRunning).toBe(true);
  });

  it('leaves as evidence its OPEN, what it sent before, and what was being handled', () => {
    const { s, offend } = broken();
    s.peer.talk.announce(['10.244.7.0/26']);
    s.lab.run(1000);
    offend();
    const { chunks, reason, open, plan, stack } = s.node.evidence[0]!;
    expect(reason).toBe(REASON);
    expect(stack).toContain('quarantine.test.ts');
    expect(open?.[18]).toBe(MessageType.Open);
    // Of the configuration, what concerns this peer alone.
    expect(plan.peers.map(({ remoteAddress }) => remoteAddress)).toEqual([s.neighbor().address]);
    const octets = chunks.at(-1)!.octets;
    // A whole UPDATE: 16 octets of marker, its length, type 2 (RFC 4271 §4.1).
    expect([...octets.subarray(0, 16)]).toEqual(new Array(16).fill(0xff));
    expect(octets[18]).toBe(MessageType.Update);
    expect((octets[16]! << 8) | octets[17]!).toBe(octets.length);
    const before = Buffer.concat(chunks.slice(0, -1).map((chunk) => chunk.octets));
    // 10.244.7.0/26, and the OPEN at the very beginning.
    expect(before.includes(Buffer.from([26, 10, 244, 7, 0]))).toBe(true);
    expect(before.subarray(0, open!.length).equals(open!)).toBe(true);
  });

  it('costs the others nothing', () => {
    const { s, offend } = broken();
    offend();
    s.peers[1]!.talk.announce(['10.244.2.0/26']);
    s.lab.run(1000);
    expect(s.neighbor(1)).toMatchObject({ state: 'Established', flaps: 0 });
    expect(s.kernel('10.244.2.0/26')).toEqual(['10.0.0.12 dev 2']);
  });

  it('is called again after its time, and held twice as long the next time', () => {
    const { s, offend } = broken();
    offend();
    s.lab.run(75_000);
    expect(s.neighbor().state).toBe('Established');
    offend();
    expect(s.node.eventsOf('peer-quarantined').map(({ seconds }) => seconds)).toEqual([60, 120]);
    s.lab.run(100_000);
    expect(s.neighbor().state).toBe('Idle');
    s.lab.run(30_000);
    expect(s.neighbor().state).toBe('Established');
  });

  it('cannot be enabled by hand out of it, but its quarantine can be cleared; that forgives nothing', () => {
    const { s, offend } = broken();
    offend();
    const { name } = s.neighbor();
    expect(s.node.command({ command: 'enableNeighbor', name })).toContain('quarantined');
    expect(s.node.command({ command: 'clearQuarantine', name })).toBe('');
    expect(s.reasons('quarantine-ended')).toEqual(['cleared by the operator']);
    s.lab.run(15_000);
    expect(s.neighbor()).toMatchObject({ state: 'Established', quarantines: 1 });
    expect(s.neighbor().quarantine).toBeUndefined();
    expect(s.node.command({ command: 'clearQuarantine', name })).toBe('It is not in quarantine');
    offend();
    expect(s.node.eventsOf('peer-quarantined').map(({ seconds }) => seconds)).toEqual([60, 120]);
  });

  it('stays down over a restart of the daemon for what is left of its time', () => {
    const { s, offend } = broken();
    offend();
    s.lab.run(20_000);
    s.node.kill();
    s.lab.run(10_000);
    s.node.start({ restarting: true });
    s.lab.run(15_000);
    expect(s.neighbor()).toMatchObject({ state: 'Idle', quarantine: { times: 1 } });
    expect(s.neighbor(1).state).toBe('Established');
    s.node.submit({ type: 'wake' }); // looks at the clock
    // 1 s of `offend`, 20 + 10 + 15: some 14 s are left.
    expect(Math.round(s.neighbor().quarantine!.leftMs / 1000)).toBe(14);
    s.lab.run(30_000);
    expect(s.neighbor().state).toBe('Established');
    offend();
    expect(s.node.eventsOf('peer-quarantined').map(({ seconds }) => seconds)).toEqual([60, 120]);
  });

  it('stays down when it is taken out of the plan and comes back', () => {
    const { s, offend } = broken();
    offend();
    const plan = s.node.plan!;
    s.node.setPlan({ ...plan, peers: plan.peers.slice(1) });
    s.lab.run(1000);
    s.node.setPlan(plan);
    s.lab.run(10_000);
    expect(s.neighbor()).toMatchObject({ state: 'Idle', quarantine: { times: 1 } });
  });
});

describe('an error of ours', () => {
  const [FIRST, SECOND] = [ip('10.0.0.11'), ip('10.0.0.12')];
  const { handle } = Session.prototype;

  afterEach(() => vi.restoreAllMocks());

  function two(): { readonly bare: BareSpeaker; readonly connection: ConnectionId } {
    const bare = new BareSpeaker();
    bare.apply(planWith([FIRST, SECOND]));
    const connection = bare.establish(FIRST);
    bare.establish(SECOND);
    return { bare, connection };
  }

  /** Sessions cannot take these events any more. */
  function failOn(...types: readonly SessionEventType[]): void {
    vi.spyOn(Session.prototype, 'handle').mockImplementation(function (this: Session, event, now) {
      if (types.includes(event.type)) throw new TypeError(`no row for ${event.type}`);
      return handle.call(this, event, now);
    });
  }

  const quarantined = (bare: BareSpeaker): readonly unknown[] =>
    bare.of('publish').filter(({ event }) => event.event === 'peer-quarantined');

  it('met while a connection of a neighbor ends costs that neighbor alone', () => {
    const { bare, connection } = two();
    failOn('TcpConnectionFails');
    bare.step({ type: 'tcpClosed', connection });
    expect(quarantined(bare)).toMatchObject([
      { event: { reason: 'TypeError: no row for TcpConnectionFails' } },
    ]);
    expect([bare.state(FIRST), bare.state(SECOND)]).toEqual(['Idle', 'Established']);
  });

  it('met while a neighbor calls costs that neighbor alone', () => {
    const bare = new BareSpeaker();
    bare.apply(planWith([FIRST, SECOND]));
    bare.establish(SECOND);
    failOn('TcpConnectionConfirmed', 'AutomaticStart_with_PassiveTcpEstablishment');
    bare.accept(FIRST);
    expect(quarantined(bare)).toHaveLength(1);
    expect([bare.state(FIRST), bare.state(SECOND)]).toEqual(['Idle', 'Established']);
  });

  it('met while a timer of a neighbor fires costs that neighbor alone', () => {
    const { bare } = two();
    vi.spyOn(Session.prototype, 'onTime').mockImplementationOnce(() => {
      throw new TypeError('no such timer');
    });
    bare.wake(31_000);
    expect(quarantined(bare)).toHaveLength(1);
    expect([bare.state(FIRST), bare.state(SECOND)].sort()).toEqual(['Established', 'Idle']);
  });

  it('that leaves the session unable to end still costs that neighbor alone', () => {
    const { bare, connection } = two();
    failOn('KeepAliveMsg', 'AutomaticStop');
    bare.receive(connection, KEEPALIVE);
    expect(quarantined(bare)).toMatchObject([
      { event: { reason: 'TypeError: no row for KeepAliveMsg' } },
    ]);
    expect([bare.state(FIRST), bare.state(SECOND)]).toEqual(['Idle', 'Established']);
    expect(bare.of('hangUp')).toContainEqual({ type: 'hangUp', connection, abort: true });
  });
});
