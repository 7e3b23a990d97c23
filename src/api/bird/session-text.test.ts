/** BIRD's words for what a session is and why it is not up: calicoctl and the probes split them at blanks. */

import { describe, expect, it } from 'vitest';
import type { DownReason } from '../../fsm/down-reason.ts';
import type { NeighborDetailView, NeighborView } from '../../speaker/snapshot.ts';
import { notification } from '../../wire/notification.ts';
import { BirdStage } from '../testing/bird.ts';
import { bgpInfo, bgpProtocolState, bgpState, lastError } from './session-text.ts';

const bird = new BirdStage();
bird.stage.up();
const established = bird.view.neighbors()[0]!;

function neighbor(
  more: Partial<Omit<NeighborView, 'detail'>>,
  detail: Partial<NeighborDetailView> = {},
): NeighborView {
  return { ...established, ...more, detail: { ...established.detail, ...detail } };
}

const down = (lastDown: DownReason): NeighborView => neighbor({ state: 'Active' }, { lastDown });

describe('the state', () => {
  it.each([
    ['Established', {}, {}, 'up', 'Established'],
    ['OpenSent', {}, {}, 'start', 'OpenSent'],
    ['Idle', {}, {}, 'start', 'Idle'],
    ['Active', { passive: true }, {}, 'start', 'Passive'],
    ['OpenConfirm', { passive: true }, {}, 'start', 'OpenConfirm'],
    ['Active', {}, { heldBecause: 'no password' }, 'start', 'Idle'],
    ['Idle', {}, { disabled: true, heldBecause: 'by the operator' }, 'down', 'Down'],
  ] as const)('%s %o %o is %s and %s', (state, more, detail, protocol, shown) => {
    const one = neighbor({ state, ...more }, detail);
    expect([bgpProtocolState(one), bgpState(one)]).toEqual([protocol, shown]);
  });

  it('stands in 14 columns before the error, and not at all when the protocol is down', () => {
    expect(bgpInfo(established)).toBe('Established   ');
    expect(bgpInfo(down({ kind: 'FsmError', state: 'OpenSent', event: 'KeepAliveMsg' }))).toBe(
      'Active        BGP Error: Finite state machine error',
    );
    expect(bgpInfo(neighbor({ state: 'Idle' }, { disabled: true }))).toBe('');
  });
});

describe('the last error', () => {
  const tcp = (errno: string): DownReason => ({
    kind: 'TcpFailed',
    state: 'Connect',
    error: { kind: 'SystemError', call: 'connect', errno },
  });
  it.each<readonly [DownReason, string]>([
    [tcp('ECONNREFUSED'), 'Socket: Connection refused'],
    [tcp('EHOSTUNREACH'), 'Socket: No route to host'],
    [tcp('EXOTIC'), 'Socket: EXOTIC'],
    [{ kind: 'TcpFailed', state: 'OpenSent' }, 'Socket: Connection closed'],
    [{ kind: 'ConnectTimedOut', seconds: 5 }, 'Socket: Connection timed out'],
    [
      { kind: 'HoldTimerExpired', state: 'Established', holdTime: 90 },
      'BGP Error: Hold timer expired',
    ],
    [
      {
        kind: 'NotificationReceived',
        state: 'OpenSent',
        notification: notification(2, 2),
        localAs: 1,
      },
      'Received: Bad peer AS',
    ],
    [
      { kind: 'PeerFault', notification: notification(3, 11), detail: '' },
      'BGP Error: Malformed AS_PATH',
    ],
    [
      { kind: 'PeerFault', notification: notification(9, 9), detail: '' },
      'BGP Error: Unknown error 9.9',
    ],
    [{ kind: 'Stopped', by: 'system', detail: {} }, ''],
    [{ kind: 'Collision' }, ''],
  ])('of %o is "%s"', (reason, text) => {
    expect(lastError(down(reason))).toBe(text);
  });

  it('is why the session is held down, where it is', () => {
    const held = neighbor({ state: 'Idle' }, { heldBecause: 'the Secret bgp\nis missing' });
    expect(lastError(held)).toBe('Error: the Secret bgp is missing');
  });
});
