/** Kernel routes under a proposal: what each choice would be written as, before and after. */

import { sameData } from '../../datastore/plan-data.ts';
import { KernelPolicy } from '../../fib/kernel-policy.ts';
import { RouteShapes } from '../../fib/route-shape.ts';
import type { IpAddress } from '../../net/ip-address.ts';
import { ipToOctets } from '../../net/ip-address.ts';
import { type Prefix, prefixAddress, prefixFamily, prefixLength } from '../../net/prefix.ts';
import type { Core } from '../core.ts';
import type { Chosen } from './choice.ts';
import { EXAMPLES_MAX, type KernelForecast, type Proposal } from './types.ts';

/** Of kernel routes more examples say more: they are what moves packets. */
const KERNEL_EXAMPLES_MAX = 2 * EXAMPLES_MAX;

export class KernelOutlook {
  readonly forecast: KernelForecast = { added: 0, changed: 0, removed: 0, examples: [] };
  readonly rulesChange: boolean;
  readonly #core: Core;
  readonly #shapes = new RouteShapes();
  readonly #before: KernelPolicy | undefined;
  readonly #after: KernelPolicy | undefined;

  constructor(core: Core, { next }: Proposal) {
    this.#core = core;
    const { plan, kernelView: view } = core;
    this.rulesChange = plan !== undefined && !sameData(plan.kernel, next.kernel);
    if (plan === undefined || !core.options.kernelEnabled) return;
    // Policies of our own: what they remember is not to push out what the running ones do.
    const policy = (rules: typeof next.kernel): KernelPolicy =>
      new KernelPolicy({ view, shapes: this.#shapes, rules });
    this.#before = policy(plan.kernel);
    this.#after = this.rulesChange ? policy(next.kernel) : this.#before;
  }

  look(prefix: Prefix, before: Chosen | undefined, after: Chosen | undefined): void {
    const was = this.#textOf(this.#before, prefix, before);
    const is = this.#textOf(this.#after, prefix, after);
    if (was === is) return;
    const { forecast } = this;
    if (was === undefined) forecast.added++;
    else if (is === undefined) forecast.removed++;
    else forecast.changed++;
    if (forecast.examples.length >= KERNEL_EXAMPLES_MAX) return;
    forecast.examples.push(`${prefix}: ${was ?? 'no route'} → ${is ?? 'no route'}`);
  }

  #textOf(
    policy: KernelPolicy | undefined,
    prefix: Prefix,
    chosen: Chosen | undefined,
  ): string | undefined {
    if (policy === undefined || chosen === undefined) return undefined;
    const octets = ipToOctets(prefixAddress(prefix));
    const { source, origin, localPref } = chosen;
    const decision = policy.decide({
      prefix: { family: prefixFamily(prefix), octets, octetsAt: 0, length: prefixLength(prefix) },
      source,
      blackhole: origin?.blackhole ?? false,
      nextHops: nextHopsOf(chosen),
      localPref,
    });
    if (decision.action !== 'program') return undefined;
    const metric = decision.metric === 0 ? '' : ` metric ${decision.metric}`;
    const name = (index: number): string | undefined => this.#core.kernelView.interfaceName(index);
    return `${this.#shapes.text(decision.shape, name)}${metric}`;
  }
}

function nextHopsOf({ nextHops, origin }: Chosen): readonly IpAddress[] {
  if (nextHops.length > 0 || origin?.gateway === undefined) return nextHops;
  return [origin.gateway];
}
