/**
 * What is measured of a running fabric: pings between pods, and kernel routes against what the
 * topology says.
 */
import { birdRoutes, type IpRoute, type Namespace } from './netns.ts';
import type { FabricNetwork } from './network.ts';
import { run } from './process.ts';
import { type ExpectedRoute, expectedRoutes, type FabricNode, NODES } from './topology.ts';

/** Differences between the kernel's protocol-12 routes and the expected ones, as sentences. */
export async function routeDifferences(
  network: FabricNetwork,
  node: FabricNode,
): Promise<string[]> {
  const namespace = network.node(node);
  const wanted = expectedRoutes(node);
  const differences: string[] = [];
  for (const family of [4, 6] as const) {
    const routes = await birdRoutes(namespace, family);
    const here = wanted.filter((route) => route.family === family);
    differences.push(...compareRoutes(here, routes).map((text) => `${node.name}: ${text}`));
  }
  return differences;
}

/** Blocks the ToR does not forward to their node: IPv6 between the racks goes by these. */
export async function torRouteDifferences(network: FabricNetwork): Promise<string[]> {
  const routes = [...(await birdRoutes(network.tor, 4)), ...(await birdRoutes(network.tor, 6))];
  return NODES.flatMap((node) => {
    const dev = `rack${node.rack.number}`;
    const blocks = [
      { dst: node.blockV4, gateway: node.ipv4 },
      { dst: node.blockV6, gateway: node.ipv6 },
    ];
    return blocks.flatMap(({ dst, gateway }) => {
      const route = routes.find((one) => one.dst === dst);
      const near = route?.gateway === gateway || route?.gateway?.startsWith('fe80:') === true;
      if (route !== undefined && near && route.dev === dev) return [];
      const got = route === undefined ? 'no route' : describeIp(route);
      return [`tor: ${got}, wanted ${dst} via ${gateway} dev ${dev} (${node.name}'s block)`];
    });
  });
}

/** Pure part of {@link routeDifferences}: one family of one node. Metrics are not compared. */
export function compareRoutes(wanted: readonly ExpectedRoute[], got: readonly IpRoute[]): string[] {
  const differences: string[] = [];
  for (const route of wanted) {
    const found = got.filter((one) => one.dst === route.dst);
    const want = `${describeExpected(route)} (${route.why})`;
    if (found.length === 0) differences.push(`no route ${want}`);
    for (const one of found) {
      const linkLocal = route.linkLocalToo === true && one.gateway?.startsWith('fe80:') === true;
      const same = linkLocal && route.via !== undefined ? { ...one, gateway: route.via } : one;
      if (describeIp(same) !== describeExpected(route)) {
        differences.push(`${describeIp(one)} instead of ${want}`);
      }
    }
  }
  for (const one of got) {
    if (!wanted.some((route) => route.dst === one.dst))
      differences.push(`extra ${describeIp(one)}`);
  }
  return differences;
}

function describeExpected({ dst, via, dev, onlink }: ExpectedRoute): string {
  if (via === undefined) return `blackhole ${dst}`;
  return `${dst} via ${via} dev ${dev}${onlink ? ' onlink' : ''}`;
}

function describeIp(route: IpRoute): string {
  if (route.type !== undefined && route.type !== 'unicast') return `${route.type} ${route.dst}`;
  const hops = route.nexthops ?? [route];
  const vias = hops.map(({ gateway, dev, flags }) => {
    const onlink = flags?.includes('onlink') === true ? ' onlink' : '';
    return `via ${gateway ?? '(none)'} dev ${dev ?? '(none)'}${onlink}`;
  });
  return `${route.dst} ${vias.join(' and ')}`;
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
}

/** Sends `count` echo requests from a namespace; loss is a result, not an error. */
export async function ping(from: Namespace, order: PingOrder): Promise<PingResult> {
  const { label, address, count } = order;
  const argv = ['ping', '-n', '-c', String(count), '-i', '0.2', '-W', '2', address];
  const { stdout, stderr } = await from.run(argv, { timeoutMs: 10_000 + count * 2_200 });
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
