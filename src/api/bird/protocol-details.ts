/** The lines below a row of `show protocols all`. bird_exporter reads the numbers, CalicoNodeStatus state and address. */

import type { NeighborView } from '../../speaker/snapshot.ts';
import type { Capability } from '../../wire/capabilities/capability.ts';
import type { BirdRequest, RouteCounts } from './command.ts';
import { DEVICE, KERNEL, type Protocol, STATIC } from './protocols.ts';
import type { Piece } from './reply.ts';
import { bgpState, lastError } from './session-text.ts';

/** Foreign routes counted before others have their turn. */
const COUNTED_PER_TURN = 512;

/** How long a count is good while no best path changes, in milliseconds: the kernel's routes of others may. */
const COUNTED_MS_MAX = 2000;

/** Counts what no column counts, in slices. */
export function* routeCounts(request: BirdRequest): Generator<Piece, RouteCounts, string> {
  const { port, session } = request;
  const { uptimeMs } = port.view.status();
  const { decisions } = port.view.counters();
  const { counted } = session;
  const isFresh = counted !== undefined && uptimeMs - counted.uptimeMs <= COUNTED_MS_MAX;
  if (isFresh && counted.decisions === decisions) return counted.counts;
  const counts = yield* countAnew(request);
  session.counted = { decisions, uptimeMs, counts };
  return counts;
}

function* countAnew({ port, family }: BirdRequest): Generator<Piece, RouteCounts, string> {
  const { view } = port;
  const afiSafi = `${family}-unicast` as const;
  const best = new Map<string, number>();
  for (let cursor: number | undefined = 0; cursor !== undefined; ) {
    cursor = view.countBest({ family: afiSafi, cursor, into: best });
    yield undefined;
  }
  let kernel = 0;
  let connected = 0;
  let seen = 0;
  for (const { paths } of view.foreignRoutes(afiSafi)) {
    for (const { kind } of paths) {
      if (kind === 'kernel') kernel++;
      else connected++;
    }
    if (++seen % COUNTED_PER_TURN === 0) yield undefined;
  }
  return { best, kernel, connected };
}

const PREFERENCES = { Static: 200, Kernel: 10, Device: 240, Direct: 240, BGP: 100 } as const;

export function protocolDetails(
  { port, family }: BirdRequest,
  { protocol, counts }: { readonly protocol: Protocol; readonly counts: RouteCounts },
): string[] {
  const { neighbor, proto } = protocol;
  const recovering = port.view.status().recovery !== undefined;
  const kernel = proto === 'Kernel';
  const filters =
    neighbor === undefined ? ['ACCEPT', kernel ? 'ACCEPT' : 'REJECT'] : ['(unnamed)', '(unnamed)'];
  return [
    ...(neighbor === undefined ? [] : [`  Description:    ${neighbor.origin}`]),
    `  Preference:     ${PREFERENCES[proto]}`,
    `  Input filter:   ${filters[0]}`,
    `  Output filter:  ${filters[1]}`,
    ...(recovering ? [`  GR recovery:    ${recoveryText(neighbor)}`.trimEnd()] : []),
    ...(protocol.state === 'down' ? [] : statistics(routesText(protocol, counts))),
    ...(neighbor === undefined ? [] : sessionLines(neighbor, family)),
  ];
}

function recoveryText(neighbor: NeighborView | undefined): string {
  if (neighbor === undefined || neighbor.detail.disabled) return '';
  return neighbor.state === 'Established' ? 'waiting' : 'pending';
}

function routesText({ name, neighbor }: Protocol, counts: RouteCounts): string {
  const { best, kernel, connected } = counts;
  const preferred = best.get(neighbor?.name ?? 'local') ?? 0;
  if (neighbor !== undefined) {
    const sum = (key: 'accepted' | 'advertised'): number =>
      neighbor.families.reduce((total, family) => total + family[key], 0);
    return routes(sum('accepted'), sum('advertised'), preferred);
  }
  // What is best is offered to the kernel.
  const offered = [...best.values()].reduce((total, count) => total + count, 0);
  if (name === STATIC) return routes(preferred, 0, preferred);
  if (name === KERNEL) return routes(kernel, offered, kernel);
  return name === DEVICE ? routes(0, 0, 0) : routes(connected, 0, connected);
}

function routes(imported: number, exported: number, preferred: number): string {
  return `${imported} imported, ${exported} exported, ${preferred} preferred`;
}

