/**
 * One field of a `PeerProfile` as data: what may be written, what holds when nothing is, and what a change of it does
 * to a session that stands. The reader, the CRD, the reference pages, the classes of a plan's changes and what
 * `show neighbors` prints are all made from it.
 */

import type { AfiSafi } from '../net/afi-safi.ts';

/** What a changed value does to a session that stands. */
export type ChangeClass =
  /** Closed and opened again: what may be exchanged is agreed on when it begins. */
  | 'restart'
  /** Counts from the next OPEN on; until then the session runs as it was agreed. */
  | 'next-open'
  | 'import'
  | 'export'
  | 'import-and-export'
  | 'at-once';

export type FieldType =
  | { readonly type: 'boolean' }
  /** Written as text, `90s`; seconds in the plan. `zero`: 0 is allowed below `min` and means "off". */
  | {
      readonly type: 'duration';
      readonly min: number;
      readonly max: number;
      readonly zero?: boolean;
    }
  | { readonly type: 'integer'; readonly min: number; readonly max: number }
  | { readonly type: 'one-of'; readonly values: readonly string[] }
  | { readonly type: 'add-path-send' }
  | { readonly type: 'families' }
  | { readonly type: 'as-number' };

export type SettingField = FieldType & {
  readonly help: string;
  readonly onChange: ChangeClass;
  /** Why a session has to be restarted; with `restart` alone. */
  readonly why?: string;
  /** The value in force when nothing is written; undefined: what `unset` says. */
  readonly default?: SettingValue;
  /** What holds when nothing is written and no single value says it. */
  readonly unset?: string;
};

export type RemoteAs = number | 'internal' | 'external';
export type AddPathSend = 'none' | 'all' | 'ecmp' | { readonly best: number };
export type SettingValue = boolean | number | string | AddPathSend | readonly AfiSafi[];

/** RFC 7911 leaves the number open; more than 32 paths of one prefix help nobody. */
export const BEST_PATHS_MAX = 32;
/** Beside `best N`. */
export const ADD_PATH_SENDS = ['none', 'all', 'ecmp'] as const;
export const ADD_PATH_SEND_PATTERN = '^(none|all|ecmp|best ([1-9]|[12][0-9]|3[0-2]))$';
