/**
 * A real table made ready to be fed: neighbors, the UPDATEs that each sends, the prefixes that must come out and with
 * which attributes.
 *
 * Next hops become the neighbor's own address, since nothing here leads to those of the file. A few sets get what real
 * tables lack (`salt`), so that every rule of the border between two ASs is asked for.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { TEST_DATA_DIR } from '../../tools/test-data.ts';
import { type Exporter, expectedOf, type Path, type Source } from './expectation.ts';
import { readMrt } from './mrt.ts';
import {
  type Attribute,
  type PlainUpdate,
  type PrefixKey,
  readAttributes,
  readPrefixes,
  readUpdate,
  UPDATE_TYPE,
  writeUpdate,
} from './plain-update.ts';

export interface RealFeed {
  readonly source: Source;
  /** Whole UPDATE messages. */
  readonly octets: Buffer;
}

export interface RealTable {
  readonly feeds: readonly RealFeed[];
  /** By prefix: attributes as `textOf` writes them. */
  readonly expected: ReadonlyMap<PrefixKey, string>;
}

export interface RealNetwork {
  readonly exporter: Exporter;
  /** AS of the speaker: what the one neighbor of the full table has too. */
  readonly as: number;
  /** Address of feed `i`, from 0. */
  readonly addressOf: (i: number) => number;
}

const FULL_TABLE = 'mrt/full-table-2015.bgp4mp-et.gz';
const ROUTE_VIEW = 'mrt/rib-2002.table-dump.gz';

/** Why there is none, as a sentence; undefined when the files are there. */
export function realTablesMissing(): string | undefined {
  const missing = [FULL_TABLE, ROUTE_VIEW].filter((file) => !existsSync(join(TEST_DATA_DIR, file)));
  if (missing.length === 0) return undefined;
  return `${missing.join(', ')} not in the folder that GODWIT_TEST_DATA names`;
}

/** One iBGP neighbor that sends a whole table; AS numbers of 4 octets. */
export function fullTable(network: RealNetwork): RealTable {
  const source = { address: network.addressOf(0), as: network.as, as4: true };
  const updates: PlainUpdate[] = [];
  for (const record of readMrt(open(FULL_TABLE))) {
    if (record.kind !== 'message' || record.octets[18] !== UPDATE_TYPE || !record.as4) continue;
    updates.push(readUpdate(record.octets));
  }
  return tableOf([{ source, updates }], network.exporter);
}

/** Many eBGP neighbors with a view of their own; AS numbers of 2 octets. */
export function routeView(network: RealNetwork): RealTable {
  const byPeer = new Map<string, { source: Source; updates: PlainUpdate[] }>();
  for (const record of readMrt(open(ROUTE_VIEW))) {
    if (record.kind !== 'route') continue;
    const { address, as } = record.peer;
    let feed = byPeer.get(address);
    if (feed === undefined) {
      feed = { source: { address: network.addressOf(byPeer.size), as, as4: false }, updates: [] };
      byPeer.set(address, feed);
    }
    const attributes = readAttributes(record.attributes);
    feed.updates.push({ withdrawn: [], attributes, nlri: readPrefixes(record.nlri) });
  }
  return tableOf([...byPeer.values()], network.exporter);
}

function open(file: string): Buffer {
  return gunzipSync(readFileSync(join(TEST_DATA_DIR, file)));
}

export function tableOf(
  feeds: readonly { readonly source: Source; readonly updates: readonly PlainUpdate[] }[],
  exporter: Exporter,
): RealTable {
  const paths = new Map<PrefixKey, readonly Path[]>();
  const ofOthers = (prefix: PrefixKey, source: Source): readonly Path[] =>
    paths.get(prefix)?.filter((path) => path.source !== source) ?? [];
  const sent = feeds.map(({ source, updates }): RealFeed => {
    const octets = updates.map((update, number) => {
      const attributes = salt(number, withNextHop(update.attributes, source.address));
      const path = { source, attributes };
      for (const prefix of update.withdrawn) paths.set(prefix, ofOthers(prefix, source));
      for (const prefix of update.nlri) paths.set(prefix, [...ofOthers(prefix, source), path]);
      return writeUpdate({ ...update, attributes });
    });
    return { source, octets: Buffer.concat(octets) };
  });
  return { feeds: sent, expected: expectedOf(paths, exporter) };
}

function withNextHop(attributes: readonly Attribute[], address: number): readonly Attribute[] {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(address);
  return attributes.map((attribute) =>
    attribute.type === 3 ? { ...attribute, value } : attribute,
  );
}

/** Every so many UPDATEs one is made odd; each oddity asks for one rule of the expectation. */
const SALT_EVERY = 400;
const SALTS: readonly Attribute[] = [
  { flags: 0xc0, type: 200, value: Buffer.of(1, 2, 3) }, // unknown, transitive: goes on, as partial
  { flags: 0x80, type: 201, value: Buffer.of(4) }, // unknown, not transitive: ends here
  { flags: 0xc0, type: 8, value: Buffer.of(0xff, 0xff, 0xff, 1) }, // NO_EXPORT
  { flags: 0xc0, type: 8, value: Buffer.of(0xff, 0xff, 0xff, 2) }, // NO_ADVERTISE
  { flags: 0xc0, type: 16, value: Buffer.of(0x40, 4, 0, 1, 0, 0, 0, 1) }, // not transitive (RFC 4360)
  { flags: 0xc0, type: 32, value: Buffer.of(0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2) }, // LARGE_COMMUNITY
];

function salt(number: number, attributes: readonly Attribute[]): readonly Attribute[] {
  if (number % SALT_EVERY !== 0 || attributes.length === 0) return attributes;
  const added = SALTS[(number / SALT_EVERY) % SALTS.length]!;
  const others = attributes.filter(({ type }) => type !== added.type);
  return [...others, added].sort((a, b) => a.type - b.type);
}
