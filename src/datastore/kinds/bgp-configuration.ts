/** BGPConfiguration: `default` for all nodes, `node.<name>` for one. @see calico model 1.1 */

import { ipFamily, parseIpAddress } from '../../net/ip-address.ts';
import type { Prefix } from '../../net/prefix.ts';
import type { Fields } from '../fields.ts';
import type {
  BgpConfigurationResource,
  Community,
  LogLevel,
  PrefixAdvertisement,
} from '../resources.ts';
import { readAsNumber, readCidr, readCommunity, readRestartTime, readSecretRef } from './common.ts';

const BGP_PORT_MAX = 65_535;

/** 2147483647 − priority is the LOCAL_PREF, and neither may be 0. */
export const ROUTE_PRIORITY_MAX = 2_147_483_646;

/** Calico's limit on `communities` and `prefixAdvertisements`. */
const COMMUNITIES_MAX = 500;

const LOG_LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warning: 'warning',
  warn: 'warning',
  error: 'error',
  fatal: 'error',
  panic: 'error',
  none: 'none',
};

/** Read from `default` alone, whatever a `node.*` resource says. */
const DEFAULT_ONLY = [
  'nodeToNodeMeshEnabled',
  'asNumber',
  'serviceClusterIPs',
  'serviceExternalIPs',
  'serviceLoadBalancerIPs',
  'serviceLoadBalancerAggregation',
  'nodeMeshPassword',
  'nodeMeshMaxRestartTime',
  'bindMode',
  'ignoredInterfaces',
  'programClusterRoutes',
  'ipv4NormalRoutePriority',
  'ipv6NormalRoutePriority',
] as const;

export function readBgpConfiguration(name: string, spec: Fields): BgpConfigurationResource {
  warnOfScope(name, spec);
  const communities = readNamedCommunities(spec);
  const resource: BgpConfigurationResource = {
    name,
    logLevel: readLogLevel(spec),
    nodeToNodeMeshEnabled: spec.boolean('nodeToNodeMeshEnabled'),
    asNumber: readAsNumber(spec, 'asNumber'),
    listenPort: spec.integer('listenPort', { min: 1, max: BGP_PORT_MAX }),
    bindMode: spec.oneOf('bindMode', ['None', 'NodeIP']),
    programClusterRoutes: spec.oneOf('programClusterRoutes', [
      'Enabled',
      'Disabled',
      'EnabledIPIPOnly',
      'EnabledNoEncapOnly',
    ]),
    ipv4NormalRoutePriority: spec.integer('ipv4NormalRoutePriority', PRIORITY),
    ipv6NormalRoutePriority: spec.integer('ipv6NormalRoutePriority', PRIORITY),
    nodeMeshPassword: readSecretRef(spec, 'nodeMeshPassword'),
    nodeMeshMaxRestartTime: readRestartTime(spec, 'nodeMeshMaxRestartTime'),
    ignoredInterfaces: spec.list('ignoredInterfaces', INTERFACES, readInterfaces),
    serviceClusterIps: readServiceCidrs(spec, 'serviceClusterIPs'),
    serviceExternalIps: readServiceCidrs(spec, 'serviceExternalIPs'),
    serviceLoadBalancerIps: readServiceCidrs(spec, 'serviceLoadBalancerIPs'),
    serviceLoadBalancerAggregation: spec.oneOf('serviceLoadBalancerAggregation', [
      'Enabled',
      'Disabled',
    ]),
    prefixAdvertisements: readAdvertisements(spec, communities),
  };
  checkMeshFields(spec, resource);
  warnOfFelix(spec);
  return resource;
}

const PRIORITY = { min: 1, max: ROUTE_PRIORITY_MAX } as const;

function warnOfScope(name: string, spec: Fields): void {
  if (name !== 'default' && !name.startsWith('node.')) {
    spec.reportAt(['metadata', 'name'], {
      code: 'NoEffect',
      severity: 'warning',
      message: 'This BGPConfiguration has no effect',
      remedy: 'Name it default, or node. followed by the name of a node',
      value: name,
    });
  }
  if (name === 'default') return;
  for (const field of DEFAULT_ONLY) {
    if (!spec.has(field)) continue;
    spec.report(field, {
      code: 'NoEffect',
      severity: 'warning',
      message: 'Read from BGPConfiguration/default alone: it has no effect here',
    });
  }
}

