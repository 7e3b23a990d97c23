/**
 * What is measured of a running fabric: pings between pods, and kernel routes against what is
 * expected of the topology.
 */

import type { ExpectedHop, ExpectedNode, ExpectedRoute } from './lab-expect.ts';
import { birdRoutes, type IpRoute, type Namespace } from './netns.ts';
import { run } from './process.ts';

/** Differences between a node's kernel and what is expected of it, as sentences. */
export async function routeDifferences(
  namespace: Namespace,
  { name, routes, has }: Pick<ExpectedNode, 'routes' | 'has'> & { readonly name: string },
): Promise<string[]> {
  const differences: string[] = [];
  for (const family of [4, 6] as const) {
    const got = await birdRoutes(namespace, family);
    const ofFamily = (all: readonly ExpectedRoute[]): ExpectedRoute[] =>
      all.filter((route) => route.family === family);
    if (routes !== undefined) differences.push(...compareRoutes(ofFamily(routes), got));
    if (ofFamily(has).length === 0) continue;
    const all = await namespace.ipJson<IpRoute>(`-${family}`, 'route', 'show');
    differences.push(...lacking(ofFamily(has), all));
  }
  return differences.map((text) => `${name}: ${text}`);
}

/** One family of one node: each as expected, and no other. Metrics are not compared. */
export function compareRoutes(wanted: readonly ExpectedRoute[], got: readonly IpRoute[]): string[] {
  const extra = got.filter((one) => !wanted.some((route) => route.dst === one.dst));
  return [...lacking(wanted, got), ...extra.map((one) => `extra ${describeIp(one)}`)];
}

function lacking(wanted: readonly ExpectedRoute[], got: readonly IpRoute[]): string[] {
  return wanted.flatMap((route) => {
    const found = got.filter((one) => one.dst === route.dst);
    const want = `${describeExpected(route)} (${route.why})`;
    if (found.length === 0) return [`no route ${want}`];
    return found
      .filter((one) => describeIp(one, route.hops) !== describeExpected(route))
      .map((one) => `${describeIp(one)} instead of ${want}`);
  });
}

function describeExpected({ dst, hops }: ExpectedRoute): string {
  if (hops.length === 0) return `blackhole ${dst}`;
  return `${dst} ${hops.map(describeHop).sort().join(' ')}`;
}

function describeHop({ via, dev, onlink }: Omit<ExpectedHop, 'linkLocalToo'>): string {
  return `via ${via} dev ${dev}${onlink ? ' onlink' : ''}`;
}

/** With `hops`: a link-local gateway reads as the expected one, where that may be either. */
function describeIp(route: IpRoute, hops: readonly ExpectedHop[] = []): string {
  if (route.type !== undefined && route.type !== 'unicast') return `${route.type} ${route.dst}`;
  const got = (route.nexthops ?? [route]).map(({ gateway, dev, flags }) => {
    const either = hops.find((hop) => hop.linkLocalToo && hop.dev === dev);
    const via = gateway?.startsWith('fe80:') === true ? (either?.via ?? gateway) : gateway;
    const onlink = flags?.includes('onlink') === true;
    return describeHop({ via: via ?? '(none)', dev: dev ?? '(none)', onlink });
  });
  return `${route.dst} ${got.sort().join(' ')}`;
}

export interface PingResult {
  readonly from: string;
  readonly to: string;
  readonly address: string;
  readonly sent: number;
  readonly received: number;
}

export interface PingOrder {
  readonly label: { readonly from: string; readonly to: string };
  readonly address: string;
  readonly count: number;
  /** Seconds between two echo requests. */
  readonly interval?: number;
}

/** Sends `count` echo requests from a namespace; loss is a result, not an error. */
export async function ping(from: Namespace, order: PingOrder): Promise<PingResult> {
  const { label, address, count, interval = 0.2 } = order;
  const argv = ['ping', '-n', '-q', '-c', `${count}`, '-i', `${interval}`, '-W', '2', address];
  const { stdout, stderr } = await from.run(argv, { timeoutMs: 15_000 + count * 2_200 });
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? [];
  if (sent === undefined) throw new Error(`ping ${address} from ${label.from}: ${stderr.trim()}`);
  return { ...label, address, sent: Number(sent), received: Number(received) };
}

/** A node's protocol-12 routes of both families, as a person would see them. */
export async function ipRouteText(namespace: Namespace): Promise<string> {
  const v4 = await run(['ip', '-n', namespace.name, 'route', 'show', 'proto', '12']);
  const v6 = await run(['ip', '-n', namespace.name, '-6', 'route', 'show', 'proto', '12']);
  return `${v4.stdout}${v6.stdout}`;
}
