/** `godwit show neighbors`: the sessions as a table, or one in detail. */

import type { NeighborMessage } from '../../api/messages.ts';
import { command, flag, JSON_FLAG, oneOf } from '../command.ts';
import { formatDuration } from '../output/duration.ts';
import type { Output } from '../output/output.ts';

export const showNeighbors = command({
  path: ['show', 'neighbors'],
  summary: 'List BGP neighbors and the state of their sessions, or one in detail',
  arguments: ['[name or address]'],
  options: {
    family: oneOf(['ipv4', 'ipv6'], 'Only neighbors that carry this address family'),
    all: flag('Of one neighbor: also the settings that are at their defaults'),
    json: JSON_FLAG,
  },
  examples: [
    'show neighbors',
    'show neighbors 10.0.0.2',
    'show neighbors 10.0.0.2 --all',
    'show neighbors --family ipv6 --json',
  ],
  exitCodes: { 0: 'listed' },
  async run({ api, options, words, out }) {
    const [name] = words;
    const request = {
      ...(name === undefined ? {} : { name }),
      ...(options.family === undefined ? {} : { family: options.family }),
    };
    const neighbors: NeighborMessage[] = [];
    for await (const neighbor of api().listNeighbors(request)) {
      if (options.json) out.json(neighbor);
      else neighbors.push(neighbor);
    }
    if (options.json) return undefined;
    if (name !== undefined) for (const neighbor of neighbors) detail(neighbor, options.all, out);
    else if (neighbors.length > 0) table(neighbors, out);
    else out.line(options.family === undefined ? NONE : `No neighbor carries ${options.family}`);
    return undefined;
  },
});

function table(neighbors: readonly NeighborMessage[], out: Output): void {
  out.table(
    ['Neighbor', 'Address', 'AS', 'State', 'For', 'IPv4 in/out', 'IPv6 in/out', 'Why not'],
    neighbors.map((n) => [
      n.name,
      n.address,
      asText(n),
      n.state,
      formatDuration(n.sinceSeconds),
      inOut(n, 'ipv4-unicast'),
      inOut(n, 'ipv6-unicast'),
      n.downBecause || overLimit(n) || refused(n), // gRPC has an empty text where there is none
    ]),
  );
}

/** Established, and sends more than it may. */
function overLimit({ families }: NeighborMessage): string {
  return families.flatMap((part) => part.overLimit || []).join('; ');
}

/** Established, and yet not all of its routes are here. */
function refused({ families }: NeighborMessage): string {
  const parts = families.filter((part) => part.refused > 0);
  return parts.map((part) => `${part.refused} ${part.family} routes refused: no room`).join(', ');
}

const NONE =
  'No neighbors are configured; add BGPPeer resources, or leave nodeToNodeMeshEnabled on and add Nodes';

/** Prefixes accepted and announced; a dash for a family that the session is not for. */
function inOut({ families }: NeighborMessage, family: string): string {
  const counts = families.find((candidate) => candidate.family === family);
  return counts === undefined ? '-' : `${counts.accepted}/${counts.advertised}`;
}

function detail(n: NeighborMessage, all: boolean, out: Output): void {
  const restart = n.gracefulRestart;
  out.facts([
    ['Neighbor', `${n.name} (${kindText(n)}, from ${n.origin})`],
    ['Address', `${n.address} port ${n.port}, AS ${asText(n)}`],
    [
      'Our side',
      `${n.localAddress || 'chosen by the kernel'}, AS ${n.localAs}${n.passive ? ', waits for the neighbor to call' : ''}`,
    ],
    ['State', `${n.state} for ${formatDuration(n.sinceSeconds)}`],
    ['Down because', n.downBecause],
    ['Last error', n.lastError === n.downBecause ? undefined : n.lastError],
    ['BGP Identifier', n.routerId],
    ['Hold time', n.holdTime ? `${n.holdTime} s, keepalive ${n.keepaliveTime} s` : undefined],
    ['Capabilities', n.capabilities.join(', ')],
    [
      'Graceful restart',
      restart
        ? `${restart.peerRestartTime} s${restart.stale ? ', stale routes are kept' : ''}`
        : undefined,
    ],
    ['Established', `${times(n.established)}, lost ${times(n.flaps)}`],
    ['Quarantine', quarantine(n)],
    ['Messages in', messages(n.received)],
    ['Messages out', messages(n.sent)],
    ['Octets', `${n.octetsReceived} in, ${n.octetsSent} out`],
    ['Update group', n.updateGroup],
  ]);
  for (const f of n.families) {
    out.line(
      `${f.family} from it: ${f.received} received, ${f.accepted} accepted, ${f.rejected} rejected, ${f.refused} refused, ${f.stale} stale; at most ${f.limit}; End-of-RIB ${f.endOfRibReceived ? 'received' : 'not received'}`,
    );
    out.line(
      `${f.family} to it:   ${f.advertised} announced, ${f.pending} still to be told; End-of-RIB ${f.endOfRibSent ? 'sent' : 'not sent'}`,
    );
    const doubtful = doubt(f);
    if (doubtful !== '') out.line(`  ${doubtful}`);
  }
  settings(n, all, out);
}

function times(count: number): string {
  return count === 0 ? 'never' : count === 1 ? 'once' : `${count} times`;
}

function kindText({ type, kind }: NeighborMessage): string {
  return `${kind === 'dynamic' ? 'dynamic ' : ''}${type === 'ibgp' ? 'iBGP' : 'eBGP'}`;
}

/** Of a neighbor that may be in any AS, until its OPEN says in which. */
function asText({ remoteAs }: NeighborMessage): string {
  return remoteAs === 0 ? 'external' : String(remoteAs);
}

/** What a resource says; what nobody has said is long, and the same for most. */
function settings(n: NeighborMessage, all: boolean, out: Output): void {
  const shown = n.settings.filter(({ from }) => all || from !== 'default');
  if (shown.length > 0) {
    out.line();
    out.table(
      ['Setting', 'In force', 'From'],
      shown.map(({ name, value, from }) => [name, value, from]),
    );
  }
  const more = n.settings.length - shown.length;
  if (more === 0) return;
  out.line();
  out.line(`${more} settings are at their defaults: godwit show neighbors ${n.name} --all`);
}

/** Why paths are stale, and how long they stay. */
function doubt(f: NeighborMessage['families'][number]): string {
  const left = f.staleLeftSeconds > 0 ? ` for another ${formatDuration(f.staleLeftSeconds)}` : '';
  if (f.refreshing) return `route refresh under way: its end is awaited${left}`;
  if (f.stale === 0) return '';
  const how = f.longLived ? ' as the last resort (long-lived graceful restart)' : '';
  return `stale routes are kept${how}${left}`;
}

function quarantine({ quarantine: held, quarantines }: NeighborMessage): string | undefined {
  if (held) return `for another ${formatDuration(held.leftSeconds)} (time ${held.times})`;
  return quarantines === 0 ? undefined : `${quarantines} times since the daemon started`;
}

function messages(counts: NeighborMessage['received']): string {
  const { open, update, keepalive, notification, routeRefresh } = counts;
  return `${open} OPEN, ${update} UPDATE, ${keepalive} KEEPALIVE, ${notification} NOTIFICATION, ${routeRefresh} ROUTE-REFRESH`;
}
