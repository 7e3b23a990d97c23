/** What a profile says of a session reaches it, and nothing that nobody said. */

import { describe, expect, it } from 'vitest';
import type { PeerSettings } from '../datastore/peer-settings.ts';
import type { SessionConfig } from '../fsm/session-config.ts';
import { ip } from '../net/ip-address.ts';
import { OpenSubcode } from '../wire/iana.ts';
import { Core } from './core.ts';
import { Peer } from './peer.ts';
import { sessionConfigOf } from './session-config.ts';
import { BareSpeaker, openOf, planWith } from './testing/bare.ts';

const PEER = ip('10.0.0.11');

function configOf(settings: PeerSettings, keepaliveTime?: number): SessionConfig {
  const core = new Core({ seed: 1, kernelEnabled: false, restarting: false, now: 0 });
  const [plan] = planWith([PEER]).peers;
  const keepalive = keepaliveTime === undefined ? {} : { keepaliveTime };
  return sessionConfigOf(core, new Peer(1, { ...plan!, ...keepalive, settings }, 0));
}

describe('the settings of a session', () => {
  it('without a profile are the hold time of the plan and the defaults', () => {
    expect(configOf({}).timers).toEqual({ holdTime: 90 });
    expect(configOf({}, 7).timers).toEqual({ holdTime: 90, keepaliveTime: 7 });
    expect(configOf({}).offer!.extendedMessage).toBeUndefined();
  });

  it('have each timer of a profile; the retry time from 75 to 100 % (RFC 4271 §10)', () => {
    const timers = {
      holdTime: 9,
      keepaliveTime: 2,
      minHoldTime: 5,
      connectDelay: 1,
      connectTimeout: 4,
      idleHoldInitial: 2,
      idleHoldMax: 8,
      sendHoldTime: 100,
    };
    expect(configOf({ timers: { ...timers, connectRetry: 8 } }, 7).timers).toEqual({
      ...timers,
      connectRetryMin: 6,
      connectRetryMax: 8,
    });
  });

  it('refuse a peer that offers less than the least hold time, with 2/6', () => {
    const speaker = new BareSpeaker();
    const settings = { timers: { minHoldTime: 120 } };
    speaker.apply(planWith([PEER], (peer) => ({ ...peer, settings })));
    const connection = speaker.accept(PEER);
    speaker.receive(connection, openOf(PEER));
    const { octets } = speaker.of('send').at(-1)!;
    expect([octets[19], octets[20]]).toEqual([2, OpenSubcode.UnacceptableHoldTime]);
    const [neighbor] = speaker.speaker.view.neighbors();
    expect(neighbor!.lastError).toContain('hold time of 90 s, at least 120 s are configured');
  });
});
