/**
 * What the daemon itself logs beside the events of routing: one row a line, with its level by who must act and its
 * fields. `docs/reference/events.md` is made from it; a name or a field that is not here does not compile.
 */

import type { SystemError } from '../base/errors.ts';
import type { Log } from '../io/log.ts';

interface LogRow {
  /** `fatal`: the daemon ends with it. The others as for events. */
  readonly level: 'info' | 'warn' | 'error' | 'fatal';
  readonly means: string;
  readonly fields: readonly string[];
}

const SYSTEM_ERROR = ['call', 'errno', 'detail'] as const;

export const LOG_ROWS = {
  starting: { level: 'info', means: 'The daemon starts', fields: ['version'] },
  'config-warning': {
    level: 'warn',
    means: 'Something in godwit.yaml, the environment or a resource is without effect, or doubtful',
    fields: ['code'],
  },
  'state-unusable': {
    level: 'fatal',
    means: 'The state directory cannot be used, or another daemon has it',
    fields: SYSTEM_ERROR,
  },
  'control-socket-unusable': {
    level: 'fatal',
    means: 'The control socket cannot be opened: nobody could ask the daemon anything',
    fields: SYSTEM_ERROR,
  },
  'http-unusable': {
    level: 'error',
    means: 'The address of `http.listen` cannot be opened; metrics and health are not served',
    fields: SYSTEM_ERROR,
  },
  'system-error': {
    level: 'error',
    means:
      'A call that the daemon needs was refused by the host; it goes on without, and tries again',
    fields: SYSTEM_ERROR,
  },
  'state-not-saved': {
    level: 'error',
    means: 'The last good configuration could not be saved; a start without the datastore has none',
    fields: SYSTEM_ERROR,
  },
  'node-status-not-written': {
    level: 'warn',
    means:
      'A CalicoNodeStatus that asks for this node cannot be written; tried again, later each time',
    fields: ['resource'],
  },
  'state-not-read': {
    level: 'warn',
    means: 'A file of the state directory is damaged and was left out',
    fields: ['path', 'reason'],
  },
  'tunnel-device': {
    level: 'info',
    means: 'A step towards the tunnel device was made: it was created, raised or given its address',
    fields: ['what', 'name', 'mtu', 'interfaceIndex', 'address'],
  },
  'evidence-kept': {
    level: 'error',
    means: 'What a neighbor sent that brought out an error of ours is in a file; please report it',
    fields: ['peer', 'path'],
  },
  'recording-refused': {
    level: 'error',
    means: 'The recording that the configuration asks for cannot be written',
    fields: ['reason'],
  },
  'recording-lost': {
    level: 'warn',
    means: 'The disk is too slow for the recording; steps are missing in it',
    fields: [],
  },
  'internal-error': {
    level: 'error',
    means: 'An error of ours in an answer to a client; its connection was closed. Please report it',
    fields: ['error'],
  },
  crash: {
    level: 'fatal',
    means:
      'An error of ours in what all share; the daemon ends with 70, kernel routes stay. Please report it',
    fields: ['input', 'error'],
  },
} as const satisfies Readonly<Record<string, LogRow>>;

export type LogLine = keyof typeof LOG_ROWS;

type FieldsOf<K extends LogLine> = {
  readonly [F in (typeof LOG_ROWS)[K]['fields'][number]]?: unknown;
};

export function logLine<K extends LogLine>(
  log: Log,
  event: K,
  { fields, text }: { readonly fields: FieldsOf<K>; readonly text: string },
): void {
  const line: object = { event, ...fields };
  log[LOG_ROWS[event].level](line, text);
}

/** The fields of a line that tells of one. */
export function errorFields({
  call,
  errno,
  detail,
}: SystemError): Pick<SystemError, 'call' | 'errno' | 'detail'> {
  return { call, errno, ...(detail === undefined ? {} : { detail }) };
}
