/** `show route …` with the options in daily use (calico model 7.4); a table of any size is walked page by page. */

import { type Prefix, parsePrefix, prefixFamily } from '../../net/prefix.ts';
import type { TablePathView, TableRouteView } from '../../speaker/snapshot.ts';
import type { BirdCommand, BirdRequest } from './command.ts';
import { networkAt, networkFor, networks, toldNetworks } from './networks.ts';
import { KERNEL, protocolNamed, TABLE } from './protocols.ts';
import { BirdError, Code } from './reply.ts';
import { attributeLines, protocolOf, RouteTimes, routeRows, typeLine } from './route-text.ts';
import { isSymbol, syntaxError, type Token } from './tokens.ts';

interface RouteOptions {
  readonly place?: { readonly prefix: Prefix; readonly longest: boolean };
  readonly protocol?: string;
  readonly exportTo?: string;
  readonly all: boolean;
  readonly primary: boolean;
  readonly filtered: boolean;
  /** `count`: no rows; `stats`: rows, then the count. */
  readonly count?: 'only' | 'after';
}

export const showRoute: BirdCommand = {
  words: ['show', 'route'],
  usage:
    '[<prefix> | for <address or prefix>] [all] [primary] [filtered] [protocol <p>] [export <p>] [table master] [count | stats]',
  help: 'Show routing table',
  *run(request) {
    const options = readOptions(request);
    if (options.exportTo !== undefined) mustBeUp(request, options.exportTo);
    const times = new RouteTimes(request.port);
    let shown = 0;
    let total = 0;
    let nets = 0;
    for (const network of chosen(request, options)) {
      if (network === undefined) {
        yield undefined;
        continue;
      }
      const paths = network.paths.filter((path, at) => isWanted(path, at, options));
      nets++;
      total += network.paths.length;
      shown += paths.length;
      if (options.count === 'only' || paths.length === 0) continue;
      yield textOf(request, { prefix: network.prefix, paths }, { all: options.all, times });
    }
    const { out } = request;
    const counts = `${shown} of ${total} routes for ${nets} networks`;
    yield options.count === undefined ? out.last(Code.Ok) : out.last(Code.RouteCount, counts);
  },
};

function* chosen(
  { port, family }: BirdRequest,
  options: RouteOptions,
): Generator<TableRouteView | undefined> {
  const { place, exportTo, filtered } = options;
  const source = { view: port.view, family: `${family}-unicast` as const, rejected: filtered };
  if (place !== undefined) {
    const found = (place.longest ? networkFor : networkAt)(source, place.prefix);
    if (found === undefined) throw new BirdError(Code.NotInTable, 'Network not in table');
    yield found;
  } else if (exportTo !== undefined) yield* toldNetworks(source, exportTo);
  else yield* networks(source);
}

function isWanted(path: TablePathView, at: number, options: RouteOptions): boolean {
  if ((options.primary || options.exportTo !== undefined) && at > 0) return false;
  return options.protocol === undefined || protocolOf(path) === options.protocol;
}

function textOf(
  { out }: BirdRequest,
  network: TableRouteView,
  { all, times }: { readonly all: boolean; readonly times: RouteTimes },
): string {
  let text = '';
  for (const [at, path] of network.paths.entries()) {
    const rows = routeRows(path, at === 0 ? network.prefix : '', times);
    for (const row of rows) text += out.row(Code.Route, row);
    if (!all) continue;
    text += out.row(Code.RouteDetails, typeLine(path));
    for (const line of attributeLines(path)) text += out.row(Code.RouteAttributes, line);
  }
  return text;
}

/** What was told to a session that is down is nothing: BIRD says so instead of showing an empty table. */
function mustBeUp({ port, family }: BirdRequest, name: string): void {
  const protocol = protocolNamed(port, family, name);
  if (protocol?.state === 'up') return;
  throw new BirdError(Code.ProtocolDown, 'Protocol is down');
}

