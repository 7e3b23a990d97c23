/**
 * What the clients of a calico-node make of replies, written from the description of their behaviour (calico model 7.4
 * and 7.5): as strict as they are, so that a reply that passes here passes there.
 */

export interface CalicoPeer {
  readonly type: 'Global' | 'Node' | 'Mesh';
  /** As calicoctl shows it. */
  readonly address: string;
  readonly state: string;
  readonly since: string;
  readonly bgpState: string;
  readonly info: string;
}

const HEADINGS = ['name', 'proto', 'table', 'state', 'since', 'info'];

/** The scanner of calicoctl, of the readiness probe and of CalicoNodeStatus; throws where they fail. */
export function calicoPeers(reply: string, family: 'ipv4' | 'ipv6'): CalicoPeer[] {
  const peers: CalicoPeer[] = [];
  for (const line of reply.split('\n')) {
    if (line.startsWith('0000')) return peers;
    if (line.startsWith('0001')) continue;
    if (line.startsWith('2002')) {
      const words = line.slice(5).trim().split(/\s+/);
      if (words.join(' ') !== HEADINGS.join(' ')) throw new Error(`Headings: ${line}`);
    } else if (line.startsWith('1002')) addPeer(peers, line.slice(5), family);
    else if (line.startsWith(' ')) addPeer(peers, line.slice(1), family);
    else throw new Error(`Unexpected line: ${line}`);
  }
  throw new Error('The reply has no end');
}

function addPeer(peers: CalicoPeer[], row: string, family: 'ipv4' | 'ipv6'): void {
  const [name = '', proto, , state = '', since = '', bgpState = '', ...info] = row
    .trim()
    .split(/\s+/);
  if (bgpState === '' || proto !== 'BGP') return;
  const match = /^(Global|Node|Mesh)_(.+)$/.exec(name);
  if (match === null) return;
  const address = match[2]!.replaceAll('_', family === 'ipv4' ? '.' : ':');
  const type = match[1] as CalicoPeer['type'];
  peers.push({ type, address, state, since, bgpState, info: info.join(' ') });
}

/** The readiness rule; empty when ready. `status` is asked for a node that has just started. */
export function readiness(peers: readonly CalicoPeer[], status?: string): string {
  const down = peers.filter(({ bgpState }) => bgpState !== 'Established');
  const because = `BGP not established with ${down.map(({ address }) => address).join(',')}`;
  if (status === undefined) return peers.length === 0 || down.length < peers.length ? '' : because;
  if (down.length > 0) return because;
  return /^0024/m.test(status) ? 'graceful restart in progress' : '';
}

/** CalicoNodeStatus, agent part. */
export function agentStatus(greeting: string, reply: string) {
  const ready = greeting.includes('BIRD') && greeting.includes('ready');
  const fields: Record<string, string> = {};
  for (const line of reply.split('\n')) {
    const text = /^\d{4}[ -]/.test(line) ? line.slice(5) : line.slice(1);
    if (text.startsWith('BIRD v')) fields['version'] = text.slice('BIRD '.length);
    else if (text.startsWith('Router ID is ')) fields['routerId'] = text.slice(13);
    else if (text.startsWith('Last reboot on ')) fields['lastReboot'] = text.slice(15);
    else if (text.startsWith('Last reconfiguration on ')) fields['lastConfigured'] = text.slice(24);
    else if (line.startsWith('0013')) break;
  }
  return { ready, ...fields };
}

export interface ReportedRoute {
  readonly destination: string;
  readonly type: 'FIB' | 'RIB';
  readonly gateway: string;
  readonly interface: string;
  readonly learnedFrom: string;
}

/** CalicoNodeStatus, routes part: one row that it does not know loses the whole report. */
export function reportedRoutes(reply: string): ReportedRoute[] {
  const found: ReportedRoute[] = [];
  for (const line of reply.split('\n')) {
    if (line.startsWith('0000')) return found;
    const row = /^\d{4}-/.test(line) ? line.slice(5) : line.slice(1);
    found.push(reportedRoute(row));
  }
  throw new Error('The reply has no end');
}

