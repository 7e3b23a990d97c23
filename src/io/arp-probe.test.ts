import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { probe, senderOf } from './arp-probe.ts';

const OWN = Uint8Array.from([2, 0, 0, 0, 0, 1]);

/** The answer of 02:…:02, which has 10.0.0.9, to the probe of 02:…:01; padded as Ethernet does. */
const ANSWER = Uint8Array.from(
  Buffer.from(
    '020000000001 020000000002 0806 0001 0800 06 04 0002 020000000002 0a000009 020000000001 00000000'
      .replaceAll(' ', '')
      .padEnd(120, '0'),
    'hex',
  ),
);

describe('an ARP Probe', () => {
  it('asks all of the link, and says no address of its own (RFC 5227 §2.1.1)', () => {
    const parts = ['ffffffffffff', '020000000001', '0806', '0001', '0800', '06', '04', '0001'];
    const hex = [...parts, '020000000001', '00000000', '000000000000', '0a000009'].join('');
    expect(Buffer.from(probe(OWN, ip('10.0.0.9'))).toString('hex')).toBe(hex);
  });

  it('is answered by whoever has the address', () => {
    expect(senderOf(ANSWER)).toEqual({ address: '10.0.0.9', station: '02:00:00:00:00:02' });
  });

  it('is not answered by what is cut off, of another protocol, or of another hardware', () => {
    expect(senderOf(ANSWER.subarray(0, 41))).toBeUndefined();
    expect(senderOf(ANSWER.with(13, 0))).toBeUndefined();
    expect(senderOf(ANSWER.with(15, 6))).toBeUndefined();
  });
});
