/**
 * Long lists in pages with a cursor: a bounded piece of work each, so that a client that reads a million routes never
 * makes the daemon build a million objects at once.
 */

import { InvalidRequest } from '../../base/errors.ts';
import { AFI_SAFIS, type AfiSafi } from '../../net/afi-safi.ts';

/** Prefixes a page: about a millisecond of work. */
const ROUTES_PER_PAGE = 256;
/** Of the first page of a long list; each next one is twice as large. Code that is cold takes ten times as long. */
const ROUTES_FIRST_PAGE = 16;

export interface PageRequest {
  readonly family?: string;
  /** Of a single page; 0 or absent: as many as are usual. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

export interface RoutesRequest extends PageRequest {
  readonly prefix?: string;
  readonly neighbor?: string;
  readonly direction?: string;
}

export interface KernelRoutesRequest extends PageRequest {
  readonly differing?: boolean;
}

export interface Page<T> {
  readonly routes: readonly T[];
  /** Cursor of the next page; absent at the end. */
  readonly next?: string;
}

type ReadPage<T> = (
  family: AfiSafi,
  place: { readonly cursor: number; readonly limit: number },
) => { readonly rows: readonly T[]; readonly next: number | undefined };

/** One page, and where the next begins. */
export function readPage<T>(request: PageRequest, read: ReadPage<T>): Page<T> {
  const families = familiesFrom(request.family);
  const { family, position } = cursorFrom(request.cursor, families);
  const { rows, next } = read(family, {
    cursor: position,
    limit: request.limit || ROUTES_PER_PAGE,
  });
  if (next !== undefined) return { routes: rows, next: `${family}:${next}` };
  const following = families[families.indexOf(family) + 1];
  return following === undefined ? { routes: rows } : { routes: rows, next: `${following}:0` };
}

/** All pages one after the other until `limit` rows; undefined after each page. */
export function* pages<T>(
  limit: number | undefined,
  read: (part: { limit: number; cursor?: string }) => Page<T>,
): Generator<T | undefined> {
  let left = limit || Number.POSITIVE_INFINITY;
  let cursor: string | undefined;
  let usual = ROUTES_FIRST_PAGE;
  do {
    const size = Math.min(usual, left);
    usual = Math.min(usual * 2, ROUTES_PER_PAGE);
    const page = read({ limit: size, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.routes;
    left -= page.routes.length;
    cursor = page.next;
    yield undefined;
  } while (cursor !== undefined && left > 0);
}

export function familyOf(prefix: string): AfiSafi {
  return prefix.includes(':') ? 'ipv6-unicast' : 'ipv4-unicast';
}

function cursorFrom(
  cursor: string | undefined,
  families: readonly AfiSafi[],
): { family: AfiSafi; position: number } {
  if (cursor === undefined || cursor === '') return { family: families[0]!, position: 0 };
  const [name, number] = cursor.split(':', 2);
  const family = families.find((candidate) => candidate === name);
  if (family === undefined || !/^\d{1,10}$/.test(number ?? '')) {
    throw new InvalidRequest(`"${cursor}" is no cursor; give what next of the page before said`);
  }
  return { family, position: Number(number) };
}

export function familiesFrom(text: string | undefined): readonly AfiSafi[] {
  if (text === undefined || text === '') return AFI_SAFIS;
  const family = AFI_SAFIS.find((name) => name === text || name.startsWith(`${text}-`));
  if (family === undefined) throw new InvalidRequest(`Family "${text}" is not one of ipv4, ipv6`);
  return [family];
}
