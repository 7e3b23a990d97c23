/**
 * What was wrong with an UPDATE that can be survived, as a value (RFC 7606 §2).
 *
 * Kept with the path it concerns and counted per peer, so that "why is this route missing" has an answer.
 */
import type { UpdateSubcode } from './iana.ts';

/** What RFC 7606 §2 prescribes, worst first. */
export type FaultAction = 'session-reset' | 'treat-as-withdraw' | 'discard';

export interface UpdateFault {
  readonly action: FaultAction;
  /** Attribute Type Code; 0 where the fault is not about one attribute. */
  readonly attribute: number;
  /** Its name, e.g. `AS_PATH`, or `attribute 99`. */
  readonly name: string;
  /** Error Code of the NOTIFICATION that RFC 4271 §6.3 would have sent: always UPDATE Message Error. */
  readonly code: 3;
  readonly subcode: UpdateSubcode;
  /** Data of that NOTIFICATION: the attribute as received, cut at `FAULT_DATA_LENGTH_MAX`. A copy. */
  readonly data: Uint8Array;
  /** What was wrong, in words, without a final stop. */
  readonly reason: string;
}

/** Octets of a faulty attribute that are kept: enough to recognise it, small enough to keep many. */
export const FAULT_DATA_LENGTH_MAX = 512;

/** Faults of one UPDATE that are kept; a message of 64 KiB could carry thousands. */
export const FAULTS_PER_UPDATE_MAX = 16;

/** One line: `AS_PATH: Segment of unknown type 5 (treat-as-withdraw)`. */
export function formatUpdateFault(fault: UpdateFault): string {
  return `${fault.name}: ${fault.reason} (${fault.action})`;
}