function readLogLevel(spec: Fields): LogLevel | undefined {
  const what = 'a log level: Trace, Debug, Info, Warning, Error, Fatal';
  return spec.parsed('logSeverityScreen', what, (value) =>
    typeof value === 'string' && Object.hasOwn(LOG_LEVELS, value.toLowerCase())
      ? LOG_LEVELS[value.toLowerCase()]
      : undefined,
  );
}

function checkMeshFields(spec: Fields, resource: BgpConfigurationResource): void {
  if (resource.nodeToNodeMeshEnabled !== false) return;
  for (const field of ['nodeMeshPassword', 'nodeMeshMaxRestartTime']) {
    if (!spec.has(field)) continue;
    spec.report(field, {
      code: 'NoEffect',
      severity: 'warning',
      message: 'There is no mesh while nodeToNodeMeshEnabled is false',
    });
  }
}

const INTERFACES = 'an interface or a pattern of 1 to 15 characters, not * alone';

function readInterfaces(value: unknown): string | undefined {
  const good = typeof value === 'string' && value !== '*' && /^[\w.*-]{1,15}$/.test(value);
  return good ? value : undefined;
}

/** Felix gives these addresses to the interfaces of workloads; sessions are accepted at any address of the node. */
function warnOfFelix(spec: Fields): void {
  for (const [name, family] of [
    ['localWorkloadPeeringIPV4', 4],
    ['localWorkloadPeeringIPV6', 6],
  ] as const) {
    if (spec.text(name) === undefined) continue;
    spec.parsed(name, `an IPv${family} address`, (value) => {
      const address = typeof value === 'string' ? parseIpAddress(value) : undefined;
      return address !== undefined && ipFamily(address) === family ? address : undefined;
    });
    spec.report(name, {
      code: 'NoEffect',
      severity: 'warning',
      message:
        "Felix's: it gives this address to the workloads' interfaces; BGP needs nothing of it",
    });
  }
}

/** `[{ cidr }]`. Order has no meaning, and equal entries count once. */
function readServiceCidrs(spec: Fields, name: string): Prefix[] {
  const cidrs = spec.objects(name).flatMap((entry) => {
    const cidr = entry.required('cidr', readCidr(entry, 'cidr', false), 'Write a CIDR');
    entry.finish();
    return cidr ?? [];
  });
  return [...new Set(cidrs)].sort();
}

function readNamedCommunities(spec: Fields): ReadonlyMap<string, Community> {
  const named = new Map<string, Community>();
  for (const entry of spec.objects('communities')) {
    const name = entry.required('name', entry.text('name'), 'Name of the community');
    const value = entry.parsed('value', COMMUNITY, readCommunity);
    entry.required('value', value, 'Write aa:nn or aa:nn:mm');
    entry.finish();
    if (name !== undefined && value !== undefined) named.set(name, value);
  }
  tooMany(spec, 'communities', named.size);
  return named;
}

const COMMUNITY = 'a community: aa:nn (16 bits each) or aa:nn:mm (32 bits each)';

function readAdvertisements(
  spec: Fields,
  named: ReadonlyMap<string, Community>,
): PrefixAdvertisement[] | undefined {
  if (!spec.has('prefixAdvertisements')) {
    if (named.size > 0) {
      spec.report('communities', {
        code: 'NoEffect',
        severity: 'warning',
        message: 'No prefixAdvertisements uses these communities',
      });
    }
    return undefined;
  }
  const advertisements = spec.objects('prefixAdvertisements').flatMap((entry) => {
    const cidr = entry.required('cidr', readCidr(entry, 'cidr', false), 'Write a CIDR');
    const what = `${COMMUNITY}, or one of the names in communities`;
    const communities = entry.list('communities', what, (value) =>
      typeof value === 'string' ? (named.get(value) ?? readCommunity(value)) : undefined,
    );
    entry.finish();
    return cidr === undefined ? [] : [{ cidr, communities: distinct(communities) }];
  });
  tooMany(spec, 'prefixAdvertisements', advertisements.length);
  return advertisements;
}

function tooMany(spec: Fields, name: string, count: number): void {
  if (count <= COMMUNITIES_MAX) return;
  spec.report(name, { code: 'TooMany', message: `More than ${COMMUNITIES_MAX} entries` });
}

function distinct(communities: readonly Community[]): Community[] {
  const byText = new Map(communities.map((item) => [communityText(item), item]));
  return [...byText.keys()].sort().map((text) => byText.get(text)!);
}

function communityText(community: Community): string {
  return community.kind === 'large' ? community.value.join(':') : String(community.value);
}
