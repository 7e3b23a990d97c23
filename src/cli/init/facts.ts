/** What `godwit init` finds out about the machine: the interface of the default route and its addresses. */

import { readFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { parsePrefix } from '../../net/prefix.ts';
import type { InitFacts } from './generate.ts';

export type FoundFacts =
  | { readonly ok: true; readonly facts: InitFacts }
  | { readonly ok: false; readonly reason: string };

/** RTF_UP of linux/route.h. */
const ROUTE_UP = 0x1;

export async function gatherFacts(nodeName: string | undefined): Promise<FoundFacts> {
  let table: string;
  try {
    table = await readFile('/proc/net/route', 'utf8');
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? 'EIO';
    return { ok: false, reason: `/proc/net/route cannot be read: ${errno}` };
  }
  const interfaceName = defaultRouteInterface(table);
  if (interfaceName === undefined) {
    return {
      ok: false,
      reason: 'There is no IPv4 default route: name the interface with --interface',
    };
  }
  return factsOf(interfaceName, nodeName);
}

export function factsOf(interfaceName: string, nodeName: string | undefined): FoundFacts {
  const interfaces = networkInterfaces();
  const addresses = interfaces[interfaceName] ?? [];
  const ipv4 = addresses.find((address) => address.family === 'IPv4')?.cidr ?? undefined;
  if (ipv4 === undefined) {
    return { ok: false, reason: `Interface ${interfaceName} has no IPv4 address` };
  }
  const global = addresses.find((item) => item.family === 'IPv6' && item.scopeid === 0);
  const subnets = Object.values(interfaces)
    .flatMap((list) => list ?? [])
    .map((item) => parsePrefix(item.cidr ?? ''))
    .filter((item) => item !== undefined);
  const facts = {
    nodeName: nodeName ?? hostname().toLowerCase(),
    interfaceName,
    ipv4,
    ipv6: global?.cidr ?? undefined,
    subnets,
  };
  return { ok: true, facts };
}

/** The interface of the default route with the lowest metric in the text of /proc/net/route. */
export function defaultRouteInterface(table: string): string | undefined {
  let best: { readonly name: string; readonly metric: number } | undefined;
  for (const line of table.split('\n').slice(1)) {
    const [name, destination, , flags, , , metricText, mask] = line.trim().split(/\s+/);
    if (name === undefined || destination !== '00000000' || mask !== '00000000') continue;
    if ((Number.parseInt(flags ?? '0', 16) & ROUTE_UP) === 0) continue;
    const metric = Number(metricText);
    if (best === undefined || metric < best.metric) best = { name, metric };
  }
  return best?.name;
}
