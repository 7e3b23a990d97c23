/** The configuration of BIRD 1.6 and 2 in their common words, and what their clients print of routes. */
import {
  communitiesOf,
  type DaemonConfig,
  type DaemonSession,
  type Family,
  familyOf,
  type Origination,
  type PathSeen,
} from './daemon.ts';

export type BirdMajor = 1 | 2;

/** Name of the protocol of a session. */
export function protocolName(remote: string): string {
  return `p_${remote.replaceAll(/[.:]/g, '_')}`;
}

/** The whole file; for BIRD 1.6, whose daemons have one family each, that of `family`. */
export function birdConfig(major: BirdMajor, config: DaemonConfig, family?: Family): string {
  const families = family === undefined ? (['ipv4', 'ipv6'] as const) : [family];
  const sessions = config.sessions.filter((one) =>
    one.families.some((wanted) => families.includes(wanted)),
  );
  return [
    'log stderr all;\ndebug protocols { states, events };',
    `router id ${config.routerId};`,
    'protocol device { scan time 10; }',
    major === 2 ? 'protocol direct { ipv4; ipv6; }' : 'protocol direct { }',
    ...families.map((one) => statics(major, config, one)),
    ...sessions.map((session) => protocol(major, config, session)),
    '',
  ].join('\n');
}

function statics(major: BirdMajor, { originate }: DaemonConfig, family: Family): string {
  const routes = originate
    .filter(({ prefix }) => familyOf(prefix) === family)
    .map(({ prefix }) => `route ${prefix} blackhole;`);
  if (routes.length === 0) return '';
  const channel = major === 2 ? `${family};` : '';
  return `protocol static s_${family} { ${channel} ${routes.join(' ')} }`;
}

function protocol(major: BirdMajor, config: DaemonConfig, session: DaemonSession): string {
  const { local, remote, remoteAs, localAs = config.as } = session;
  const channels =
    major === 1
      ? [channel(major, config, session)]
      : session.families.map((family) => `${family} { ${channel(major, config, session)} };`);
  return `protocol bgp ${protocolName(remote)} {
  local ${local} as ${localAs}; neighbor ${remote} as ${remoteAs};
  ${[...options(major, config, session)].join(' ')}
  ${channels.join('\n  ')}
}`;
}

function* options(
  major: BirdMajor,
  config: DaemonConfig,
  session: DaemonSession,
): Generator<string> {
  yield session.ttl === undefined ? 'direct;' : `multihop ${session.ttl};`;
  if (session.passive === true) yield major === 2 ? 'passive;' : 'passive on;';
  yield 'connect retry time 1; connect delay time 1; error wait time 1, 2;';
  if (session.password !== undefined) yield `password "${session.password}";`;
  if (session.gtsm === true) yield 'ttl security on;';
  if (session.holdTime !== undefined) yield `hold time ${session.holdTime};`;
  if (session.restartTime !== undefined) {
    yield `graceful restart on; graceful restart time ${session.restartTime};`;
  } else yield 'graceful restart off;';
  if (session.longLived !== undefined) {
    yield `long lived graceful restart on; long lived stale time ${session.longLived};`;
  }
  if (session.extendedMessages === true) yield 'enable extended messages on;';
  if (session.role !== undefined) yield `local role ${session.role};`;
  if (session.twoOctetAs === true) yield 'enable as4 off;';
  if (session.noCapabilities === true) yield 'capabilities off;';
  if (session.client === true) yield 'rr client;';
  if (config.clusterId !== undefined) yield `rr cluster id ${config.clusterId};`;
  if (session.allowOwnAs !== undefined) yield `allow local as ${session.allowOwnAs};`;
}

function channel(major: BirdMajor, config: DaemonConfig, session: DaemonSession): string {
  const parts = ['import all;'];
  if (session.keepNextHop === true) parts.push('next hop keep;');
  if (session.addPath !== undefined) {
    parts.push(`add paths ${session.addPath === 'send' ? 'tx' : 'rx'};`);
  }
  const family = familyOf(session.remote);
  const own = config.originate.filter(({ prefix }) => major === 2 || familyOf(prefix) === family);
  parts.push(`export filter {
    ${own
      .map(originationFilter)
      .filter((text) => text !== '')
      .join('\n    ')}
    if source = RTS_STATIC || source = RTS_BGP then accept; reject;
  };`);
  return parts.join(' ');
}

function originationFilter(route: Origination): string {
  const sets = [
    ...(route.med === undefined ? [] : [`bgp_med = ${route.med};`]),
    ...(route.localPref === undefined ? [] : [`bgp_local_pref = ${route.localPref};`]),
    ...(route.communities ?? []).map((text) => `bgp_community.add((${tuple(text)}));`),
    ...(route.largeCommunities ?? []).map((text) => `bgp_large_community.add((${tuple(text)}));`),
    ...(route.routeTargets ?? []).map((text) => `bgp_ext_community.add((rt, ${tuple(text)}));`),
  ];
  return sets.length === 0 ? '' : `if net = ${route.prefix} then { ${sets.join(' ')} }`;
}

function tuple(text: string): string {
  return text.replaceAll(':', ', ');
}

/** `show route PREFIX all` of either BIRD. */
export function birdPaths(text: string): PathSeen[] {
  const paths: { head: string; attributes: Record<string, string> }[] = [];
  for (const line of text.split('\n')) {
    const isHead =
      /^\S*\s+(?:via |unicast |blackhole |unreachable |prohibit |dev |multipath )/.test(line);
    if (isHead && line.includes('[')) paths.push({ head: line, attributes: {} });
    const [, key, value] = /^\s+BGP\.(\w+):\s?(.*?)\s*$/.exec(line) ?? [];
    const last = paths.at(-1);
    if (last !== undefined && key !== undefined) last.attributes[key] = value ?? '';
  }
  return paths
    .filter(({ attributes }) => Object.keys(attributes).length > 0)
    .map(({ head, attributes }) => birdPath(head, attributes));
}

function birdPath(head: string, attributes: Readonly<Record<string, string>>): PathSeen {
  return {
    best: /\] \*/.test(head),
    stale: /\(\d+[sS][^)]*\)/.test(head),
    asPath: (attributes['as_path'] ?? '').trim(),
    nextHop: attributes['next_hop']?.split(' ')[0],
    med: numberOf(attributes['med']),
    localPref: numberOf(attributes['local_pref']),
    communities: communitiesOf(tuples(attributes['community'])),
    largeCommunities: tuples(attributes['large_community']).sort(),
    extendedCommunities: tuples(attributes['ext_community']).sort(),
    originatorId: attributes['originator_id'],
    clusterList: (attributes['cluster_list'] ?? '').split(' ').filter((one) => one !== ''),
  };
}

/** `(64601,5) (1, 2, 3)`, each as `64601:5`. */
function tuples(text = ''): string[] {
  return [...text.matchAll(/\(([^)]*)\)/g)].map(([, inner]) => inner!.split(/,\s*/).join(':'));
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
