import { describe, expect, it } from 'vitest';
import { ip, ipToOctets } from '../net/ip-address.ts';
import { type JournalEntry, JournalWriter, readJournal } from './journal.ts';

function sample(): Uint8Array {
  const journal = new JournalWriter();
  const four = { family: 4 as const, address: ipToOctets(ip('10.1.2.64')), length: 26 };
  const six = { family: 6 as const, address: ipToOctets(ip('fd00:1::')), length: 32 };
  journal.intends({ ...four, metric: 4_000_000_000, table: 254 }, 0xdeadbeef);
  journal.wrote({ ...six, metric: 1024, table: 1000 });
  journal.removed({ ...four, length: 0, address: new Uint8Array(4), metric: 0, table: 254 });
  const octets = journal.take()!;
  expect(journal.take()).toBeUndefined();
  return octets;
}

function read(octets: Uint8Array): { entries: JournalEntry[]; damaged: boolean } {
  const entries: JournalEntry[] = [];
  const { damaged } = readJournal(octets, (entry) => entries.push(entry));
  return { entries, damaged };
}

describe('The journal of written keys', () => {
  it('Lends what was written: a batch of routes leaves no copy behind', () => {
    const journal = new JournalWriter();
    const key = { family: 4 as const, address: ipToOctets(ip('10.1.2.64')), length: 26 };
    journal.wrote({ ...key, metric: 0, table: 254 });
    const first = journal.take()!;
    journal.wrote({ ...key, metric: 0, table: 254 });
    expect(journal.take()!.buffer).toBe(first.buffer);
  });

  it('Gives back what was written, in order', () => {
    expect(read(sample())).toEqual({
      damaged: false,
      entries: [
        {
          op: 'intends',
          prefix: '10.1.2.64/26',
          metric: 4_000_000_000,
          table: 254,
          shapeHash: 0xdeadbeef,
        },
        { op: 'wrote', prefix: 'fd00:1::/32', metric: 1024, table: 1000, shapeHash: 0 },
        { op: 'removed', prefix: '0.0.0.0/0', metric: 0, table: 254, shapeHash: 0 },
      ],
    });
  });

  it('Cut anywhere, it gives the entries before the cut and says that it is damaged', () => {
    const whole = sample();
    const ends = [20, 40, 56];
    for (let end = 1; end < whole.length; end++) {
      const { entries, damaged } = read(whole.subarray(0, end));
      expect(entries).toHaveLength(ends.filter((at) => at <= end).length);
      expect(damaged).toBe(!ends.includes(end));
    }
  });

  it('A changed octet is noticed', () => {
    for (let at = 0; at < 20; at++) {
      const octets = sample();
      octets[at]! ^= 0x10;
      expect(read(octets)).toEqual({ entries: [], damaged: true });
    }
  });
});
