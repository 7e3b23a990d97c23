/**
 * What must be true at a quiet point: kernel = what the neighbor announces, read by `ip` and not by us; no route of
 * others touched; a proof that finds nothing; a word in the log for every route that was disturbed.
 */

import { allRoutes } from '../../test/support/netns.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import type { Done } from './acts.ts';
import { type Block, GATEWAY, OUR_METRIC, type World } from './world.ts';

/** A route that was disturbed twice waits 100 ms, a session that fell some seconds; a busy machine longer. */
const QUIET_MS_MAX = 60_000;

interface Shown {
  readonly dst: string;
  readonly type?: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
  readonly metric?: number;
  readonly flags?: readonly string[];
}

/** @returns sentences; empty when all is as it must be. */
export async function checkQuiet(
  world: World,
  round: readonly Done[],
  eventsBefore: number,
): Promise<string[]> {
  const problems = await untilRight(world);
  problems.push(...(await checkProof(world)));
  problems.push(...checkLog(world, round, eventsBefore));
  return problems;
}

/** Waits until the kernel is right; what is wrong with it when it does not become so. */
async function untilRight(world: World): Promise<string[]> {
  let problems: string[] = ['never looked'];
  const look = async (): Promise<string[]> => {
    problems = await checkKernel(world);
    return problems;
  };
  try {
    await waitFor(look, (found) => found.length === 0, {
      what: 'the kernel to be right',
      timeoutMs: QUIET_MS_MAX,
      intervalMs: 100,
    });
    return [];
  } catch {
    return problems; // the last look says what is wrong
  }
}

async function checkKernel(world: World): Promise<string[]> {
  const routes = (await allRoutes(world.node)) as unknown as Shown[];
  const links = await world.node.ipJson<{ ifname: string; flags: string[] }>('link', 'show');
  const tunnelUp = links.some(({ ifname, flags }) => ifname === 'tunl0' && flags.includes('UP'));
  const problems: string[] = [];
  const ours = new Map<string, Shown[]>();
  for (const route of routes) {
    if (!isBird(route) || world.foreign.has(`${withLength(route.dst)} ${route.metric ?? 0}`))
      continue;
    const key = withLength(route.dst);
    ours.set(key, [...(ours.get(key) ?? []), route]);
  }
  for (const block of world.blocks.values()) {
    const found = ours.get(block.cidr) ?? [];
    ours.delete(block.cidr);
    const wrong = wrongWith(block, found, { taken: world.isTaken(block.cidr), tunnelUp });
    if (wrong !== undefined) problems.push(`${block.cidr}: ${wrong}`);
  }
  for (const [prefix, found] of ours)
    problems.push(`${prefix}: nobody announces it: ${say(found)}`);
  for (const route of world.foreign.values()) {
    const there = routes.some(
      (shown) =>
        withLength(shown.dst) === route.prefix &&
        (shown.metric ?? 0) === route.metric &&
        protocolOf(shown) === route.protocol &&
        (route.what === 'blackhole') === (shown.type === 'blackhole'),
    );
    if (!there) problems.push(`${route.prefix} of protocol ${route.protocol} was touched`);
  }
  return problems;
}

function wrongWith(
  { kind }: Block,
  found: readonly Shown[],
  state: { readonly taken: boolean; readonly tunnelUp: boolean },
): string | undefined {
  if (state.taken) return found.length === 0 ? undefined : `beside another's: ${say(found)}`;
  // Without the device the route is held: absent, or as it was through a device that has another name now.
  if (kind === 'tunnelled' && !state.tunnelUp) return undefined;
  const [route] = found;
  if (found.length !== 1 || route === undefined) return `expected one route: ${say(found)}`;
  const gateway = kind === 'six' ? 'fd09::2' : GATEWAY;
  const device = kind === 'tunnelled' ? 'tunl0' : 'eth0';
  const onlink = route.flags?.includes('onlink') === true;
  const right =
    route.gateway === gateway &&
    route.dev === device &&
    route.metric === OUR_METRIC &&
    onlink === (kind === 'tunnelled');
  return right ? undefined : `expected via ${gateway} dev ${device}: ${say(found)}`;
}

async function checkProof(world: World): Promise<string[]> {
  try {
    await world.godwit.client.proveKernel();
    const { divergences } = await world.godwit.client.getKernelProof();
    return divergences.map(
      ({ prefix, kind, expected, found }) =>
        `the proof found ${prefix} ${kind}: ${found || 'nothing'} instead of ${expected || 'nothing'}`,
    );
  } catch (error) {
    return [`no proof: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** Each route that was disturbed is told of as restored, unless something larger explains all of them. */
function checkLog(world: World, round: readonly Done[], before: number): string[] {
  if (round.some(({ explainsAll }) => explainsAll === true)) return [];
  const events = world.godwit.events().slice(before);
  const told = new Set(
    events.filter(({ event }) => event === 'route-restored').map((e) => e['prefix']),
  );
  const summed = events.some(({ reason }: Record<string, unknown>) =>
    /more events like this/.test(String(reason)),
  );
  const read = events.some(({ event }) => event === 'kernel-synced');
  if (summed || read) return [];
  return round
    .flatMap(({ disturbed = [] }) => disturbed)
    .filter((prefix) => world.blocks.has(prefix) && !world.isTaken(prefix) && !told.has(prefix))
    .map((prefix) => `${prefix} was repaired and the log does not say so`);
}

function isBird({ protocol }: Shown): boolean {
  return protocol === 'bird' || protocol === '12';
}

const PROTOCOLS: Readonly<Record<string, number>> = { static: 4, bird: 12, bgp: 186 };

function protocolOf({ protocol = '' }: Shown): number {
  return PROTOCOLS[protocol] ?? Number(protocol);
}

/** `ip` leaves the length of a host route out. */
function withLength(dst: string): string {
  if (dst.includes('/') || dst === 'default') return dst;
  return `${dst}/${dst.includes(':') ? 128 : 32}`;
}

function say(found: readonly Shown[]): string {
  return found.length === 0 ? 'there is none' : JSON.stringify(found);
}
