/** What every datastore tells, whatever it is made of. */

import type { RawSnapshot } from '../../datastore/documents.ts';

/** The status of a CalicoNodeStatus, to be written. */
export interface StatusReport {
  readonly name: string;
  readonly periodSeconds: number;
  readonly status: object;
}

export interface DatastoreListener {
  onSnapshot(snapshot: RawSnapshot): void;
  /** Said once per loss and again when the reason changes; the next snapshot says that it is back. */
  onLost(reason: string): void;
}
