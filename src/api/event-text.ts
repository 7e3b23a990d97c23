/**
 * Each event as one sentence and a log level by who must act: the same words in the log, in `godwit watch` and on
 * the dashboard. Pure; the values come from `speaker/events.ts`.
 */

import type { SpeakerEvent } from '../speaker/events.ts';

export type EventLevel = 'debug' | 'info' | 'warn' | 'error';

export interface EventText {
  readonly level: EventLevel;
  readonly text: string;
}

type EventNamed<K, T = SpeakerEvent> = T extends { event: infer E }
  ? K extends E
    ? T
    : never
  : never;

interface EventRow<K extends SpeakerEvent['event']> {
  /** By who must act: `error` the operator now, `warn` somebody soon, the rest nobody. */
  readonly level: EventLevel;
  /** When it happens, for the reference. */
  readonly means: string;
  readonly say: (event: EventNamed<K>) => string;
}

/** One row for each event; `docs/reference/events.md` is made from it. */
export const EVENT_ROWS: { readonly [K in SpeakerEvent['event']]: EventRow<K> } = {
  'session-up': {
    level: 'info',
    means: 'A session reached Established',
    say: (e) =>
      `Session ${e.peer} with ${e.address} AS ${e.remoteAs} is up: ${e.families.join(', ')}`,
  },
  'session-down': {
    level: 'warn',
    means: 'An Established session ended',
    say: (e) => `Session ${e.peer} with ${e.address} went down from ${e.state}: ${e.reason}`,
  },
  'session-refused': {
    level: 'warn',
    means: 'An attempt that never became Established failed; equal causes in a row are said once',
    say: (e) => `Session ${e.peer} with ${e.address} could not be established: ${e.reason}`,
  },
  'unknown-caller': {
    level: 'warn',
    means: 'Somebody connected who is no configured neighbor',
    say: (e) => `Refused a connection from ${e.address} port ${e.port}: ${e.reason}`,
  },
  notification: {
    level: 'debug', // what it ended is an event of its own
    means: 'A NOTIFICATION was sent or received',
    say: (e) =>
      `NOTIFICATION ${e.direction} ${e.direction === 'sent' ? 'to' : 'from'} ${e.peer}: ${e.text}`,
  },
  'update-fault': {
    level: 'warn',
    means: 'A malformed UPDATE was handled as RFC 7606 says',
    say: (e) => `UPDATE from ${e.peer}: ${e.reason}`, // which names attribute and action
  },
  'peer-added': {
    level: 'info',
    means: 'The plan has a new neighbor',
    say: (e) => `Neighbor ${e.peer} (${e.address}) added: ${e.reason}`,
  },
  'peer-removed': {
    level: 'info',
    means: 'The plan has a neighbor no more',
    say: (e) => `Neighbor ${e.peer} (${e.address}) removed: ${e.reason}`,
  },
  'peer-changed': {
    level: 'info',
    means: 'The plan changed a neighbor; `change` says what was done about it',
    say: (e) => `Neighbor ${e.peer}: ${e.change}: ${e.reason}`,
  },
  'end-of-rib': {
    level: 'info',
    means: 'A neighbor has said all its routes of a family',
    say: (e) => `End-of-RIB for ${e.family} received from ${e.peer}`,
  },
  'stale-swept': {
    level: 'info',
    means: 'Routes kept over a restart of a neighbor were not announced again',
    say: (e) => `${e.routes} stale ${e.family} routes of ${e.peer} removed: ${e.reason}`,
  },
  'stale-kept-long': {
    level: 'warn',
    means:
      'A neighbor did not come back in time; its routes are kept as the last resort (RFC 9494)',
    say: (e) =>
      `${e.routes} stale ${e.family} routes of ${e.peer} kept for another ${e.seconds} s: ${e.reason}`,
  },
  'route-restored': {
    level: 'warn',
    means: 'Somebody else deleted or changed a route of ours, and it was written again',
    say: (e) => `Kernel route ${e.prefix} restored (attempt ${e.attempts}): ${e.reason}`,
  },
  'route-parked': {
    level: 'warn',
    means: 'A route cannot be written now, and waits for what would change that',
    say: (e) => `Kernel route ${e.prefix} waits: ${e.reason}`,
  },
  'route-error': {
    level: 'error',
    means: 'The kernel refused a route',
    say: (e) => `Kernel route ${e.prefix} refused (${e.errno}): ${e.reason}`,
  },
  'kernel-divergence': {
    level: 'error',
    means: 'The kernel differed from what was known of it and no event had said so; it is repaired',
    say: (e) => `Kernel route ${e.prefix} diverged (${e.kind}): ${e.reason}`,
  },
  'second-writer': {
    level: 'error',
    means: 'Another program undoes again and again what we write; told once a minute',
    say: (e) => `${e.writer} undoes ${e.routes} of our kernel routes again and again: ${e.reason}`,
  },
  'kernel-overrun': {
    level: 'warn',
    means: 'The kernel dropped events; everything is read again',
    say: (e) => `Kernel events were lost: ${e.reason}`,
  },
  'kernel-synced': {
    level: 'info',
    means: 'The kernel holds what is wanted',
    say: (e) => `Kernel routes are in sync: ${e.reason}`,
  },
  'kernel-unavailable': {
    level: 'error',
    means: 'The kernel can be neither read nor written',
    say: (e) => `Kernel cannot be programmed: ${e.reason}`,
  },
  'vrf-used': {
    level: 'info',
    means: 'The VRF of kernel.vrf is there: sessions, links and routes are those inside it',
    say: (e) => `VRF ${e.vrf}: ${e.reason}`,
  },
  'vrf-lost': {
    level: 'error',
    means: 'The VRF of kernel.vrf cannot be used: sessions stay down and no route is written',
    say: (e) => `VRF ${e.vrf}: ${e.reason}`,
  },
  'datastore-lost': {
    level: 'error',
    means: 'The resources cannot be read; the last ones stay in force',
    say: (e) => `Datastore lost, the last configuration stays: ${e.reason}`,
  },
  'datastore-back': {
    level: 'info',
    means: 'The resources can be read again',
    say: (e) => `Datastore is back: ${e.reason}`,
  },
  'resource-rejected': {
    level: 'error',
    means: 'A resource or file has an error; its last good version stays in force',
    say: (e) => `${e.resource}: ${e.reason}`,
  },
  'plan-applied': {
    level: 'info',
    means: 'A new plan is in force',
    say: (e) => `Plan ${e.revision} applied, ${e.changes} changes: ${e.reason}`,
  },
  'plan-held': {
    level: 'warn',
    means: 'A change that would remove much at once waits',
    say: (e) => `Plan ${e.revision} is held back: ${e.reason}`,
  },
  'planner-died': {
    level: 'error',
    means:
      'The thread that follows the resources ended; what runs stays, and another one is started',
    say: (e) =>
      `The planner ended, the configuration stays; another is started in ${e.seconds} s: ${e.reason}`,
  },
  listener: {
    level: 'info',
    means: 'A listening socket opened',
    say: (e) => `Listener ${e.local}: ${e.reason}`,
  },
  'listener-failed': {
    level: 'error',
    means:
      'A listening socket could not be opened; it is tried again, and neighbors are still dialled',
    say: (e) => `Listener ${e.local}: ${e.reason}`,
  },
  'peer-quarantined': {
    level: 'error',
    means: 'Input of a neighbor met an error of ours; its session stays down for a while',
    say: (e) => `Neighbor ${e.peer} is quarantined for ${e.seconds} s: ${e.reason}`,
  },
  'quarantine-ended': {
    level: 'info',
    means: 'A neighbor may come up again after a quarantine',
    say: (e) => `Quarantine of neighbor ${e.peer} is over: ${e.reason}`,
  },
  'routes-refused': {
    level: 'error',
    means: 'Prefixes of a neighbor found no room in a table; `refused` counts all of them so far',
    say: (e) => `${e.refused} ${e.family} routes of ${e.peer} were refused: ${e.reason}`,
  },
  'routes-not-used': {
    level: 'warn',
    means:
      'Routes that are not used whatever import policy says: a leak, an AS_SET, beyond a limit',
    say: (e) => `${e.routes} ${e.family} routes of ${e.peer} are not used: ${e.reason}`,
  },
  drain: {
    level: 'info',
    means: 'The node is drained, step by step, or no longer (RFC 8326)',
    say: (e) => `Drain, ${e.phase}: ${e.reason}`,
  },
  'prefix-limit': {
    level: 'warn',
    means:
      'A neighbor sends as many prefixes as it may, or more, or more than the cluster explains',
    say: (e) => `${e.peer} has sent ${e.received} ${e.family} prefixes: ${e.reason}`,
  },
  'events-left-out': {
    level: 'warn',
    means:
      'A neighbor has more than 30 events in a row, one more every 2 s, or prefixes more than 1,000 of one kind; errors of neighbors are never left out',
    say: (e) =>
      e.count === 0
        ? `Events: ${e.subject}: ${e.reason}`
        : `${e.count} events were left out: ${e.subject}: ${e.reason}`,
  },
  stopping: {
    level: 'info',
    means: 'The daemon stops',
    say: (e) => `Stopping (${e.mode}): ${e.reason}`,
  },
};

/** The sentence and level of `event`. */
export function describeEvent(event: SpeakerEvent): EventText {
  const { level, say } = EVENT_ROWS[event.event];
  return { level, text: (say as (event: SpeakerEvent) => string)(event) };
}
