/** Differences are found, named and narrowed to the attribute; a later UPDATE counts, not an earlier one. */

import { describe, expect, it } from 'vitest';
import { compare, formatDifferences, receivedIn } from './comparison.ts';
import {
  formatPrefix,
  type PlainUpdate,
  readAttributes,
  readUpdate,
  writeUpdate,
} from './plain-update.ts';
import { tableOf } from './real-table.ts';

const TEN = 0x0a000000 * 64 + 8;
const HIGH = 0xc6336400 * 64 + 24;
const update = (over: Partial<PlainUpdate>): PlainUpdate => ({
  withdrawn: [],
  attributes: [],
  nlri: [],
  ...over,
});
const ORIGIN = readAttributes(Buffer.of(0x40, 1, 1, 0));
const KEEPALIVE = Buffer.concat([Buffer.alloc(16, 0xff), Buffer.of(0, 19, 4)]);

describe('what a sink received', () => {
  it('is what the last UPDATE of each prefix said; other messages say nothing', () => {
    const stream = Buffer.concat([
      writeUpdate(update({ attributes: ORIGIN, nlri: [TEN, HIGH] })),
      KEEPALIVE,
      writeUpdate(update({ withdrawn: [TEN] })),
    ]);
    expect([...receivedIn(stream)]).toEqual([[HIGH, '1:40:00']]);
    expect(() => receivedIn(stream.subarray(0, -1))).toThrow('No whole message');
  });

  it('is read back as it was written, extended lengths included', () => {
    const long = { flags: 0xc0, type: 8, value: Buffer.alloc(300, 1) };
    const message = writeUpdate(
      update({ withdrawn: [TEN], attributes: [...ORIGIN, long], nlri: [HIGH, 0] }),
    );
    expect(readUpdate(message)).toEqual(
      update({ withdrawn: [TEN], attributes: [...ORIGIN, long], nlri: [HIGH, 0] }),
    );
    expect([TEN, HIGH, 0].map(formatPrefix)).toEqual([
      '10.0.0.0/8',
      '198.51.100.0/24',
      '0.0.0.0/0',
    ]);
  });

  it('is compared in both directions, and a difference shows only the attributes that differ', () => {
    const expected = new Map([
      [TEN, '1:40:00 4:80:01'],
      [HIGH, '1:40:00'],
    ]);
    const received = new Map([
      [TEN, '1:40:00 4:80:02'],
      [0, '1:40:00'],
    ]);
    expect(compare(expected, expected)).toEqual([]);
    const differences = compare(expected, received);
    expect(differences).toEqual([
      { prefix: '10.0.0.0/8', expected: '4:80:01', seen: '4:80:02' },
      { prefix: '198.51.100.0/24', expected: '1:40:00', seen: 'nothing' },
      { prefix: '0.0.0.0/0', expected: 'nothing', seen: '1:40:00' },
    ]);
    expect(formatDifferences(differences, 1)).toBe(
      '10.0.0.0/8: expected 4:80:01; seen 4:80:02\n… and 2 more',
    );
  });
});

describe('a table made ready to be fed', () => {
  it('has the neighbor as next hop, forgets what was withdrawn, and expects the rest', () => {
    const attributes = readAttributes(
      Buffer.of(0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, 9, 9, 9, 9, 0x40, 5, 4, 0, 0, 0, 100),
    );
    const updates = [update({ attributes, nlri: [TEN, HIGH] }), update({ withdrawn: [TEN] })];
    const source = { address: 0x0a630101, as: 64512, as4: true };
    const exporter = { as: 64512, nextHop: Buffer.of(10, 99, 0, 1) };
    const { feeds, expected } = tableOf([{ source, updates }], exporter);
    const text = '1:40:00 2:40:02010000fc00 3:40:0a630001 200:e0:010203'; // the first set is salted
    expect([...expected]).toEqual([[HIGH, text]]);
    expect(receivedIn(feeds[0]!.octets).get(HIGH)).toContain('3:40:0a630101');
  });
});
