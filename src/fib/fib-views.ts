/** What people see of the columns: counts in O(1), rows when somebody looks. */

import { formatRouteProtocol } from '../netlink/codes.ts';
import { errnoName } from '../netlink/errno.ts';
import {
  type FibTable,
  HELD,
  HOLD,
  IN_FLIGHT,
  Kind,
  RECORDED,
  RESTORING,
  UNEXPLAINED,
  WANTED,
} from './fib-table.ts';
import type { KernelView } from './kernel-view.ts';
import type { ForeignKey, Reconciler } from './reconciler.ts';
import { NO_SHAPE, type ShapeId } from './route-shape.ts';
import type {
  DivergenceKind,
  DivergenceReason,
  FibCounts,
  FibQuery,
  FibRouteView,
  KernelRouteState,
} from './types.ts';

/** Rows looked at for one page, so that a query for few differences among a million ends in time. */
const ROWS_PER_PAGE_MAX = 20_000;

export function countsOf(
  rec: Reconciler,
  state: { readonly state: FibCounts['state']; readonly reason?: string },
): FibCounts {
  const of = (kind: number): number => rec.counts[kind]!;
  const installed = of(Kind.installed);
  const parked = of(Kind.parked);
  const refused = of(Kind.refused) + of(Kind.foreign);
  const pending = of(Kind.pending);
  return {
    ...state,
    desired: installed + pending + parked + refused,
    installed,
    pending: pending + of(Kind.leaving),
    parked,
    refused,
    adopted: of(Kind.adopted),
    heldBack: of(Kind.heldBack),
  };
}

/** Rows that are not as wished, by why. @param found  What proofs found and is not healed. */
export function divergenceOf(
  rec: Reconciler,
  found: Readonly<Record<DivergenceKind, number>>,
): Readonly<Record<DivergenceReason, number>> {
  const of = (kind: number): number => rec.counts[kind]!;
  return {
    ...found,
    shadowed: rec.shadowed.size,
    pending: of(Kind.pending),
    parked: of(Kind.parked),
    refused: of(Kind.refused),
    foreign: of(Kind.foreign),
    'held-back': of(Kind.heldBack),
    leaving: of(Kind.leaving),
  };
}

interface Source {
  readonly rec: Reconciler;
  readonly view: KernelView;
  readonly restart: boolean;
  /** Why nothing can be written, for want of a VRF. */
  readonly unusable: string | undefined;
}

/** The cursor is a ref, IPv4 rows first: even refs, then odd ones from `IPV6_START`. */
const IPV6_START = 2 ** 25;

export function routesOf(
  source: Source,
  query: FibQuery,
): { readonly routes: readonly FibRouteView[]; readonly next?: number } {
  const routes: FibRouteView[] = [];
  let cursor = Math.max(1, query.cursor ?? 1);
  if (query.family === 'ipv6-unicast') cursor = Math.max(cursor, IPV6_START + 1);
  for (let looked = 0; ; cursor++) {
    const six = cursor > IPV6_START;
    const table = source.rec.tables[six ? 1 : 0];
    const row = six ? cursor - IPV6_START : cursor;
    if (row > table.prefixes.top) {
      if (six || query.family === 'ipv4-unicast') return { routes };
      cursor = IPV6_START;
      continue;
    }
    if (routes.length >= query.limit || looked++ >= ROWS_PER_PAGE_MAX)
      return { routes, next: cursor };
    if (!table.prefixes.isLive(row)) continue;
    const kind = table.kind[row]!;
    if (kind === Kind.none) continue;
    const right = kind === Kind.installed && !source.rec.shadowed.has(source.rec.refOf(table, row));
    if (query.differing === true && right) continue;
    routes.push(viewOf(source, table, row));
  }
}

const STATES: Readonly<Record<number, KernelRouteState>> = {
  [Kind.installed]: 'installed',
  [Kind.pending]: 'pending',
  [Kind.parked]: 'parked',
  [Kind.refused]: 'refused',
  [Kind.heldBack]: 'held-back',
  [Kind.foreign]: 'foreign',
  [Kind.adopted]: 'adopted',
  [Kind.leaving]: 'pending',
};

