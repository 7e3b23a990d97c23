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

/** In BIRD's order: as Calico's configuration names them, then sessions by name. */
export function protocolsOf(port: BirdPort, family: BirdFamily): Protocol[] {
  const status = port.view.status();
  const plain = { state: 'up', sinceMs: status.uptimeMs, info: '' } as const;
  return [
    { name: STATIC, proto: 'Static', ...plain },
    { name: KERNEL, proto: 'Kernel', ...plain, state: kernelState(status) },
    { name: DEVICE, proto: 'Device', ...plain },
    { name: DIRECT, proto: 'Direct', ...plain },
    ...sessionsOf(port, family).map((neighbor): Protocol => bgpProtocol(neighbor)),
  ];
}

/** A session belongs to the family of its addresses, as in Calico, where each family is a daemon of its own. */
function sessionsOf(port: BirdPort, family: BirdFamily): NeighborView[] {
  const wanted = family === 'ipv4' ? 4 : 6;
  return port.view.neighbors().filter(({ address }) => {
    const parsed = parseIpAddress(address);
    return parsed !== undefined && ipFamily(parsed) === wanted;
  });
}

/** The protocols that an argument names: a name, or a `"pattern"` in which `*` and `?` stand for any characters. */
export function chosenProtocols(all: readonly Protocol[], token: Token): Protocol[] {
  if (token.quoted) {
    const chosen = all.filter(({ name }) => matches(name, token.text));
    if (chosen.length === 0) throw new BirdError(Code.NoMatch, 'No protocols match');
    return chosen;
  }
  if (!isSymbol(token)) throw syntaxError();
  const one = all.find(({ name }) => name === token.text);
  if (one === undefined) {
    throw new BirdError(Code.WrongSymbol, `${token.text} is not a protocol`);
  }
  return [one];
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
