/** What every datastore tells, whatever it is made of. */

import type { RawSnapshot } from '../../datastore/documents.ts';

/** The status of a CalicoNodeStatus, to be written. */
export interface StatusReport {
  readonly name: string;
  readonly periodSeconds: number;
  readonly status: object;
}

export interface DatastoreListener {
  /**
   * @param seenAt  Monotonic milliseconds of this thread: when the first change in it was noticed, for metrics;
   *   absent where none led to it.
   */
  onSnapshot(snapshot: RawSnapshot, seenAt?: number): void;
  /** Said once per loss and again when the reason changes; the next snapshot says that it is back. */
  onLost(reason: string): void;
}
