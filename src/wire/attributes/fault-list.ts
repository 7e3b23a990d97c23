/** The faults of one UPDATE while it is judged, bounded, and the worst of them (RFC 7606 §3(h)). Reused. */
import { copyOctets } from '../copy-octets.ts';
import { ErrorCode, UpdateSubcode } from '../iana.ts';
import {
  FAULT_DATA_LENGTH_MAX,
  FAULTS_PER_UPDATE_MAX,
  type FaultAction,
  type UpdateFault,
} from '../update-faults.ts';
import type { Malformed } from './define.ts';
import { attributeName } from './table.ts';

export class FaultList {
  #message = new Uint8Array(0) as Uint8Array;
  #list: UpdateFault[] | undefined;
  /** Undefined while nothing is wrong. */
  worst: FaultAction | undefined;

  /** Another UPDATE. Lists handed out before stay as they are. */
  begin(message: Uint8Array): void {
    this.#message = message;
    this.#list = undefined;
    this.worst = undefined;
  }

  get list(): readonly UpdateFault[] {
    return this.#list ?? NONE;
  }

  /** @param span  The whole attribute with its header, in the message. */
  add(problem: Malformed, attribute: number, span: { start: number; end: number }): void {
    const end = Math.min(span.end, span.start + FAULT_DATA_LENGTH_MAX);
    this.#push(problem, attribute, copyOctets(this.#message, span.start, end));
  }

  /** RFC 4271 §6.3: the data is the type of the attribute that should be there. */
  missing(attribute: number): void {
    this.#push(MISSING, attribute, Uint8Array.of(attribute));
  }

  /** The same faults, each treat-as-withdraw now a session reset (RFC 7606 §5.2). */
  escalate(): void {
    this.worst = 'session-reset';
    this.#list = this.list.map((fault) =>
      fault.action === 'treat-as-withdraw' ? { ...fault, action: 'session-reset' } : fault,
    );
  }

  #push(problem: Malformed, attribute: number, data: Uint8Array): void {
    const { action, subcode, reason } = problem;
    const name = attributeName(attribute);
    const fault: UpdateFault = {
      action,
      attribute,
      name,
      code: ErrorCode.Update,
      subcode,
      data,
      reason,
    };
    this.#list ??= [];
    const isWorse = this.worst === undefined || RANK[action] > RANK[this.worst];
    if (isWorse) this.worst = action;
    if (this.#list.length < FAULTS_PER_UPDATE_MAX) this.#list.push(fault);
    else if (isWorse) this.#list[FAULTS_PER_UPDATE_MAX - 1] = fault;
  }
}

/** The fault that decided, for the NOTIFICATION of a session reset; undefined when the list is empty. */
export function worstFault(faults: readonly UpdateFault[]): UpdateFault | undefined {
  let worst: UpdateFault | undefined;
  for (const fault of faults) {
    if (worst === undefined || RANK[fault.action] > RANK[worst.action]) worst = fault;
  }
  return worst;
}

const NONE: readonly UpdateFault[] = [];
const RANK: Readonly<Record<FaultAction, number>> = {
  discard: 1,
  'treat-as-withdraw': 2,
  'session-reset': 3,
};
const MISSING: Malformed = {
  action: 'treat-as-withdraw',
  subcode: UpdateSubcode.MissingWellKnownAttribute,
  reason: 'Missing',
};