/** Changes are not counted one by one here: BIRD's own sign for what does not apply stands instead. */
function statistics(routesLine: string): string[] {
  const none = Array.from({ length: 5 }, () => '---'.padStart(10)).join(' ');
  return [
    `  Routes:         ${routesLine}`,
    '  Route change stats:     received   rejected   filtered    ignored   accepted',
    `    Import updates:     ${none}`,
    `    Import withdraws:   ${none}`,
    `    Export updates:     ${none}`,
    `    Export withdraws:   ${none}`,
  ];
}

function sessionLines(neighbor: NeighborView, family: BirdRequest['family']): string[] {
  const { address, remoteAs, gracefulRestart } = neighbor;
  const error = lastError(neighbor);
  const field = (name: string, value: string | number): string =>
    `    ${`${name}:`.padEnd(17)} ${value}`;
  return [
    `  BGP state:          ${bgpState(neighbor)}`,
    field('Neighbor address', address),
    field('Neighbor AS', remoteAs),
    ...(gracefulRestart?.stale === true ? ['    Neighbor graceful restart active'] : []),
    ...(neighbor.state === 'Established' ? establishedLines(neighbor, family, field) : []),
    ...(error === '' ? [] : [field('Last error', error)]),
  ];
}

function establishedLines(
  neighbor: NeighborView,
  family: BirdRequest['family'],
  field: (name: string, value: string | number) => string,
): string[] {
  const { routerId = '', localAddress, holdTime = 0, keepaliveTime = 0, detail } = neighbor;
  const seconds = (ms: number | undefined): number => Math.ceil((ms ?? 0) / 1000);
  return [
    field('Neighbor ID', routerId),
    field('Neighbor caps', capabilityWords(detail.capabilities, family)),
    field('Session', sessionWords(neighbor)),
    ...(localAddress === undefined ? [] : [field('Source address', localAddress)]),
    field('Hold timer', `${seconds(detail.holdTimerMs)}/${holdTime}`),
    field('Keepalive timer', `${seconds(detail.keepaliveTimerMs)}/${keepaliveTime}`),
  ];
}

/** What the peer said that it can, in BIRD's words and order. */
function capabilityWords(capabilities: readonly Capability[], family: 'ipv4' | 'ipv6'): string {
  const afi = family === 'ipv4' ? 1 : 2;
  const words = {
    refresh: false,
    'enhanced-refresh': false,
    'restart-able': false,
    'restart-aware': false,
    'llgr-able': false,
    'llgr-aware': false,
    AS4: false,
    'add-path-rx': false,
    'add-path-tx': false,
    'ext-messages': false,
  };
  for (const capability of capabilities) {
    switch (capability.kind) {
      case 'routeRefresh':
        words.refresh = true;
        break;
      case 'enhancedRouteRefresh':
        words['enhanced-refresh'] = true;
        break;
      case 'gracefulRestart':
        words[capability.families.length > 0 ? 'restart-able' : 'restart-aware'] = true;
        break;
      case 'longLivedGracefulRestart':
        words[capability.families.length > 0 ? 'llgr-able' : 'llgr-aware'] = true;
        break;
      case 'fourOctetAs':
        words.AS4 = true;
        break;
      case 'addPath': {
        const mode = capability.families.find((one) => one.afi === afi && one.safi === 1)?.mode;
        words['add-path-rx'] = mode === 'receive' || mode === 'both';
        words['add-path-tx'] = mode === 'send' || mode === 'both';
        break;
      }
      case 'extendedMessage':
        words['ext-messages'] = true;
        break;
      default: // BIRD 1.6 has no word for it
    }
  }
  return Object.entries(words)
    .flatMap(([word, said]) => (said ? [word] : []))
    .join(' ');
}

function sessionWords({ type, detail }: NeighborView): string {
  const { rrClient, as4, addPath, extendedMessage } = detail;
  return [
    type === 'ibgp' ? 'internal' : 'external',
    // Every session of Calico's is multihop, also towards the next switch (calico model 2.4).
    'multihop',
    ...(rrClient ? ['route-reflector'] : []),
    ...(as4 ? ['AS4'] : []),
    ...(addPath.receive ? ['add-path-rx'] : []),
    ...(addPath.send ? ['add-path-tx'] : []),
    ...(extendedMessage ? ['ext-messages'] : []),
  ].join(' ');
}
