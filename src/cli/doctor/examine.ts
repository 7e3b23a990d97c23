/** All checks over the facts; findings in the order in which somebody should mend them. */

import { DAEMON_CHECKS, notRunning, OTHER_LINKS, ownAddress } from './daemon-checks.ts';
import type { DaemonFacts, Facts, Finding, HostFacts } from './facts.ts';
import { HOST_CHECKS } from './host-checks.ts';
import { sessionFindings } from './session-checks.ts';

export function examine(facts: Facts): Finding[] {
  const { daemon } = facts;
  const findings: Finding[] = [];
  if (isElsewhere(facts)) findings.push(ELSEWHERE);
  else findings.push(...HOST_CHECKS.flatMap((check) => check(facts)));
  if (typeof daemon === 'string') findings.push(notRunning(daemon));
  else {
    const checks = isElsewhere(facts) ? DAEMON_CHECKS : [...DAEMON_CHECKS, ownAddress];
    findings.push(...checks.flatMap((check) => check(daemon, facts)));
    findings.push(...sessionFindings(daemon, facts));
  }
  return findings.sort(
    (a, b) => rank(a) - rank(b) || b.weight - a.weight || (a.what < b.what ? -1 : 1),
  );
}

/** Sessions are up from addresses that are not here: then this is not where the daemon lives. */
export function isElsewhere({
  host,
  daemon,
}: {
  readonly host: HostFacts;
  readonly daemon: Pick<DaemonFacts, 'neighbors'> | string;
}): boolean {
  if (typeof daemon === 'string') return false;
  const here = new Set(host.links.flatMap(({ addresses }) => addresses));
  const up = daemon.neighbors.filter(({ state }) => state === 'Established');
  // The system names no addresses of a link that is down: it may be the one.
  const mayBeDown = host.links.some(
    ({ name, addresses }) => addresses.length === 0 && !OTHER_LINKS.test(name),
  );
  if (mayBeDown) return false;
  return up.length > 0 && up.every(({ localAddress }) => !here.has(localAddress ?? ''));
}

const ELSEWHERE: Finding = {
  code: 'Elsewhere',
  grade: 'risk',
  weight: 99,
  what: 'godwitd runs in another network namespace than this command: what its machine may have wrong was not looked at',
  remedy: 'Run godwit doctor where the daemon runs: in its container, or by nsenter -t PID -n',
};

function rank({ grade }: Finding): number {
  return grade === 'broken' ? 0 : 1;
}
