/** The changes of a plan as people read them: sessions, own prefixes, and the node as a whole. */

import type { PlanChange } from '../../datastore/plan-diff.ts';
import type { PlanForecast, SessionForecast } from './types.ts';

const SESSION_CHANGES = {
  'add-peer': 'add',
  'remove-peer': 'remove',
  'restart-peer': 'restart',
  'update-peer': 'update',
  'reevaluate-import': 'policy',
  'reevaluate-export': 'policy',
} as const satisfies Partial<Record<PlanChange['change'], SessionForecast['change']>>;

type Summary = Pick<PlanForecast, 'sessions' | 'originated' | 'whole' | 'notes'>;

/** @param established  Names of the sessions that are Established. */
export function diffSummary(
  changes: readonly PlanChange[],
  established: ReadonlySet<string>,
): Summary {
  const sessions = new Map<string, SessionForecast>();
  const gained: string[] = [];
  const lost: string[] = [];
  const whole: string[] = [];
  for (const change of changes) {
    if (change.change === 'originate') gained.push(change.originated.prefix);
    else if (change.change === 'withdraw') lost.push(change.originated.prefix);
    else if (isOfSession(change)) note(sessions, sessionOf(change, established));
    else whole.push(change.reason);
  }
  const list = [...sessions.values()];
  return { sessions: list, originated: { gained, lost }, whole, notes: notesOn(list) };
}

type SessionChange = Extract<PlanChange, { change: keyof typeof SESSION_CHANGES }>;

function isOfSession(change: PlanChange): change is SessionChange {
  return change.change in SESSION_CHANGES;
}

function sessionOf(change: SessionChange, established: ReadonlySet<string>): SessionForecast {
  const name = change.change === 'remove-peer' ? change.name : change.peer.name;
  return {
    name,
    // The name of a session holds its address; whoever has left says no more of itself.
    address: change.change === 'remove-peer' ? '' : change.peer.remoteAddress,
    change: SESSION_CHANGES[change.change],
    reason: change.reason,
    established: established.has(name),
  };
}

/** Several changes of one session are one line: the first, which is the weightiest, with all reasons. */
function note(sessions: Map<string, SessionForecast>, session: SessionForecast): void {
  const known = sessions.get(session.name);
  const reason = known === undefined ? session.reason : `${known.reason}; ${session.reason}`;
  sessions.set(session.name, { ...(known ?? session), reason });
}

function notesOn(sessions: readonly SessionForecast[]): string[] {
  const count = (change: SessionForecast['change'], established?: true): number =>
    sessions.filter(
      (session) => session.change === change && (established === undefined || session.established),
    ).length;
  const notes: string[] = [];
  if (count('add') > 0) {
    notes.push('What added peers are going to announce is not known: it is not counted here');
  }
  if (count('restart', true) > 0) {
    notes.push('Restarted sessions lose their routes until they are Established again');
  }
  return notes;
}