function viewOf(source: Source, table: FibTable, row: number): FibRouteView {
  const { rec } = source;
  const flags = table.flags[row]!;
  const kind = table.kind[row]!;
  const wanted = (flags & WANTED) !== 0;
  const held = (flags & HELD) !== 0;
  // Nothing is asked of a kernel that has no place for it: it waits as what waits for a link does.
  const waits = kind === Kind.pending && source.unusable !== undefined;
  const because = waits ? source.unusable : reasonOf(source, table, row);
  const origin = rec.texts.textOf(table.origin[row]!);
  return {
    prefix: table.prefixes.prefixOf(row),
    ...(wanted
      ? { wanted: textOf(source, table.wantedShape[row]!, table.wantedMetric[row]!) }
      : {}),
    ...requestsOf(source, table, row),
    ...(held ? { held: textOf(source, table.heldShape[row]!, table.heldMetric[row]!) } : {}),
    ...inKernel(source, table, row),
    state: waits ? 'parked' : (STATES[kind] ?? 'pending'),
    ...(because === undefined ? {} : { because }),
    origin: origin === '' && kind === Kind.adopted ? 'found in the kernel' : origin,
  };
}

/** What was last asked of the kernel, and what it last said yes to. */
function requestsOf(
  source: Source,
  table: FibTable,
  row: number,
): Pick<FibRouteView, 'sent' | 'acknowledged'> {
  const sent = table.sentShape[row]!;
  const acked = table.ackedShape[row]!;
  const request = sent === NO_SHAPE ? '' : textOf(source, sent, table.sentMetric[row]!);
  return {
    ...(sent === NO_SHAPE
      ? {}
      : { sent: table.sentDelete[row] === 1 ? `delete ${request}` : request }),
    ...(acked === NO_SHAPE ? {} : { acknowledged: textOf(source, acked, table.ackedMetric[row]!) }),
  };
}

function inKernel(source: Source, table: FibTable, row: number): Pick<FibRouteView, 'inKernel'> {
  const { rec } = source;
  const ref = rec.refOf(table, row);
  const held = (table.flags[row]! & HELD) !== 0;
  const texts = held ? [textOf(source, table.heldShape[row]!, table.heldMetric[row]!)] : [];
  for (const { shape, metric } of rec.extras.get(ref) ?? []) {
    if (shape !== NO_SHAPE) texts.push(textOf(source, shape, metric));
  }
  for (const key of rec.foreign.get(ref) ?? []) texts.push(foreignText(key));
  return texts.length === 0 ? {} : { inKernel: texts.join('; ') };
}

function foreignText({ protocol, text, metric }: ForeignKey): string {
  return `${text} proto ${formatRouteProtocol(protocol)}${metric === 0 ? '' : ` metric ${metric}`}`;
}

function textOf({ rec, view }: Source, shape: ShapeId, metric: number): string {
  const text = rec.shapes.text(shape, (index) => view.interfaceName(index));
  return metric === 0 ? text : `${text} metric ${metric}`;
}

function reasonOf(source: Source, table: FibTable, row: number): string | undefined {
  const { rec } = source;
  const flags = table.flags[row]!;
  const ref = rec.refOf(table, row);
  const note = rec.texts.textOf(table.note[row]!);
  switch (table.kind[row]) {
    case Kind.installed: {
      const shadow = rec.shadowOf(ref);
      if (shadow === undefined) return undefined;
      return `Shadowed: the kernel prefers ${foreignText(shadow)}`;
    }
    case Kind.foreign: {
      const owner = rec.ownerOf(ref);
      if (owner === undefined) return undefined;
      return `Owned by protocol ${formatRouteProtocol(owner.protocol)} (${owner.text})`;
    }
    case Kind.adopted: {
      const how = flags & RECORDED ? 'written by us before' : 'in a pool of ours';
      const when = source.restart ? ' until the peers have said what they have' : '';
      return `Found in the kernel, ${how}; stays${when}`;
    }
    case Kind.leaving:
      return flags & IN_FLIGHT ? 'Being deleted' : 'Not wanted any more';
    case Kind.refused:
      if (flags & UNEXPLAINED) return 'Its key is taken; the kernel is read to see by whom';
      return note === '' ? `The kernel refused it with ${errnoName(table.errno[row]!)}` : note;
    case Kind.pending:
      if (flags & RESTORING) return note;
      return flags & IN_FLIGHT ? 'Being written' : 'Waiting to be written';
    default:
      return flags & HOLD || note !== '' ? note : undefined;
  }
}
