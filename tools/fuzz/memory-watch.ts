/** Whether memory stays flat: what is alive after a collection, compared with what was alive once all was warm. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Looks that pass before what is alive counts: corpora and tables fill until then. */
const WARM_LOOKS = 6;
/** Growth after that which is still no leak: the corpora take on finds for long. */
const GROWTH_OCTETS_MAX = 48 * 1024 * 1024;
/** Looks in a row that must agree: buffers that died are given back some time after a collection. */
const LOOKS_OVER_MAX = 3;

export class MemoryWatch {
  readonly #collect: () => void;
  #looks = 0;
  #first = 0;
  #last = 0;
  #over = 0;

  constructor() {
    setFlagsFromString('--expose-gc');
    this.#collect = runInNewContext('gc');
  }

  /** @returns What is wrong; undefined while all is well. */
  look(): string | undefined {
    this.#collect();
    this.#collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    this.#last = heapUsed + arrayBuffers;
    if (this.#looks++ <= WARM_LOOKS) this.#first = this.#last;
    this.#over = this.#last - this.#first > GROWTH_OCTETS_MAX ? this.#over + 1 : 0;
    return this.#over >= LOOKS_OVER_MAX ? `Memory grows: ${this.text}` : undefined;
  }

  get text(): string {
    const { rss } = process.memoryUsage();
    const grown = this.#last - this.#first;
    return `${mega(this.#last)} MiB alive, ${mega(grown)} MiB more than once warm; ${mega(rss)} MiB resident`;
  }
}

function mega(octets: number): string {
  return (octets / 1024 / 1024).toFixed(1);
}
