/**
 * Why sessions are down: what the daemon says of each, what a call shows where it does not call itself, and what the
 * kernel counts.
 */

import { isIP } from 'node:net';
import type { NeighborMessage } from '../../api/messages.ts';
import type { CallOutcome, DaemonFacts, Facts, Finding } from './facts.ts';

/** Named one by one; more are counted. */
const SESSIONS_NAMED_MAX = 8;

export function sessionFindings(daemon: DaemonFacts, facts: Facts): Finding[] {
  const down = daemon.neighbors.filter(({ state }) => state !== 'Established');
  const findings = down.slice(0, SESSIONS_NAMED_MAX).map((neighbor) => {
    return sessionFinding(neighbor, daemon.calls.get(neighbor.address) ?? '', facts);
  });
  findings.push(...sameIdentifier(daemon));
  if (down.length <= SESSIONS_NAMED_MAX) return findings;
  const more = down.length - SESSIONS_NAMED_MAX;
  return [
    ...findings,
    {
      code: 'SessionDown',
      grade: 'broken',
      weight: 10,
      what: `${more} more neighbors are not Established`,
      remedy: 'godwit show neighbors lists them with their reasons',
    },
  ];
}

function sessionFinding(neighbor: NeighborMessage, outcome: CallOutcome, facts: Facts): Finding {
  const { name, address, port, remoteAs, state } = neighbor;
  const said = neighbor.downBecause || neighbor.lastError || '';
  const head = `The session with ${name} (${address}, AS ${remoteAs}) is ${state}`;
  const broken = { grade: 'broken', what: `${head}: ${said || 'no reason is known yet'}` } as const;
  if (/drops segments/.test(said)) {
    const remedy = 'The passwords of both sides must be the same, or neither must have one';
    return { ...broken, code: 'Md5Mismatch', weight: 59, remedy };
  }
  if (/^the password in /.test(said)) {
    const remedy = 'Write the Secret that nodeMeshPassword or the password of the BGPPeer names';
    return { ...broken, code: 'PasswordMissing', weight: 58, remedy };
  }
  if (/BGP Identifier/.test(said)) {
    return { ...broken, code: 'SameIdentifier', weight: 78, remedy: SAME_IDENTIFIER };
  }
  if (/\bAS\b/.test(said) && /(wrong|expect|bad peer|instead)/i.test(said)) {
    const remedy = `asNumber of the BGPPeer, or what the other side calls its own: one of both is wrong`;
    return { ...broken, code: 'WrongAs', weight: 58, remedy };
  }
  if (outcome === 'ECONNREFUSED' || /^Connection refused/.test(said)) {
    return {
      ...broken,
      code: 'NobodyListens',
      weight: 56,
      what: `${head}: nobody listens on its port ${port}`,
      remedy: `Start the BGP daemon there, or correct the port in peerIP or listenPort`,
    };
  }
  if (/^E(HOST|NET)UNREACH/.test(outcome) || /^(No route to host|Network unreachable)/.test(said)) {
    return {
      ...broken,
      code: 'Unreachable',
      weight: 57,
      what: `${head}: there is no way to ${address}`,
      remedy: `ip route get ${address}; see that the address is right and its link is up`,
    };
  }
  if (outcome === 'ETIMEDOUT' || /^(No answer|The connection timed out)/.test(said)) {
    return silent(head, neighbor, said);
  }
  if (outcome === 'open') {
    const own = neighbor.localAddress ?? 'this node';
    return {
      ...broken,
      code: 'NotCalled',
      weight: 54,
      what: `${head}: it can be called, but it is the one to call, and does not come through`,
      remedy: `Let TCP port ${ownPort(facts)} of ${own} be called by ${address}: a firewall here, or one between; or see what its daemon says`,
    };
  }
  const remedy = `godwit show neighbors ${name} has the details`;
  return { ...broken, code: 'SessionDown', weight: 50, remedy };
}

/** No answer at all: a firewall, a dead machine, or a password that differs, which is silence too. */
function silent(head: string, { address, port }: NeighborMessage, said: string): Finding {
  const password = /passwords differ/.test(said) ? '; or the passwords of both sides differ' : '';
  return {
    code: 'NoAnswer',
    grade: 'broken',
    weight: 55,
    what: `${head}: ${address} does not answer on port ${port}`,
    remedy: `Let TCP port ${port} through between both nodes, both ways; or the machine is off${password}`,
  };
}

/** Where this node is to be called. */
function ownPort({ daemon }: Facts): string {
  const local = typeof daemon === 'string' ? undefined : daemon.status.listeners[0]?.local;
  return /:(\d+)$/.exec(local ?? '')?.[1] ?? '179';
}

const SAME_IDENTIFIER =
  'Two nodes have one address, or CALICO_ROUTER_ID is set to one value for several';

/** RFC 6286 §2.1: unique within the AS. */
function sameIdentifier({ neighbors, status }: DaemonFacts): Finding[] {
  const findings = new Map<string, Finding>();
  // A node has a session in each family, with one BGP Identifier.
  for (const family of [4, 6]) {
    const owners = new Map<string, string[]>([[status.routerId, ['this node']]]);
    for (const { routerId, remoteAs, name, address } of neighbors) {
      if (!routerId || remoteAs !== status.localAs || isIP(address) !== family) continue;
      owners.set(routerId, [...(owners.get(routerId) ?? []), name]);
    }
    for (const [identifier, names] of owners) {
      if (names.length < 2 || findings.has(identifier)) continue;
      findings.set(identifier, {
        code: 'SameIdentifier',
        grade: 'broken',
        weight: 78,
        what: `${names.join(' and ')} have the same BGP Identifier ${identifier}`,
        remedy: SAME_IDENTIFIER,
      });
    }
  }
  return [...findings.values()];
}
