/** Work that is asked for from outside and takes longer than the loop may be held. */

/** Does all pieces of `work`; after each `sliceMs` milliseconds of them whatever else waits has its turn. */
export async function inSlices<T>(
  work: AsyncGenerator<undefined, T> | Generator<undefined, T>,
  sliceMs: number,
): Promise<T> {
  for (let began = performance.now(); ; ) {
    const { done, value } = await work.next();
    if (done === true) return value;
    if (performance.now() - began < sliceMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    began = performance.now();
  }
}

/** Work that is done once at a time: who asks while it is done gets what comes of it. */
export class OneAtATime<T> {
  #running: Promise<T> | undefined;

  do(begin: () => Promise<T>): Promise<T> {
    this.#running ??= begin().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }
}
