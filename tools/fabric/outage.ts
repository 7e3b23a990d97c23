/**
 * A member of the fabric dies under traffic: its daemons are killed and its links go, as when the power fails. Flows
 * between pods may stop for a moment and no longer, and the routes afterwards are those without it.
 */

import { pingPairs } from './check.ts';
import type { Fabric } from './fabric.ts';
import type { Outage } from './lab-expect.ts';
import { type PingResult, ping, routeDifferences } from './observe.ts';
import { delay, stopProcess } from './process.ts';

export interface OutageProof {
  readonly line: string;
  readonly failures: readonly string[];
}

const PING_MS = 10;
/** Pings of a flow: some before the death, most after it. */
const PINGS = 400;
const BEFORE_MS = 1_000;
/** For the routes to be as they should; far more than it takes, and what it took is printed. */
const ROUTES_MS_MAX = 10_000;

export async function proveOutage(fabric: Fabric, outage: Outage): Promise<OutageProof> {
  const { network, expected } = fabric;
  const flows = pingPairs(expected.pods).flatMap(({ from, to, addresses }) =>
    addresses.map((address) => {
      const order = { label: { from, to }, address, count: PINGS, interval: PING_MS / 1000 };
      return ping(network.of(from), order);
    }),
  );
  const flowing = Promise.all(flows);
  flowing.catch(() => undefined); // its failure is told below, when it is waited for
  await delay(BEFORE_MS);
  await kill(fabric, outage.dies);
  const begin = performance.now();
  const wrong = await untilRoutes(fabric, outage);
  const took = Math.round(performance.now() - begin);
  const results = await flowing;
  return judgeOutage(outage, { results, wrong, took });
}

/** Exported for its test. */
export function judgeOutage(
  { dies, interruptedMsMax }: Outage,
  seen: {
    readonly results: readonly PingResult[];
    readonly wrong: readonly string[];
    readonly took: number;
  },
): OutageProof {
  const lostMs = ({ sent, received }: PingResult): number => (sent - received) * PING_MS;
  const worst = Math.max(0, ...seen.results.map(lostMs));
  const whole = seen.results.filter((one) => lostMs(one) === 0).length;
  const line = `${dies} died: routes without it after ${seen.took} ms; of ${seen.results.length} \
flows ${whole} lost nothing, the others at most ${worst} ms`;
  const late = seen.results
    .filter((one) => lostMs(one) > interruptedMsMax)
    .map((one) => {
      const flow = `${one.from} → ${one.to} (${one.address})`;
      return `${dies} died: ${flow} was interrupted for ${lostMs(one)} ms, not ${interruptedMsMax} at most`;
    });
  return { line, failures: [...late, ...seen.wrong.map((text) => `${dies} died: ${text}`)] };
}

async function kill(fabric: Fabric, member: string): Promise<void> {
  const speaker = fabric.speakers.get(member);
  const links = fabric.lab.links.flatMap(([a, b]) =>
    [a, b].filter(({ node }) => node === member).map(({ device }) => `link set ${device} down`),
  );
  const running = speaker === undefined ? [] : [speaker.running, ...(speaker.beside ?? [])];
  await Promise.all([
    fabric.network.of(member).batch(links),
    ...running.map((one) => stopProcess(one, { signal: 'SIGKILL' })),
  ]);
}

async function untilRoutes(fabric: Fabric, { routes }: Outage): Promise<string[]> {
  const end = performance.now() + ROUTES_MS_MAX;
  for (;;) {
    const found: string[] = [];
    for (const [name, wanted] of routes) {
      const node = { name, routes: wanted, has: [] };
      found.push(...(await routeDifferences(fabric.network.of(name), node)));
    }
    if (found.length === 0 || performance.now() > end) return found;
    await delay(50);
  }
}
