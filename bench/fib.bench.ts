/**
 * The columns of the kernel's routes by stage: 100,000 IPv4 prefixes wished, moved to another next hop, not wished any
 * more, and each request answered at once with success. No kernel, no sockets: what it costs the thread that speaks BGP.
 *
 * `node bench/fib.bench.ts [prefixes]` prints nanoseconds a prefix, the least of ten rounds.
 */

import { millis } from '../src/base/units.ts';
import { Driver } from '../src/fib/testing/driver.ts';
import type { RoutePrefix } from '../src/fib/types.ts';
import { BATCH_REQUESTS_MAX } from '../src/netlink/route-request.ts';

const ROUNDS = 10;
const PREFIXES = Number(process.argv[2] ?? 100_000);

const driver = new Driver().start();
const { fib } = driver;
const success = new Int32Array(BATCH_REQUESTS_MAX);
const octets = new Uint8Array(4);
const key: RoutePrefix & { length: number } = { family: 4, octets, octetsAt: 0, length: 26 };
const wish = { shape: driver.via('10.0.0.2'), metric: 0, origin: 'bench' };
const other = driver.via('10.0.0.3');
const first = wish.shape;

/** The block after `i` others from 20.0.0.0/26 on. */
function seek(i: number): RoutePrefix {
  octets[0] = 20 + (i >>> 18);
  octets[1] = i >>> 10;
  octets[2] = i >>> 2;
  octets[3] = i << 6;
  return key;
}

function settle(): void {
  for (;;) {
    const batch = fib.nextBatch(millis(driver.now));
    if (batch === undefined) return;
    fib.takeJournal();
    fib.onAck(batch.id, success, millis(driver.now));
  }
}

/** Wall time: a thread's CPU time comes in steps of 4 ms. The least of the rounds is that of the quietest moment. */
function cost(work: () => void): number {
  const from = performance.now();
  work();
  return ((performance.now() - from) * 1e6) / PREFIXES;
}

const least = new Map<string, number>();
const stage = (name: string, work: () => void): void => {
  const ns = cost(work);
  least.set(name, Math.min(ns, least.get(name) ?? ns));
};
const wantAll = (): void => {
  for (let i = 0; i < PREFIXES; i++) fib.want(seek(i), wish, millis(driver.now));
};

for (let round = 0; round < ROUNDS; round++) {
  wish.shape = first;
  stage('wished', wantAll);
  stage('written, acknowledged', settle);
  wish.shape = other;
  stage('moved', wantAll);
  stage('replaced, acknowledged', settle);
  stage('not wished any more', () => {
    for (let i = 0; i < PREFIXES; i++) fib.unwant(seek(i));
  });
  stage('deleted, acknowledged, row freed', settle);
}
if (fib.counts().installed !== 0) throw new Error('Routes are left');
for (const [name, ns] of least)
  console.log(`${name.padEnd(36)} ${ns.toFixed(0).padStart(5)} ns a prefix`);
