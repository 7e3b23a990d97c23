/**
 * For the tests of this folder: a speaker without a laboratory, stepped by hand. Its peers call it; every effect that
 * it ever gave is kept.
 */

import type { Millis } from '../../base/units.ts';
import type { PeerPlan, SpeakerPlan } from '../../datastore/plan-types.ts';
import { type IpAddress, ip, ipv4ToU32 } from '../../net/ip-address.ts';
import { planOfNode, resource } from '../../sim/resources.ts';
import type { Capability } from '../../wire/capabilities/capability.ts';
import { KEEPALIVE } from '../../wire/keepalive.ts';
import { encodeOpen } from '../../wire/open.ts';
import type { SpeakerOptions } from '../core.ts';
import type { Effect } from '../effects.ts';
import type { ConnectionId, SpeakerInput } from '../inputs.ts';
import { Speaker, type Step } from '../speaker.ts';

const AS = 64_512;

export class BareSpeaker {
  readonly speaker: Speaker;
  readonly effects: Effect[] = [];
  now: Millis = 0;
  #nextConnection = 2;

  /** What inputs and polls go through. */
  readonly stepper: Pick<Speaker, 'step' | 'pollTransmit'>;

  /** @param through  Around the speaker, with the options that it has. */
  constructor(
    options: Partial<SpeakerOptions> = {},
    through: (speaker: Speaker, options: SpeakerOptions) => BareSpeaker['stepper'] = (same) => same,
  ) {
    const all = { seed: 1, kernelEnabled: false, restarting: false, now: 0, ...options };
    this.now = all.now;
    this.speaker = new Speaker(all);
    this.stepper = through(this.speaker, all);
  }

  step(input: SpeakerInput): Step {
    const step = this.stepper.step(input, this.now);
    this.effects.push(...step.effects);
    return step;
  }

  wake(now: Millis): Step {
    this.now = now;
    return this.step({ type: 'wake' });
  }

  apply(plan: SpeakerPlan): void {
    this.step({ type: 'planChanged', plan, revision: 1 });
  }

  accept(remote: IpAddress): ConnectionId {
    const connection = this.#nextConnection;
    this.#nextConnection += 2;
    const local = { address: ip('10.0.0.1'), port: 179 };
    this.step({
      type: 'tcpAccepted',
      connection,
      remote: { address: remote, port: 40_000 },
      local,
    });
    return connection;
  }

  receive(connection: ConnectionId, octets: Uint8Array): Step {
    return this.step({ type: 'octetsReceived', connection, octets });
  }

  /** The peer at `remote` calls, opens and confirms. */
  establish(remote: IpAddress): ConnectionId {
    const connection = this.accept(remote);
    this.receive(connection, openOf(remote));
    this.receive(connection, KEEPALIVE);
    return connection;
  }

  state(remote: IpAddress): string | undefined {
    return this.speaker.view.neighbors().find(({ address }) => address === remote)?.state;
  }

  of<K extends Effect['type']>(type: K): Extract<Effect, { type: K }>[] {
    return this.effects.filter((effect) => effect.type === type) as Extract<Effect, { type: K }>[];
  }
}

/** OPEN of an iBGP peer, without graceful restart unless that is among `more`. */
export function openOf(remote: IpAddress, more: readonly Capability[] = []): Uint8Array {
  return encodeOpen({
    version: 4,
    myAs: AS,
    holdTime: 90,
    bgpIdentifier: ipv4ToU32(remote),
    capabilities: [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'routeRefresh' },
      { kind: 'fourOctetAs', asn: AS },
      ...more,
    ],
  });
}

/** The plan of a node at 10.0.0.1 with an iBGP peer at each of `addresses`. */
export function planWith(
  addresses: readonly string[],
  change: (peer: PeerPlan) => PeerPlan = (peer) => peer,
): SpeakerPlan {
  const plan = planOfNode('a', [
    resource('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false }),
    resource('Node', 'a', { bgp: { ipv4Address: '10.0.0.1/24' } }),
    ...addresses.map((peerIP, i) => resource('BGPPeer', `p${i}`, { peerIP, asNumber: AS })),
  ]);
  return { ...plan, peers: plan.peers.map(change) };
}
