/** Puts a real table where bgpload finds it: the UPDATEs of each feed, and the prefixes that sinks are to hold. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PrefixKey } from './plain-update.ts';
import type { RealTable } from './real-table.ts';

export interface RealFiles {
  /** Five octets a prefix: address, length. */
  readonly table: string;
  /** By feed. */
  readonly feeds: readonly string[];
}

export function writeRealFiles({ feeds, expected }: RealTable, dir: string): RealFiles {
  const table = join(dir, 'expected-prefixes.bin');
  writeFileSync(table, prefixesOf(expected.keys(), expected.size));
  const paths = feeds.map(({ octets }, i) => {
    const path = join(dir, `feed${i + 1}.bin`);
    writeFileSync(path, octets);
    return path;
  });
  return { table, feeds: paths };
}

function prefixesOf(keys: Iterable<PrefixKey>, count: number): Buffer {
  const octets = Buffer.alloc(count * 5);
  let at = 0;
  for (const key of keys) {
    octets.writeUInt32BE(Math.floor(key / 64), at);
    octets[at + 4] = key % 64;
    at += 5;
  }
  return octets;
}
