/**
 * The public test messages (`GODWIT_TEST_DATA/vectors`) and what should come of each: as its source says, or else as
 * at least four of five other daemons do, or else as two independent decoders see it.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TEST_DATA } from '../requirements.ts';
import { readPlainUpdate } from './plain-update.ts';

export const VECTOR_FILES = [
  'bgp-core.json',
  'bgp-rfc7606.json',
  'bgp-otherfamily-fuzz.json',
] as const;
export type VectorFile = (typeof VECTOR_FILES)[number];

export interface Vector {
  readonly id: string;
  readonly name: string;
  readonly hex: string;
  readonly options: {
    readonly as4?: boolean | string;
    readonly addPath?: unknown;
    readonly peerType?: 'ebgp' | 'ibgp';
  };
  readonly sourceExpect: string;
  readonly basis: 'explicit' | 'heuristic' | 'capture' | 'fuzz';
  readonly scope: 'core' | 'other-family' | 'fuzz';
  /** In the file of malformed attributes: the one that is. */
  readonly attrType?: number;
  readonly tags: { readonly structure?: string };
  readonly tshark: {
    readonly verdict: string;
    readonly verdicts: Readonly<Record<string, string>>;
    readonly fields: Readonly<Record<string, readonly string[]>>;
  };
  readonly consensus?: {
    readonly class: string;
    readonly strong: boolean;
    readonly notificationVotes: Readonly<Record<string, number>>;
  };
}

/** What comes of a message, worst last. `incomplete`: its length is more than its octets. */
export type Outcome =
  | 'ok'
  | 'incomplete'
  | 'ignored-capability'
  | 'discard'
  | 'treat-as-withdraw'
  | 'reset';

export function readVectors(file: VectorFile): Vector[] {
  return JSON.parse(readFileSync(join(TEST_DATA, 'vectors', file), 'utf8')).vectors;
}

/** Message type; -1 where the octets are too few to have one. */
export function typeOf({ hex }: Pick<Vector, 'hex'>): number {
  return hex.length < 38 ? -1 : Number.parseInt(hex.slice(36, 38), 16);
}

/** Whether AS numbers have four octets. A capture does not say: two where AS_PATH can be read only so. */
export function isAs4({ options, hex }: Vector): boolean {
  if (typeof options.as4 === 'boolean') return options.as4;
  const path = readPlainUpdate(hex).attributes.find(({ type }) => type === 2)?.value ?? '';
  return fills(path, 8) || !fills(path, 4);
}

/** Whether the segments of an AS_PATH, of known types, end where it ends. */
function fills(path: string, digits: 4 | 8): boolean {
  let at = 0;
  while (at < path.length) {
    const [type = 0, count = 0] = [at, at + 2].map((i) =>
      Number.parseInt(path.slice(i, i + 2), 16),
    );
    if (type < 1 || type > 4 || count === 0) return false;
    at += 4 + count * digits;
  }
  return at === path.length;
}

export function hasAddPath({ options }: Vector): boolean {
  return options.addPath !== undefined && options.addPath !== false;
}

/** What should come of `vector`, and who says so; undefined where nobody says anything that can be relied upon. */
export function expectedOf(
  vector: Vector,
): { outcomes: readonly Outcome[]; because: string } | undefined {
  if (vector.basis === 'explicit') return explicit(vector);
  return consensus(vector);
}

function explicit({ sourceExpect }: Vector): ReturnType<typeof expectedOf> {
  const because = `its source says ${sourceExpect}`;
  if (sourceExpect === 'attribute-discard') return { outcomes: ['discard'], because };
  if (sourceExpect === 'treat-as-withdraw') return { outcomes: ['treat-as-withdraw'], because };
  if (sourceExpect === 'session-reset') return { outcomes: ['reset'], because };
  if (sourceExpect === 'ok') return { outcomes: ['ok', 'discard'], because };
  if (/^error($| )/.test(sourceExpect)) {
    return { outcomes: ['ignored-capability', 'discard', 'treat-as-withdraw', 'reset'], because };
  }
  return undefined;
}

function consensus(vector: Vector): ReturnType<typeof expectedOf> {
  const found = vector.consensus;
  if (found === undefined || !found.strong) return undefined;
  // A NOTIFICATION ends every session; that says nothing about its form.
  if (typeOf(vector) === 3) return undefined;
  const because = `other daemons agree on ${found.class}`;
  // Bad Peer AS and Unsupported Capability are about their configuration, not about the octets.
  if ((found.notificationVotes['2/2'] ?? 0) + (found.notificationVotes['2/7'] ?? 0) > 0) {
    return undefined;
  }
  if (found.class === 'announced') return { outcomes: ['ok', 'discard'], because };
  if (found.class === 'accepted') return { outcomes: ['ok', 'ignored-capability'], because };
  if (found.class === 'not-announced') {
    return { outcomes: ['ok', 'incomplete', 'treat-as-withdraw'], because };
  }
  return found.class === 'reset' ? { outcomes: ['reset'], because } : undefined;
}
