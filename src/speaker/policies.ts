/**
 * Compiled policies, one object a distinct policy: peers with equal policies share the object, and by that an update
 * group (`rib/update-group.ts`).
 */

import { compilePolicy } from '../policy/compile.ts';
import type { Policy } from '../policy/types.ts';
import type { PolicyPort } from '../rib/policy-port.ts';

export class Policies {
  readonly #compiled = new Map<string, PolicyPort>();
  /** Spares the text of a policy that is asked for again: a mesh has one object for a thousand peers. */
  #byObject = new WeakMap<Policy, PolicyPort>();

  compiled(policy: Policy): PolicyPort {
    const known = this.#byObject.get(policy);
    if (known !== undefined) return known;
    const port = this.#byText(policy);
    this.#byObject.set(policy, port);
    return port;
  }

  #byText(policy: Policy): PolicyPort {
    const key = JSON.stringify(policy);
    let port = this.#compiled.get(key);
    if (port === undefined) {
      port = compilePolicy(policy);
      this.#compiled.set(key, port);
    }
    return port;
  }

  /** Forgets what no peer of the running plan uses. */
  keepOnly(used: Iterable<Policy>): void {
    this.#byObject = new WeakMap();
    const keys = new Set([...new Set(used)].map((policy) => JSON.stringify(policy)));
    for (const key of this.#compiled.keys()) if (!keys.has(key)) this.#compiled.delete(key);
  }
}
