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

type EventNamed<K, T = SpeakerEvent> = T extends { event: infer E } ? (K extends E ? T : never) : never;
type Describe<K extends SpeakerEvent['event']> = (event: EventNamed<K>) => EventText;

const info = (text: string): EventText => ({ level: 'info', text });
const warn = (text: string): EventText => ({ level: 'warn', text });
const error = (text: string): EventText => ({ level: 'error', text });
const debug = (text: string): EventText => ({ level: 'debug', text });

const DESCRIPTIONS: { readonly [K in SpeakerEvent['event']]: Describe<K> } = {
  'session-up': (e) =>
    info(`Session ${e.peer} with ${e.address} AS ${e.remoteAs} is up: ${e.families.join(', ')}`),
  'session-down': (e) =>
    warn(`Session ${e.peer} with ${e.address} went down from ${e.state}: ${e.reason}`),
  'session-refused': (e) =>
    warn(`Session ${e.peer} with ${e.address} could not be established: ${e.reason}`),
  'unknown-caller': (e) => warn(`Refused a connection from ${e.address} port ${e.port}: ${e.reason}`),
  notification: (e) => info(`NOTIFICATION ${e.direction} ${e.direction === 'sent' ? 'to' : 'from'} ${e.peer}: ${e.text}`),
  'update-fault': (e) => warn(`UPDATE from ${e.peer}: ${e.attribute}: ${e.reason} (${e.action})`),
  'peer-added': (e) => info(`Neighbor ${e.peer} (${e.address}) added: ${e.reason}`),
  'peer-removed': (e) => info(`Neighbor ${e.peer} (${e.address}) removed: ${e.reason}`),
  'peer-changed': (e) => info(`Neighbor ${e.peer}: ${e.change}: ${e.reason}`),
  'end-of-rib': (e) => info(`End-of-RIB for ${e.family} received from ${e.peer}`),
  'stale-swept': (e) => info(`${e.routes} stale ${e.family} routes of ${e.peer} removed: ${e.reason}`),
  'route-restored': (e) =>
    warn(`Kernel route ${e.prefix} restored (attempt ${e.attempts}): ${e.reason}`),
  'route-parked': (e) => warn(`Kernel route ${e.prefix} waits: ${e.reason}`),
  'route-error': (e) => error(`Kernel route ${e.prefix} refused (${e.errno}): ${e.reason}`),
  'kernel-overrun': (e) => warn(`Kernel events were lost: ${e.reason}`),
  'kernel-synced': (e) => info(`Kernel routes are in sync: ${e.reason}`),
  'kernel-unavailable': (e) => error(`Kernel cannot be programmed: ${e.reason}`),
  'datastore-lost': (e) => error(`Datastore lost, the last configuration stays: ${e.reason}`),
  'datastore-back': (e) => info(`Datastore is back: ${e.reason}`),
  'resource-rejected': (e) => error(`${e.resource}: ${e.reason}`),
  'plan-applied': (e) => info(`Plan ${e.revision} applied, ${e.changes} changes: ${e.reason}`),
  'plan-held': (e) => warn(`Plan ${e.revision} is held back: ${e.reason}`),
  listener: (e) => info(`Listener ${e.local}: ${e.reason}`),
  'peer-quarantined': (e) =>
    error(`Neighbor ${e.peer} is quarantined for ${e.seconds} s: ${e.reason}`),
  stopping: (e) => info(`Stopping (${e.mode}): ${e.reason}`),
};

/** The sentence and level of `event`. */
export function describeEvent(event: SpeakerEvent): EventText {
  const describe = DESCRIPTIONS[event.event] as (event: SpeakerEvent) => EventText;
  const text = describe(event);
  // A refused attempt while a neighbor boots is ordinary; its reason stays visible in `show neighbors`.
  return event.event === 'notification' ? debug(text.text) : text;
}