function reportedRoute(row: string): ReportedRoute {
  const type = row.includes('] *') ? 'FIB' : 'RIB';
  const via = /^(\S*)\s*via\s(\S*)\s*on\s(.*)\s\[(\S*)\s.*\].*$/.exec(row);
  const dev = /^(\S*)\s*dev\s(\S*)\s\[(\S*)\s.*\].*$/.exec(row);
  const drop = /^(\S*)\s*(blackhole|unreachable)\s\[(\S*)\s.*\].*$/.exec(row);
  const [destination, gateway, device, protocol] =
    (via && [via[1], via[2], via[3], via[4]]) ??
    (dev && [dev[1], 'N/A', dev[2], dev[3]]) ??
    (drop && [drop[1], 'N/A', drop[2], drop[3]]) ??
    [];
  if (protocol === undefined) throw new Error(`Unexpected route: ${row}`);
  return {
    destination: destination!,
    type,
    gateway: gateway!,
    interface: device!,
    learnedFrom: learnedFrom(protocol),
  };
}

function learnedFrom(protocol: string): string {
  for (const word of ['kernel', 'static', 'direct']) if (protocol.startsWith(word)) return word;
  const match = /^(Global|Node|Mesh)_(.+)$/.exec(protocol);
  if (match === null) throw new Error(`Unexpected source: ${protocol}`);
  return `${match[1]} ${match[2]!.replaceAll('_', '.')}`;
}

/** CalicoNodeStatus, per session: from `show protocols all NAME`. */
export function reportedPeer(reply: string): { state: string; address: string } {
  let state = '';
  let address = '';
  for (const line of reply.split('\n')) {
    if (line.startsWith('0000')) break;
    if (line.includes('BGP state:')) state = line.replace('BGP state:', '').trim();
    if (line.includes('Neighbor address:')) address = line.replace('Neighbor address:', '').trim();
  }
  return { state, address };
}

export interface ExportedProtocol {
  readonly name: string;
  readonly proto: string;
  readonly up: boolean;
  imported?: number;
  exported?: number;
  preferred?: number;
  state?: string;
  /** From the lines of route changes; `---` is 0. */
  readonly counters: Record<string, number[]>;
}

const PROTOCOL_ROW =
  /^(?:1002-)?\s*(\S+)\s+(BGP|BFD|OSPF|RIP|Pipe|Direct|Device|Kernel|Static)\s+(\S+)\s+(\S+)\s+(\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d+)?)?|\S+)(?:\s+(.*?))?\s*$/;

/** bird_exporter: from `show protocols all`. */
export function exportedProtocols(reply: string): ExportedProtocol[] {
  const found: ExportedProtocol[] = [];
  let current: ExportedProtocol | undefined;
  for (const line of reply.split('\n')) {
    const row = PROTOCOL_ROW.exec(line);
    if (row !== null) {
      current = { name: row[1]!, proto: row[2]!, up: row[4] === 'up', counters: {} };
      if (row[6]) current.state = row[6];
      found.push(current);
    } else if (line.trim() === '') current = undefined;
    else if (current !== undefined) readDetail(current, line);
  }
  return found;
}

function readDetail(into: ExportedProtocol, line: string): void {
  const routes =
    /^\s+Routes:\s+(\d+) imported, (?:(\d+) filtered, )?(\d+) exported(?:, (\d+) preferred)?/.exec(
      line,
    );
  if (routes !== null) {
    into.imported = Number(routes[1]);
    into.exported = Number(routes[3]);
    into.preferred = Number(routes[4] ?? 0);
  }
  const changes = /^\s+((?:Import|Export) (?:updates|withdraws)):((?:\s+(?:\d+|---)){5})\s*$/.exec(
    line,
  );
  if (changes !== null) {
    const words = changes[2]!.trim().split(/\s+/);
    into.counters[changes[1]!] = words.map((word) => (word === '---' ? 0 : Number(word)));
  }
}

/** What bird_exporter takes for the end of a reply. */
export function exporterSeesEnd(chunk: string): boolean {
  return /^[089]\d{3} /m.test(chunk);
}
