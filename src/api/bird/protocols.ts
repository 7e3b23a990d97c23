/**
 * What BIRD calls protocols: the sessions of one address family, and the four that Calico's configuration has beside
 * them: `static1` (own blocks), `kernel1`, `device1`, `direct1`. These do not exist here as such; clients expect them.
 */

import { ipFamily, parseIpAddress } from '../../net/ip-address.ts';
import type { NeighborView, StatusView } from '../../speaker/snapshot.ts';
import type { BirdFamily, BirdPort } from './port.ts';
import { BirdError, Code } from './reply.ts';
import { bgpInfo, bgpProtocolState } from './session-text.ts';
import { isSymbol, syntaxError, type Token } from './tokens.ts';

export interface Protocol {
  readonly name: string;
  readonly proto: 'Static' | 'Kernel' | 'Device' | 'Direct' | 'BGP';
  readonly state: 'down' | 'start' | 'up';
  /** Milliseconds since `state` changed. */
  readonly sinceMs: number;
  readonly info: string;
  /** Of `BGP` only. */
  readonly neighbor?: NeighborView;
}

export const STATIC = 'static1';
export const KERNEL = 'kernel1';
export const DEVICE = 'device1';
export const DIRECT = 'direct1';
/** The only routing table. */
export const TABLE = 'master';

/** In BIRD's order: as Calico's configuration names them, then sessions by name. Yields after each of these. */
export function* protocolsOf(port: BirdPort, family: BirdFamily): Generator<undefined, Protocol[]> {
  const protocols = fixedProtocols(port);
  for (const neighbor of port.view.eachNeighbor()) {
    if (isOf(family, neighbor)) protocols.push(bgpProtocol(neighbor));
    yield;
  }
  return protocols;
}

/** The one of `protocolsOf` with this name, without a look at the others. */
export function protocolNamed(
  port: BirdPort,
  family: BirdFamily,
  name: string,
): Protocol | undefined {
  const neighbor = port.view.neighbor(name);
  if (neighbor !== undefined && isOf(family, neighbor)) return bgpProtocol(neighbor);
  return fixedProtocols(port).find((one) => one.name === name);
}

function fixedProtocols(port: BirdPort): Protocol[] {
  const status = port.view.status();
  const plain = { state: 'up', sinceMs: status.uptimeMs, info: '' } as const;
  return [
    { name: STATIC, proto: 'Static', ...plain },
    { name: KERNEL, proto: 'Kernel', ...plain, state: kernelState(status) },
    { name: DEVICE, proto: 'Device', ...plain },
    { name: DIRECT, proto: 'Direct', ...plain },
  ];
}

/** A session belongs to the family of its addresses, as in Calico, where each family is a daemon of its own. */
function isOf(family: BirdFamily, { address }: NeighborView): boolean {
  const parsed = parseIpAddress(address);
  return parsed !== undefined && ipFamily(parsed) === (family === 'ipv4' ? 4 : 6);
}

/** The protocols that an argument names: a name, or a `"pattern"` in which `*` and `?` stand for any characters. */
export function* chosenProtocols(
  port: BirdPort,
  family: BirdFamily,
  token: Token,
): Generator<undefined, Protocol[]> {
  if (!token.quoted) return [theProtocol(port, family, token)];
  const all = yield* protocolsOf(port, family);
  const chosen = all.filter(({ name }) => matches(name, token.text));
  if (chosen.length === 0) throw new BirdError(Code.NoMatch, 'No protocols match');
  return chosen;
}

/** The protocol whose name an argument is. */
export function theProtocol(port: BirdPort, family: BirdFamily, token: Token): Protocol {
  if (!isSymbol(token)) throw syntaxError();
  const one = protocolNamed(port, family, token.text);
  if (one === undefined) {
    throw new BirdError(Code.WrongSymbol, `${token.text} is not a protocol`);
  }
  return one;
}

/** Linear in the name for each `*`: no regular expression is made of what a client sends. */
function matches(name: string, pattern: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let p = 0;
  while (at < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = at;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[at])) {
      p++;
      at++;
    } else if (star >= 0) {
      p = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

function bgpProtocol(neighbor: NeighborView): Protocol {
  return {
    name: neighbor.name,
    proto: 'BGP',
    state: bgpProtocolState(neighbor),
    sinceMs: neighbor.detail.phaseMs,
    info: bgpInfo(neighbor),
    neighbor,
  };
}

function kernelState({ kernel }: StatusView): Protocol['state'] {
  if (kernel.state === 'disabled') return 'down';
  return kernel.state === 'unavailable' ? 'start' : 'up';
}
