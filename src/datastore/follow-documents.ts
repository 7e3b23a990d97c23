/** Where the documents of one snapshot stood in the one before: by identity, in one walk where little has changed. */

import type { RawDocument } from './documents.ts';

export interface Followed {
  /** By index of the later list: the index in the earlier one, or −1 for a document that is new. */
  readonly places: Int32Array;
  /** Indices of the earlier list that the later one has nothing of. */
  readonly gone: readonly number[];
}

/** The same value in the same file; perhaps at another place there. */
export function isSame(a: RawDocument, b: RawDocument): boolean {
  if (a === b) return true;
  return a.value === b.value && a.file === b.file && isObject(a.value);
}

/** Scalars have no identity. */
function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

export function followed(before: readonly RawDocument[], now: readonly RawDocument[]): Followed {
  const places = new Int32Array(now.length).fill(-1);
  const stays = new Uint8Array(before.length);
  const same = (a: number, b: number): boolean =>
    a < before.length && b < now.length && isSame(before[a]!, now[b]!);
  let i = 0;
  let j = 0;
  for (;;) {
    if (same(i, j)) {
      stays[i] = 1;
      places[j++] = i++;
    } else if (same(i + 1, j)) i++;
    else if (same(i, j + 1)) j++;
    else if (same(i + 1, j + 1)) {
      i++;
      j++;
    } else break;
  }
  // What has changed its place by more than one is looked up.
  const left = new Map<unknown, number>();
  for (const [at, stay] of stays.entries()) if (stay === 0) left.set(identityOf(before[at]!), at);
  for (const [at, document] of now.entries()) {
    if (places[at]! >= 0) continue;
    const place = left.get(identityOf(document));
    if (place === undefined || stays[place] === 1 || !isSame(before[place]!, document)) continue;
    stays[place] = 1;
    places[at] = place;
  }
  const gone: number[] = [];
  for (const [at, stay] of stays.entries()) if (stay === 0) gone.push(at);
  return { places, gone };
}

function identityOf(document: RawDocument): unknown {
  return isObject(document.value) ? document.value : document;
}
