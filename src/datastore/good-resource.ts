/** A resource that counts, as it was written and as it is understood; types shared by settling and its memory. */

import type { Entry } from './validate.ts';

export interface GoodResource {
  /** `Kind/name` or, where a kind has namespaces, `Kind/namespace/name`. */
  readonly key: string;
  readonly file: string;
  readonly value: unknown;
}

/** JSON-able. Ordered by key. */
export interface LastGood {
  readonly format: 1;
  readonly resources: readonly GoodResource[];
}

export interface ResourceStatus {
  readonly key: string;
  readonly file: string;
  /** `kept`: the present version cannot be used, the last good one is in force. `refused`: there is no good one. */
  readonly state: 'in-force' | 'kept' | 'refused';
  readonly reason?: string;
}

/** A resource that counts: how it was written, what it says, and how it came to count. */
export interface InForce {
  readonly good: GoodResource;
  readonly entry: Entry;
  readonly status: ResourceStatus;
}
