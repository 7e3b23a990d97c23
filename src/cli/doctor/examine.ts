/** All checks over the facts; findings in the order in which somebody should mend them. */

import { DAEMON_CHECKS, notRunning } from './daemon-checks.ts';
import type { Facts, Finding } from './facts.ts';
import { HOST_CHECKS } from './host-checks.ts';
import { sessionFindings } from './session-checks.ts';

export function examine(facts: Facts): Finding[] {
  const { daemon } = facts;
  const findings = HOST_CHECKS.flatMap((check) => check(facts));
  if (typeof daemon === 'string') findings.push(notRunning(daemon));
  else {
    findings.push(...DAEMON_CHECKS.flatMap((check) => check(daemon, facts)));
    findings.push(...sessionFindings(daemon, facts));
  }
  return findings.sort(
    (a, b) => rank(a) - rank(b) || b.weight - a.weight || (a.what < b.what ? -1 : 1),
  );
}

function rank({ grade }: Finding): number {
  return grade === 'broken' ? 0 : 1;
}
