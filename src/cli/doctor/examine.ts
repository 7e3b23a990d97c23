/** All checks over the facts; findings in the order in which somebody should mend them. */

import type { StatusMessage } from '../../api/messages.ts';
import { DAEMON_CHECKS, notRunning, ownAddress } from './daemon-checks.ts';
import { duplicates } from './duplicates.ts';
import type { Facts, Finding, HostFacts } from './facts.ts';
import { HOST_CHECKS } from './host-checks.ts';
import { sessionFindings } from './session-checks.ts';

export function examine(facts: Facts): Finding[] {
  const { daemon } = facts;
  const findings: Finding[] = [];
  if (isElsewhere(facts)) findings.push(ELSEWHERE);
  else findings.push(...HOST_CHECKS.flatMap((check) => check(facts)));
  if (typeof daemon === 'string') findings.push(notRunning(daemon));
  else {
    const checks = isElsewhere(facts) ? DAEMON_CHECKS : [...DAEMON_CHECKS, ownAddress, duplicates];
    findings.push(...checks.flatMap((check) => check(daemon, facts)));
    findings.push(...sessionFindings(daemon, facts));
  }
  return findings.sort(
    (a, b) => rank(a) - rank(b) || b.weight - a.weight || (a.what < b.what ? -1 : 1),
  );
}

/** The daemon is in another network namespace, or on another machine. Where either is not known, nobody says so. */
export function isElsewhere({
  host,
  daemon,
}: {
  readonly host: Pick<HostFacts, 'networkNamespace'>;
  readonly daemon: { readonly status: Pick<StatusMessage, 'networkNamespace'> } | string;
}): boolean {
  const there = typeof daemon === 'string' ? '' : daemon.status.networkNamespace;
  return there !== '' && host.networkNamespace !== '' && there !== host.networkNamespace;
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
