/** Deadlines: which timers run, for how long, and what a hold time of 0 means. */

import { describe, expect, it } from 'vitest';
import { Prng } from '../base/prng.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import { RunningTimers } from './running-timers.ts';
import { resolveTimers } from './timers.ts';

const timers = (): RunningTimers => new RunningTimers(resolveTimers(), new Prng(1));
const agreed = (holdTime: number): NegotiatedSession => ({
  peerType: 'ibgp',
  remoteAs: 1,
  remoteIdentifier: 1,
  as4: true,
  families: ['ipv4-unicast'],
  routeRefresh: true,
  enhancedRouteRefresh: false,
  extendedMessage: false,
  addPath: {
    'ipv4-unicast': { send: false, receive: false },
    'ipv6-unicast': { send: false, receive: false },
  },
  extendedNextHop: [],
  holdTime,
  keepaliveTime: holdTime / 3,
  gracefulRestart: undefined,
  longLived: undefined,
  capabilities: [],
});

describe('RunningTimers', () => {
  it('has no deadline until a timer is started, and none after all are stopped', () => {
    const running = timers();
    expect(running.earliest()).toBeUndefined();
    running.start('HoldTimer', 'initialHoldTime', 1_000);
    running.start('ConnectRetryTimer', 'connectTimeout', 1_000);
    expect(running.earliest()).toBe(6_000);
    running.stop('ConnectRetryTimer');
    expect(running.earliest()).toBe(241_000);
    running.stopAll();
    expect(running.earliest()).toBeUndefined();
  });

  it('gives a due timer once', () => {
    const running = timers();
    running.start('ConnectRetryTimer', 'connectTimeout', 0);
    expect(running.takeDue('ConnectRetryTimer', 4_999)).toBe(false);
    expect(running.takeDue('ConnectRetryTimer', 5_000)).toBe(true);
    expect(running.takeDue('ConnectRetryTimer', 5_000)).toBe(false);
  });

  it('runs HoldTimer and KeepaliveTimer as negotiated, SendHoldTimer for 8 minutes at least', () => {
    const running = timers();
    running.adopt(agreed(90), 0);
    expect(running.isRunning('HoldTimer')).toBe(true);
    expect(running.earliest()).toBeLessThanOrEqual(30_000);
    expect(running).toMatchObject({ holdTime: 90, sendHoldTime: 480 });
    running.adopt(agreed(600), 0);
    expect(running.sendHoldTime).toBe(1_200); // RFC 9687 §4: twice the hold time
  });

  it('runs none of them when the hold time is 0, also when told to restart (RFC 4271 §4.2)', () => {
    const running = timers();
    running.adopt(agreed(0), 0);
    running.restartHold(1);
    running.restartSendHold(1);
    running.start('KeepaliveTimer', 'negotiated', 1);
    running.start('SendHoldTimer', 'negotiated', 1);
    expect(running.earliest()).toBeUndefined();
  });

  it('lets a KEEPALIVE go out a second ahead with others, never before 75 % of its time (RFC 4271 §10)', () => {
    for (let seed = 0; seed < 200; seed++) {
      for (const holdTime of [3, 90, 600]) {
        const running = new RunningTimers(resolveTimers(), new Prng(seed));
        running.adopt(agreed(holdTime), 5000);
        const due = running.earliest()! - 5000;
        const span = (holdTime / 3) * 1000;
        const first = Math.max(span * 0.75, due - 1000);
        expect(running.mayKeepalive(5000 + first - 1)).toBe(false);
        expect(running.mayKeepalive(5000 + first)).toBe(true);
      }
    }
    const off = timers();
    off.adopt(agreed(0), 0);
    expect(off.mayKeepalive(1e6)).toBe(false);
  });

  it('forgets what was negotiated', () => {
    const running = timers();
    running.adopt(agreed(90), 0);
    running.stopAll();
    running.forgetNegotiated();
    running.restartHold(1);
    expect(running.earliest()).toBeUndefined();
  });
});
