/** What every datastore tells, whatever it is made of. */

import type { RawSnapshot } from '../../datastore/documents.ts';

export interface DatastoreListener {
  onSnapshot(snapshot: RawSnapshot): void;
  /** Said once per loss and again when the reason changes; the next snapshot says that it is back. */
  onLost(reason: string): void;
}
