/** Messages as one line of text. */
import { describe, expect, it } from 'vitest';
import { prefix } from '../net/prefix.ts';
import { formatMessage } from './format.ts';
import { KEEPALIVE } from './keepalive.ts';
import { encodeNlri } from './nlri-writer.ts';
import { EBGP, hex, MANDATORY, message, NLRI, update } from './testing/fixtures.ts';

const line = (octets: Uint8Array): string => formatMessage(octets, EBGP);

describe('formatMessage', () => {
  it('says what a message says', () => {
    expect(line(KEEPALIVE)).toBe('KEEPALIVE 19 octets');
    expect(line(message(5, hex('0001 02 01')))).toBe('ROUTE-REFRESH 23 octets: end AFI 1 SAFI 1');
    expect(line(message(3, hex('0602 03 627965')))).toBe(
      'NOTIFICATION 25 octets: Cease (6), Administrative Shutdown (2): "bye"',
    );
    expect(line(message(1, hex('04 fde9 005a 0a000001 04 02 02 0200')))).toBe(
      'OPEN 33 octets: AS 65001, hold time 90 s, identifier 10.0.0.1, route-refresh',
    );
    expect(line(update({}))).toBe('UPDATE 23 octets: End-of-RIB ipv4-unicast');
    expect(
      line(
        update({ withdrawn: '08 0a', attributes: `${MANDATORY} c0 08 04 ffffff01`, nlri: NLRI }),
      ),
    ).toBe(
      'UPDATE 56 octets: withdraw 10.0.0.0/8, announce 192.168.1.0/24, ORIGIN IGP, AS_PATH 65001, ' +
        'NEXT_HOP 10.99.0.7, COMMUNITIES no-export',
    );
  });

  it('says what is wrong with one, and does not throw', () => {
    expect(line(update({ nlri: '21 00' }))).toContain(
      'malformed, Prefix that does not fit its field',
    );
    expect(line(message(1, hex('03 fde9 005a 0a000001 00')))).toContain('malformed, Version 3');
    expect(
      line(update({ attributes: MANDATORY.replace('40 01 01 00', '40 01 01 07'), nlri: NLRI })),
    ).toContain('ORIGIN: Undefined value (treat-as-withdraw)');
  });

  it('names the first prefixes only, and is bounded in length', () => {
    const many = Array.from({ length: 900 }, (_, i) => prefix(`10.${i >> 8}.${i & 255}.0/24`));
    const nlri = Buffer.from(encodeNlri(many)).toString('hex');
    expect(line(update({ attributes: MANDATORY, nlri }))).toContain('10.0.7.0/24 and 892 more');
    const communities = `d0 08 0fa0 ${'fde90001'.repeat(1000)}`;
    expect(
      line(update({ attributes: `${MANDATORY} ${communities}`, nlri: NLRI })).length,
    ).toBeLessThan(2010);
  });
});