type Writable = { -readonly [K in keyof RouteOptions]: RouteOptions[K] };

function readOptions(request: BirdRequest): RouteOptions {
  const options: Writable = { all: false, primary: false, filtered: false };
  const args = [...request.args];
  for (let token = args.shift(); token !== undefined; token = args.shift()) {
    readOption(request, options, { token, args });
  }
  return options;
}

function readOption(
  request: BirdRequest,
  options: Writable,
  { token, args }: { token: Token; args: Token[] },
): void {
  if (token.quoted) throw syntaxError();
  switch (token.text) {
    case 'all':
    case 'primary':
    case 'filtered':
      options[token.text] = true;
      return;
    case 'count':
      options.count = 'only';
      return;
    case 'stats':
      options.count = 'after';
      return;
    case 'for':
      options.place = { prefix: addressOrPrefix(request, args.shift()), longest: true };
      return;
    case 'protocol':
      options.protocol = protocolName(request, args.shift());
      return;
    case 'export':
      options.exportTo = exportTarget(protocolName(request, args.shift()));
      return;
    case 'table':
      return mustBeTable(args.shift());
    default:
      refuseUnknown(token);
      options.place = { prefix: prefixOf(request, token), longest: false };
  }
}

/** Options that BIRD has and that are not answered here, each with what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  where: 'No filter language here: use protocol, export or for instead of where',
  filter: 'No such filter.',
  preexport: 'preexport is not kept: use export, and godwit show routes --neighbor NAME --sent',
  noexport: 'noexport is not kept: use export, and godwit show routes --neighbor NAME --sent',
};

function refuseUnknown({ text }: Token): void {
  const refused = Object.hasOwn(REFUSED, text) ? REFUSED[text] : undefined;
  if (refused !== undefined) throw new BirdError(Code.ParseError, refused);
}

function prefixOf(request: BirdRequest, token: Token): Prefix {
  if (isSymbol(token)) throw new BirdError(Code.ParseError, 'IP address expected');
  const prefix = token.text.includes('/') ? parsePrefix(token.text) : undefined;
  if (prefix === undefined) throw badPrefix(token.text);
  return ofFamily(request, prefix);
}

function addressOrPrefix(request: BirdRequest, token: Token | undefined): Prefix {
  if (token === undefined || token.quoted) throw syntaxError();
  const prefix = parsePrefix(token.text);
  if (prefix === undefined) throw badPrefix(token.text);
  return ofFamily(request, prefix);
}

function badPrefix(text: string): BirdError {
  const [address = '', length = ''] = text.split('/');
  const onlyLength = parsePrefix(address) !== undefined && /^\d{1,9}$/.test(length);
  return onlyLength
    ? new BirdError(Code.ParseError, `Invalid prefix length ${length}`)
    : syntaxError();
}

function ofFamily({ family }: BirdRequest, prefix: Prefix): Prefix {
  if (prefixFamily(prefix) === (family === 'ipv4' ? 4 : 6)) return prefix;
  const [own, other] = family === 'ipv4' ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4'];
  const text = `This is an ${own} router, therefore ${other} addresses are not supported`;
  throw new BirdError(Code.ParseError, text);
}

function protocolName({ port, family }: BirdRequest, token: Token | undefined): string {
  if (token === undefined || !isSymbol(token)) throw syntaxError();
  if (protocolNamed(port, family, token.text) !== undefined) return token.text;
  throw new BirdError(Code.ParseError, `${token.text} is not a protocol`);
}

function exportTarget(name: string): string {
  if (name !== KERNEL) return name;
  const text =
    'What goes to the kernel is shown by godwit show kernel and ip route show proto bird';
  throw new BirdError(Code.ParseError, text);
}

function mustBeTable(token: Token | undefined): void {
  if (token === undefined || !isSymbol(token)) throw syntaxError();
  if (token.text !== TABLE) {
    throw new BirdError(Code.ParseError, `${token.text} is not a table`);
  }
}
