/** RFC 8654: long messages with peers that say so, and what is done towards those that do not. */

import { describe, expect, it } from 'vitest';
import { ip, ipv4ToU32 } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { announcement } from '../sim/messages.ts';
import { EMPTY_ATTRIBUTES } from '../wire/attributes/codec.ts';
import { MessageType } from '../wire/iana.ts';
import { KEEPALIVE } from '../wire/keepalive.ts';
import { decodeOpen, encodeOpen } from '../wire/open.ts';
import { toHex } from '../wire/text.ts';
import type { ConnectionId } from './inputs.ts';
import { BareSpeaker, planWith } from './testing/bare.ts';

const AS = 64_512;
const SENDER = ip('10.0.0.11');
const LONG = ip('10.0.0.12');
const SHORT = ip('10.0.0.13');
const A = prefix('10.244.1.0/26');
const IN_HEX = '1a0af40100';

function openOf(address: typeof SENDER, extended: boolean): Uint8Array {
  return encodeOpen({
    version: 4,
    myAs: AS,
    holdTime: 90,
    bgpIdentifier: ipv4ToU32(address),
    capabilities: [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'fourOctetAs', asn: AS },
      ...(extended ? [{ kind: 'extendedMessage' } as const] : []),
    ],
  });
}

function establish(speaker: BareSpeaker, address: typeof SENDER, extended: boolean): ConnectionId {
  const connection = speaker.accept(address);
  speaker.receive(connection, openOf(address, extended));
  speaker.receive(connection, KEEPALIVE);
  return connection;
}

function update(communities: number): Uint8Array {
  const attributes = {
    ...EMPTY_ATTRIBUTES,
    nextHop: SENDER,
    localPref: 100,
    communities: Array.from({ length: communities }, (_, i) => 0x10000 + i),
  };
  return announcement([A], { family: 'ipv4-unicast', as4: true, attributes });
}

/** What `connection` is told now, as hexadecimal. */
function told(speaker: BareSpeaker, connection: ConnectionId): string {
  for (let i = 0; i < 10; i++) speaker.step({ type: 'wake' });
  let text = '';
  for (;;) {
    const octets = speaker.speaker.pollTransmit(connection, 65_536);
    if (octets === undefined) return text;
    text += toHex(octets);
  }
}

function speaking(extendedMessages: boolean): BareSpeaker {
  const speaker = new BareSpeaker();
  const settings = { extendedMessages };
  const plan = planWith([SENDER, LONG, SHORT], (peer) => ({
    ...peer,
    rrClient: true,
    settings,
    exportPolicy: { name: 'export', statements: [], otherwise: 'accept' },
  }));
  speaker.apply({ ...plan, clusterId: ip('10.0.0.1') });
  return speaker;
}

describe('a profile with extended messages', () => {
  it('has the capability in the OPEN, and without it has not (RFC 8654 §3)', () => {
    for (const offered of [true, false]) {
      const speaker = speaking(offered);
      establish(speaker, SENDER, true);
      const open = speaker.of('send').find(({ octets }) => octets[18] === MessageType.Open);
      const said = decodeOpen(open!.octets).capabilities;
      expect(said.some(({ kind }) => kind === 'extendedMessage')).toBe(offered);
      expect(speaker.speaker.view.neighbors()[0]!.detail.extendedMessage).toBe(offered);
    }
  });

  it('takes an UPDATE of more than 4,096 octets, also from a peer that has not said it (RFC 8654 §4)', () => {
    for (const said of [true, false]) {
      const speaker = speaking(true);
      const connection = establish(speaker, SENDER, said);
      speaker.receive(connection, update(2000));
      expect(speaker.state(SENDER)).toBe('Established');
      expect(speaker.speaker.view.routes({ family: 'ipv4-unicast', limit: 9 }).routes).toHaveLength(
        1,
      );
    }
  });

  it('without it refuses such an UPDATE: Bad Message Length (RFC 8654 §4)', () => {
    const speaker = speaking(false);
    const connection = establish(speaker, SENDER, true);
    speaker.receive(connection, update(2000));
    const { octets } = speaker.of('send').at(-1)!;
    expect([octets[18], octets[19], octets[20]]).toEqual([MessageType.Notification, 1, 2]);
  });

  it('sends what needs a long message to those who take it, and withdraws it from the others (RFC 8654 §4)', () => {
    const speaker = speaking(true);
    const from = establish(speaker, SENDER, true);
    const long = establish(speaker, LONG, true);
    const short = establish(speaker, SHORT, false);
    speaker.receive(from, update(10));
    for (const connection of [long, short]) expect(told(speaker, connection)).toContain(IN_HEX);
    speaker.receive(from, update(2000));
    const toLong = told(speaker, long);
    expect(toLong).toContain(IN_HEX);
    expect(toLong.length / 2).toBeGreaterThan(8000);
    // Withdrawn Routes Length 5, the prefix, no attributes (RFC 4271 §4.3).
    expect(told(speaker, short)).toMatch(new RegExp(`${'ff'.repeat(16)}001c020005${IN_HEX}0000$`));
    expect(speaker.state(SHORT)).toBe('Established');
    speaker.receive(from, update(10));
    expect(told(speaker, short)).toContain(IN_HEX);
  });
});
