/** Whatever happens to a session, in whatever order: what always holds. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/support/runs.ts';
import { Prng } from '../base/prng.ts';
import { ceaseNotification, notification } from '../wire/notification.ts';
import type { OpenMessage } from '../wire/open.ts';
import type { SessionEvent } from './events.ts';
import { Session } from './session.ts';
import type { SessionConfig } from './session-config.ts';
import type { SessionOutput } from './session-output.ts';

const OPEN: OpenMessage = {
  version: 4,
  myAs: 64513,
  holdTime: 90,
  bgpIdentifier: 2,
  capabilities: [],
};

const event: fc.Arbitrary<SessionEvent> = fc.constantFrom<SessionEvent>(
  { type: 'ManualStart' },
  { type: 'ManualStop', message: 'test' },
  { type: 'ManualStop', silent: true },
  { type: 'AutomaticStart' },
  { type: 'AutomaticStart_with_PassiveTcpEstablishment' },
  { type: 'AutomaticStart_with_DampPeerOscillations' },
  { type: 'AutomaticStop', subcode: 1 },
  { type: 'TcpConnection_Valid' },
  { type: 'Tcp_CR_Invalid' },
  { type: 'Tcp_CR_Acked' },
  { type: 'TcpConnectionConfirmed' },
  { type: 'TcpConnectionFails' },
  { type: 'BGPOpen', open: OPEN },
  { type: 'BGPOpen', open: { ...OPEN, myAs: 1 } },
  { type: 'BGPOpen', open: { ...OPEN, holdTime: 0 } },
  { type: 'BGPHeaderErr', notification: notification(1, 2) },
  { type: 'BGPOpenMsgErr', notification: notification(2, 1) },
  { type: 'OpenCollisionDump' },
  { type: 'NotifMsg', notification: notification(2, 1) },
  { type: 'NotifMsg', notification: ceaseNotification(4) },
  { type: 'KeepAliveMsg' },
  { type: 'UpdateMsg' },
  { type: 'UpdateMsgErr', notification: notification(3, 1) },
  { type: 'RouteRefreshMsg' },
);

/** `after` ms later: timers that are due, then the event; undefined is time alone. */
const step = fc.record({
  after: fc.constantFrom(0, 1, 500, 2_000, 5_000, 30_000, 91_000, 300_000),
  event: fc.oneof(
    { weight: 4, arbitrary: event },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
});
const config: fc.Arbitrary<SessionConfig> = fc.record({
  localAs: fc.constant(64512),
  remoteAs: fc.constant(64513),
  routerId: fc.constant(1),
  families: fc.constant(['ipv4-unicast'] as const),
  passive: fc.boolean(),
  accepted: fc.boolean(),
  timers: fc.constantFrom({}, { delayOpenTime: 3 }, { holdTime: 0 }, { connectDelay: 2 }),
});

/** Follows the outputs as an owner would, and checks each. */
class Owner {
  connection: 'none' | 'wanted' = 'none';
  state = 'Idle';

  take(outputs: readonly SessionOutput[], session: Session): void {
    for (const output of outputs) {
      if (output.do === 'dial') {
        expect(this.connection, 'dials only without a connection').toBe('none');
        expect(session.passive, 'a passive session never dials').toBe(false);
        this.connection = 'wanted';
      }
      if (output.do === 'hangUp') {
        expect(this.connection, 'hangs up only what there is').toBe('wanted');
        this.connection = 'none';
      }
      if (output.do === 'send') {
        expect(this.connection, 'sends only on a connection').toBe('wanted');
      }
      if (output.do === 'state') {
        expect(output.from).toBe(this.state);
        this.state = output.to;
      }
    }
    expect(session.state).toBe(this.state);
    expect(session.hasConnection).toBe(this.connection === 'wanted');
  }

  /** What the world can signal: no connection succeeds twice, none fails that is not there. */
  allows(next: SessionEvent, session: Session): boolean {
    if (next.type === 'Tcp_CR_Acked')
      return session.state === 'Connect' && !session.delayOpenRunning;
    if (next.type === 'TcpConnectionConfirmed') return session.wantsCall;
    if (next.type === 'TcpConnectionFails') return this.connection === 'wanted';
    return true;
  }

  note(next: SessionEvent): void {
    if (next.type === 'TcpConnectionConfirmed') this.connection = 'wanted';
    if (next.type === 'TcpConnectionFails') this.connection = 'none';
  }
}

describe('Session, whatever happens', () => {
  it('never throws, wants at most one connection, and sends nothing without one', () => {
    fc.assert(
      fc.property(config, fc.array(step, { maxLength: 40 }), (settings, steps) => {
        const session = new Session(settings, new Prng(3));
        const owner = new Owner();
        let now = 0;
        for (const { after, event: next } of steps) {
          now += after;
          owner.take(session.onTime(now), session);
          if (next !== undefined && owner.allows(next, session)) {
            owner.note(next);
            owner.take(session.handle(next, now), session);
          }
          expectConsistent(session, now);
        }
      }),
      runs(1_000),
    );
  });
});

function expectConsistent(session: Session, now: number): void {
  const { state } = session;
  const open = state === 'OpenSent' || state === 'OpenConfirm' || state === 'Established';
  expect(session.negotiated !== undefined).toBe(state === 'OpenConfirm' || state === 'Established');
  if (state === 'Idle') expect(session.hasConnection).toBe(false);
  if (state === 'Connect' || open) expect(session.hasConnection).toBe(true);
  const deadline = session.deadline();
  // Only a session that waits for others alone has no deadline: stopped, passive, or with a hold time of 0.
  if (state === 'Connect' || state === 'OpenSent') expect(deadline).toBeDefined();
  if (open && session.negotiated !== undefined && session.negotiated.holdTime > 0) {
    expect(deadline).toBeDefined();
  }
  if (state === 'Active' && !session.passive) expect(deadline).toBeDefined();
  if (deadline !== undefined) expect(deadline).toBeGreaterThanOrEqual(now);
}
