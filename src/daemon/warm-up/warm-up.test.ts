import { describe, expect, it } from 'vitest';
import { mustPlan, resource } from '../../../test/support/resources.ts';
import type { SpeakerPlan } from '../../datastore/plan-types.ts';
import { AFI_SAFIS } from '../../net/afi-safi.ts';
import { KEEPALIVE } from '../../wire/keepalive.ts';
import { FEED, openOf, SINK, WARM_PLAN, warmPlan } from './warm-plan.ts';
import { WarmSpeaker } from './warm-speaker.ts';
import { warmUp } from './warm-up.ts';
import { warmUpdates } from './warm-updates.ts';

describe('warmUp', () => {
  it.each([true, false])('runs until its time is over (kernel %s)', (kernelEnabled) => {
    const times = [0, 1, 2];
    expect(warmUp(() => times.shift() ?? 1e6, { kernelEnabled }).rounds).toBe(2);
  });

  it('runs no round where no time is left', () => {
    let now = 0;
    expect(warmUp(() => (now += 2000), { kernelEnabled: false }).rounds).toBe(0);
  });
});

describe('the collections of a warm-up', () => {
  it('come every fourth round, so that the columns of tables that are gone do not add up', () => {
    let collections = 0;
    const collect = (): void => void collections++;
    const { rounds } = warmUp(() => 0, { kernelEnabled: false, collect });
    expect({ rounds, collections }).toEqual({ rounds: 20, collections: 5 });
  });
});

describe('warmPlan', () => {
  const real = mustPlan('a', [
    resource('Node', 'a', { bgp: { ipv4Address: '192.0.2.1/24', ipv6Address: '2001:db8::1/64' } }),
    resource('Node', 'b', { bgp: { ipv4Address: '192.0.2.2/24' } }),
    resource('IPPool', 'pods', { cidr: '10.0.0.0/8' }),
    resource('BlockAffinity', 'own', { node: 'a', cidr: '10.0.0.0/26', state: 'confirmed' }),
    resource('BGPPeer', 'tor', { node: 'a', peerIP: '192.0.2.9', asNumber: 64_601 }),
  ]);
  const fields = (value: object): string => Object.keys(value).join(' ');
  const makesOf = (values: readonly object[]): string[] => [...new Set(values.map(fields))].sort();

  it('has the fields of a real plan in their order, or what is compiled is compiled again', () => {
    const warm = WARM_PLAN;
    expect(fields(warm)).toBe(fields(real));
    expect(fields(warm.kernel)).toBe(fields(real.kernel));
    for (const list of ['peers', 'originated'] as const) {
      expect(makesOf(warm[list])).toEqual(makesOf(real[list]));
    }
    expect(makesOf(warm.kernel.pools)).toEqual(makesOf(real.kernel.pools));
    const statements = ({ peers }: SpeakerPlan): object[] =>
      peers.flatMap(({ importPolicy }) => [importPolicy, ...importPolicy.statements]);
    const known = makesOf(statements(real));
    for (const make of makesOf(statements(warm))) expect(known).toContain(make);
  });

  it('is the same on the other side', () => {
    expect(warmPlan()).toEqual(WARM_PLAN);
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
