import { describe, expect, it } from 'vitest';
import { AFI_SAFIS } from '../../net/afi-safi.ts';
import { KEEPALIVE } from '../../wire/keepalive.ts';
import { FEED, openOf, SINK, WARM_PLAN } from './warm-plan.ts';
import { WarmSpeaker } from './warm-speaker.ts';
import { warmUp } from './warm-up.ts';
import { warmUpdates } from './warm-updates.ts';

describe('warmUp', () => {
  it.each([true, false])('runs until its time is over (kernel %s)', (kernelEnabled) => {
    const times = [0, 1, 2];
    expect(warmUp(() => times.shift() ?? 1e6, { kernelEnabled })).toBe(2);
  });

  it('runs no round where no time is left', () => {
    let now = 0;
    expect(warmUp(() => (now += 1000), { kernelEnabled: false })).toBe(0);
  });
});

describe('WarmSpeaker', () => {
  it.each([true, false])(
    'goes the whole way: a session, and UPDATEs that reach the sink (kernel %s)',
    (kernelEnabled) => {
      const speaker = new WarmSpeaker(kernelEnabled);
      speaker.step({ type: 'planChanged', plan: WARM_PLAN, revision: 1 });
      const connections = [FEED, SINK].map((peer) => {
        const connection = speaker.accept(peer.address);
        speaker.receive(connection, openOf(peer));
        speaker.receive(connection, KEEPALIVE);
        return connection;
      });
      speaker.settle();
      const before = speaker.octetsSent;
      let received = 0;
      for (const family of AFI_SAFIS) {
        const octets = warmUpdates('announce', family, 10);
        received += octets.length;
        speaker.receive(connections[0]!, octets);
      }
      speaker.settle();
      // Our AS number is in front of each path, and the MED is gone: 20 messages of about the same length.
      expect(speaker.octetsSent - before).toBeGreaterThan(received * 0.8);
    },
  );
});
