/**
 * Puts the status into a CalicoNodeStatus as it is in the store now: read, compared, written if nobody has written since,
 * and once more if somebody has. How that is done, each store knows.
 */

import { isWrittenByOther } from '../../datastore/node-statuses.ts';
import type { StatusReport } from './listener.ts';

export interface StoredStatus {
  /** The whole object. */
  readonly object: { readonly status?: { readonly lastUpdated?: unknown } };
  /** @returns false when somebody has written it since it was read. */
  write(object: object): Promise<boolean>;
}

export class StatusWrites {
  /** `lastUpdated` of our last one, by name. */
  readonly #ours = new Map<string, string>();

  /**
   * @param read  Undefined: it is not there any more.
   * @returns why it was not written; undefined when it was, or need not be.
   */
  async write(
    { name, status, periodSeconds }: StatusReport,
    read: () => Promise<StoredStatus | undefined>,
  ): Promise<string | undefined> {
    const { lastUpdated: ours } = status as { readonly lastUpdated: string };
    for (let attempt = 0; attempt < 2; attempt++) {
      const stored = await read();
      if (stored === undefined) return undefined;
      const there = stored.object.status?.lastUpdated;
      const lastUpdated = typeof there === 'string' ? there : undefined;
      // No time at all (NaN) is younger than nothing.
      const ageMs = Date.now() - Date.parse(lastUpdated ?? '');
      const turn = { lastUpdated, ours: this.#ours.get(name), ageMs, periodSeconds };
      if (isWrittenByOther(turn)) {
        return `somebody else does, last at ${lastUpdated}: is the reporter of calico-node on?`;
      }
      if (await stored.write({ ...stored.object, status })) {
        this.#ours.set(name, ours);
        return undefined;
      }
    }
    return 'somebody else writes it at the same time';
  }
}
