/**
 * For the tests of this folder: a speaker that is told octets by a sender and watched by observers, stepped by hand.
 * Everything that it says to anyone is kept as hexadecimal, message by message.
 */

import { SELF } from '../../../test/support/vectors/told.ts';
import type { Millis } from '../../base/units.ts';
import type { PeerPlan, SpeakerPlan } from '../../datastore/plan-types.ts';
import { ip, ipv4ToU32 } from '../../net/ip-address.ts';
import { planOfNode, resource } from '../../sim/resources.ts';
import type { Capability } from '../../wire/capabilities/capability.ts';
import { KEEPALIVE } from '../../wire/keepalive.ts';
import { encodeOpen } from '../../wire/open.ts';
import { fromHex, toHex } from '../../wire/text.ts';
import type { Effect } from '../effects.ts';
import type { ConnectionId } from '../inputs.ts';
import { Speaker } from '../speaker.ts';

export interface Party {
  readonly address: string;
  readonly as: number;
  readonly as4: boolean;
  readonly rrClient?: boolean;
}

/** One session's connection, seen from the other end. */
export class Talk {
  readonly party: Party;
  readonly connection: ConnectionId;
  /** What the speaker said, whole messages, oldest first. */
  readonly heard: string[] = [];
  ended = false;
  wanted = false;

  constructor(party: Party, connection: ConnectionId) {
    this.party = party;
    this.connection = connection;
  }

  /** Messages of this type, oldest first, and forgets all that were heard. */
  take(type: number): string[] {
    const taken = this.heard.splice(0);
    return taken.filter((message) => Number.parseInt(message.slice(36, 38), 16) === type);
  }
}

export class Observed {
  readonly speaker = new Speaker({ seed: 1, kernelEnabled: false, restarting: false, now: 0 });
  readonly talks: Talk[] = [];
  readonly effects: Effect[] = [];
  now: Millis = 0;

  constructor(parties: readonly Party[]) {
    this.#step({ type: 'planChanged', plan: planFor(parties), revision: 1 });
  }

  /** The party's connection, nothing said yet. */
  accept(party: Party): Talk {
    const talk = new Talk(party, 2 * this.talks.length + 2);
    this.talks.push(talk);
    this.#step({
      type: 'tcpAccepted',
      connection: talk.connection,
      remote: { address: ip(party.address), port: 40_000 },
      local: { address: ip(SELF.ipv4), port: 179 },
    });
    return talk;
  }

  establish(party: Party): Talk {
    const talk = this.accept(party);
    this.say(talk, openOf(party));
    this.say(talk, toHex(KEEPALIVE));
    return talk;
  }

  /** Octets from the party, and all that follows from them. */
  say(talk: Talk, octets: string): void {
    this.#step({
      type: 'octetsReceived',
      connection: talk.connection,
      octets: fromHex(octets)!,
    });
  }

  state({ party }: Talk): string | undefined {
    const address = ip(party.address);
    return this.speaker.view.neighbors().find((one) => one.address === address)?.state;
  }

  of<K extends Effect['type']>(type: K): Extract<Effect, { type: K }>[] {
    return this.effects.filter((effect) => effect.type === type) as Extract<Effect, { type: K }>[];
  }

  #step(input: Parameters<Speaker['step']>[0]): void {
    let { effects, morePending } = this.speaker.step(input, this.now);
    this.#perform(effects);
    while (this.#pull() || morePending) {
      ({ effects, morePending } = this.speaker.step({ type: 'wake' }, this.now));
      this.#perform(effects);
    }
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      this.effects.push(effect);
      const talk = this.talks.find(
        (one) => 'connection' in effect && one.connection === effect.connection,
      );
      if (talk === undefined) continue;
      if (effect.type === 'send') hear(talk, effect.octets);
      else if (effect.type === 'wantsWrite') talk.wanted = true;
      else if (effect.type === 'hangUp') talk.ended = true;
    }
  }

  /** Every socket takes all that there is. @returns Whether anything was said. */
  #pull(): boolean {
    let any = false;
    for (const talk of this.talks) {
      while (talk.wanted) {
        const octets = this.speaker.pollTransmit(talk.connection, 65_536);
        if (octets === undefined) talk.wanted = false;
        else {
          hear(talk, octets);
          any = true;
        }
      }
    }
    return any;
  }
}

/** OPEN of a party with both unicast families. No HoldTimer: time passes here without KEEPALIVEs. */
export function openOf({ address, as, as4 }: Party): string {
  const capabilities: Capability[] = [
    { kind: 'multiprotocol', afi: 1, safi: 1 },
    { kind: 'multiprotocol', afi: 2, safi: 1 },
    { kind: 'routeRefresh' },
    ...(as4 ? [{ kind: 'fourOctetAs' as const, asn: as }] : []),
  ];
  const bgpIdentifier = ipv4ToU32(ip(address));
  return toHex(encodeOpen({ version: 4, myAs: as, holdTime: 0, bgpIdentifier, capabilities }));
}

function hear(talk: Talk, octets: Uint8Array): void {
  for (let at = 0; at < octets.length; ) {
    const end = at + ((octets[at + 16]! << 8) | octets[at + 17]!);
    talk.heard.push(toHex(octets.subarray(at, end)));
    at = end;
  }
}

/** Every party is a peer of both families, without policy. */
function planFor(parties: readonly Party[]): SpeakerPlan {
  const plan = planOfNode('a', [
    resource('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false, asNumber: SELF.as }),
    resource('Node', 'a', {
      bgp: { ipv4Address: `${SELF.ipv4}/24`, ipv6Address: `${SELF.ipv6}/64` },
    }),
    ...parties.map(({ address, as }, i) =>
      resource('BGPPeer', `p${i}`, { peerIP: address, asNumber: as }),
    ),
  ]);
  const accept = { name: 'all', statements: [], otherwise: 'accept' } as const;
  const peers = plan.peers.map((peer): PeerPlan => {
    const party = parties.find(({ address }) => ip(address) === peer.remoteAddress)!;
    return {
      ...peer,
      families: ['ipv4-unicast', 'ipv6-unicast'],
      passive: true,
      rrClient: party.rrClient ?? false,
      importPolicy: accept,
      exportPolicy: accept,
      // The public messages are older than RFC 9774.
      settings: { asSets: 'accept' },
    };
  });
  return { ...plan, clusterId: ip(SELF.ipv4), peers };
}
