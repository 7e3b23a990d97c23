/**
 * What birdc prints (BIRD 2 has text only), parsed into sessions and routes. Pure; the fabric and
 * the system tests ask the same way.
 */

export interface BirdProtocol {
  readonly name: string;
  readonly proto: string;
  /** `up`, `start`, `down` … */
  readonly state: string;
  /** The last column: for BGP the state, or state and reason. */
  readonly info: string;
  /** BGP only: RFC 4271's state name. */
  readonly bgpState: string | undefined;
  readonly neighborAddress: string | undefined;
  readonly neighborAs: number | undefined;
  readonly lastError: string | undefined;
  /** By channel (`ipv4`, `ipv6`). */
  readonly channels: Readonly<Record<string, BirdChannel>>;
  /** Every `Key: value` line of the details, first one of a key wins. */
  readonly details: Readonly<Record<string, string>>;
}

export interface BirdChannel {
  readonly imported: number;
  readonly exported: number;
  /** Withdrawals received from the neighbor since the session came up. */
  readonly withdrawsReceived: number;
  readonly updatesReceived: number;
}

export interface BirdRoute {
  readonly prefix: string;
  readonly protocol: string;
  /** Chosen (`*`) in its table. */
  readonly best: boolean;
  readonly preference: number;
  /** Stale during a neighbor's graceful restart (`s` after the preference, or `S`). */
  readonly stale: boolean;
  readonly via: readonly string[];
  /** Attributes as BIRD names them, without the `BGP.` in front: `as_path`, `next_hop` … */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Parses `show protocols all`. */
export function parseProtocols(text: string): BirdProtocol[] {
  const blocks: string[][] = [];
  for (const line of text.split('\n')) {
    if (/^(BIRD |Name\s+Proto|Access restricted)/.test(line) || line.trim() === '') continue;
    if (/^\S/.test(line)) blocks.push([line]);
    else blocks.at(-1)?.push(line);
  }
  return blocks.map(parseProtocol);
}

function parseProtocol([head = '', ...lines]: string[]): BirdProtocol {
  const [, name = '', proto = '', state = '', info = ''] =
    /^(\S+)\s+(\S+)\s+\S+\s+(\S+)\s+(?:\d\S*(?:\s+\d\d:\d\d:\d\d\S*)?)\s*(.*)$/.exec(head) ?? [];
  const details: Record<string, string> = {};
  const channels: Record<string, BirdChannel> = {};
  let channel: string | undefined;
  for (const line of lines) {
    channel = /^ {2}Channel (\S+)/.exec(line)?.[1] ?? channel;
    const [, key, value] = /^\s+([A-Z][^:]*):\s+(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    details[key] ??= value;
    if (channel !== undefined) addToChannel(channels, channel, { key, value });
  }
  const as = details['Neighbor AS'];
  return {
    name,
    proto,
    state,
    info,
    bgpState: details['BGP state'],
    neighborAddress: details['Neighbor address']?.split('%')[0],
    neighborAs: as === undefined ? undefined : Number(as),
    lastError: details['Last error'],
    channels,
    details,
  };
}

function addToChannel(
  channels: Record<string, BirdChannel>,
  name: string,
  { key, value }: { key: string; value: string },
): void {
  const none = { imported: 0, exported: 0, withdrawsReceived: 0, updatesReceived: 0 };
  const before = channels[name] ?? none;
  channels[name] = before;
  const first = Number(/^\d+/.exec(value)?.[0] ?? 0);
  if (key === 'Routes') {
    const exported = Number(/(\d+) exported/.exec(value)?.[1] ?? 0);
    channels[name] = { ...before, imported: first, exported };
  } else if (key === 'Import updates') channels[name] = { ...before, updatesReceived: first };
  else if (key === 'Import withdraws') channels[name] = { ...before, withdrawsReceived: first };
}

/** Parses `show route all`, of one table or several. */
export function parseRoutes(text: string): BirdRoute[] {
  const routes: (BirdRoute & { via: string[]; attributes: Record<string, string> })[] = [];
  let prefix = '';
  for (const line of text.split('\n')) {
    const head = /^(\S*)\s+(?:unicast|blackhole|unreachable|prohibit) \[(\S+) [^\]]*\](.*)$/.exec(
      line,
    );
    if (head !== null) {
      if (head[1] !== '') prefix = head[1] ?? '';
      const rest = head[3] ?? '';
      const [, preference = '0', mark = ''] = /\((\d+)([a-zA-Z]?)/.exec(rest) ?? [];
      routes.push({
        prefix,
        protocol: head[2] ?? '',
        best: rest.includes(' *'),
        preference: Number(preference),
        stale: mark.toLowerCase() === 's',
        via: [],
        attributes: {},
      });
      continue;
    }
    const last = routes.at(-1);
    const via = /^\s+(via \S+.*|dev \S+.*)$/.exec(line)?.[1];
    if (via !== undefined) last?.via.push(via);
    const [, key, value] = /^\s+(?:BGP\.)?([A-Za-z_0-9]+):\s?(.*?)\s*$/.exec(line) ?? [];
    if (last !== undefined && key !== undefined && value !== undefined)
      last.attributes[key] = value;
  }
  return routes;
}
