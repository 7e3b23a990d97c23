/**
 * Compiled policies, one object a distinct policy: peers with equal policies share the object, and by that an update
 * group (`rib/update-group.ts`).
 */

import { compilePolicy } from '../policy/compile.ts';
import type { Policy } from '../policy/types.ts';
import type { PolicyPort } from '../rib/policy-port.ts';

export interface PolicyRejections {
  /** Name of the policies: `import`, `export`. */
  readonly direction: string;
  /** Name of the statement. */
  readonly clause: string;
  readonly count: number;
}

/** Clauses that are told apart: a cluster has some, and each is a series in every Prometheus. */
const CLAUSES_MAX = 256;
const OTHERS = 'other clauses';
/** No statement decided. */
const OTHERWISE = 'otherwise';

export class Policies {
  readonly #compiled = new Map<string, { readonly policy: Policy; readonly port: PolicyPort }>();
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
    const known = this.#compiled.get(key);
    if (known !== undefined) return known.port;
    const port = compilePolicy(policy);
    this.#compiled.set(key, { policy, port });
    return port;
  }

  /** How often each clause rejected; clauses of one name, which several policies have in common, are one. */
  rejections(): PolicyRejections[] {
    const counts = new Map<string, PolicyRejections & { count: number }>();
    for (const { policy, port } of this.#compiled.values()) {
      for (const [i, count] of (port.rejections ?? []).entries()) {
        if (count === 0) continue;
        const name = i === 0 ? OTHERWISE : policy.statements[i - 1]!.name;
        const clause =
          counts.size < CLAUSES_MAX || counts.has(`${policy.name} ${name}`) ? name : OTHERS;
        const key = `${policy.name} ${clause}`;
        const known = counts.get(key);
        if (known === undefined) counts.set(key, { direction: policy.name, clause, count });
        else known.count += count;
      }
    }
    return [...counts.values()];
  }

  /** Forgets what no peer of the running plan uses. */
  keepOnly(used: Iterable<Policy>): void {
    this.#byObject = new WeakMap();
    const keys = new Set([...new Set(used)].map((policy) => JSON.stringify(policy)));
    for (const key of this.#compiled.keys()) if (!keys.has(key)) this.#compiled.delete(key);
  }
}
