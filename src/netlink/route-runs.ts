/** The routes of a dump as values, in runs of a bounded length: whoever takes them in has others to serve as well. */

import type { KernelVisitor } from './events.ts';
import type { KernelRoute } from './kernel-route.ts';
import type { RawRoute } from './raw-route.ts';
import { decodeRoute } from './route.ts';

export class RouteRuns implements KernelVisitor {
  readonly #length: number;
  readonly #take: (routes: readonly KernelRoute[]) => void;
  #run: KernelRoute[] = [];

  /** @param take  Called with at most `length` routes each time. */
  constructor(length: number, take: (routes: readonly KernelRoute[]) => void) {
    this.#length = length;
    this.#take = take;
  }

  onRoute(raw: RawRoute): void {
    const route = decodeRoute(raw);
    if (route === undefined) return;
    this.#run.push(route);
    if (this.#run.length >= this.#length) this.flush();
  }

  onLink(): void {
    // No part of a dump of routes.
  }

  onAddress(): void {
    // No part of a dump of routes.
  }

  /** What is left. */
  flush(): void {
    const run = this.#run;
    if (run.length === 0) return;
    this.#run = [];
    this.#take(run);
  }
}
