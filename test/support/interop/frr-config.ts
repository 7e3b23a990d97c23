/** bgpd.conf of FRR from our words. */
import { createHash } from 'node:crypto';
import {
  type DaemonConfig,
  type DaemonSession,
  type Family,
  familyOf,
  type Origination,
} from './daemon.ts';

export function frrConfig(config: DaemonConfig): string {
  const { as, routerId, clusterId, sessions, originate } = config;
  const restart = sessions.find(({ restartTime }) => restartTime !== undefined)?.restartTime;
  const global = [
    `router bgp ${as}`,
    `bgp router-id ${routerId}`,
    'no bgp ebgp-requires-policy',
    'no bgp default ipv4-unicast',
    'no bgp network import-check',
    'bgp log-neighbor-changes',
    ...(clusterId === undefined ? [] : [`bgp cluster-id ${clusterId}`]),
    ...(restart === undefined
      ? ['bgp graceful-restart-disable']
      : ['bgp graceful-restart', `bgp graceful-restart restart-time ${restart}`]),
    ...(restart === undefined ? [] : ['bgp graceful-restart preserve-fw-state']),
    ...sessions.flatMap(({ longLived }) =>
      longLived === undefined ? [] : [`bgp long-lived-graceful-restart stale-time ${longLived}`],
    ),
    ...(sessions.some(({ notification }) => notification === true)
      ? ['bgp graceful-restart notification', 'bgp hard-administrative-reset']
      : []),
    ...sessions.flatMap((session) => neighbor(session)),
  ];
  const families = (['ipv4', 'ipv6'] as const).flatMap((family) => addressFamily(config, family));
  return [
    'log stdout',
    'debug bgp neighbor-events',
    ...originate.flatMap((route) => routeMap(route)),
    ...global,
    ...families,
    '',
  ].join('\n');
}

function neighbor(session: DaemonSession): string[] {
  const { remote, holdTime } = session;
  const lines = [
    `remote-as ${session.remoteAs}`,
    `update-source ${session.local}`,
    'timers connect 1',
    'advertisement-interval 0',
    ...(holdTime === undefined ? [] : [`timers ${Math.floor(holdTime / 3)} ${holdTime}`]),
    ...(session.localAs === undefined ? [] : [`local-as ${session.localAs} no-prepend replace-as`]),
    ...(session.passive === true ? ['passive'] : []),
    ...(session.role === undefined ? [] : [`local-role ${session.role}`]),
    ...(session.password === undefined ? [] : [`password ${session.password}`]),
    ...(session.gtsm === true ? ['ttl-security hops 1'] : []),
    ...(session.ttl === undefined ? [] : [`ebgp-multihop ${session.ttl}`]),
    ...(session.noCapabilities === true || session.twoOctetAs === true
      ? ['dont-capability-negotiate']
      : []),
  ];
  return lines.map((line) => `neighbor ${remote} ${line}`);
}

function addressFamily({ sessions, originate }: DaemonConfig, family: Family): string[] {
  const members = sessions.filter(({ families }) => families.includes(family));
  return [
    `address-family ${family} unicast`,
    ...originate.filter(({ prefix }) => familyOf(prefix) === family).map(networkLine),
    ...members.flatMap((session) => member(session)),
    'exit-address-family',
  ];
}

function member(session: DaemonSession): string[] {
  const lines = [
    'activate',
    ...(session.client === true ? ['route-reflector-client'] : []),
    ...(session.allowOwnAs === undefined ? [] : [`allowas-in ${session.allowOwnAs}`]),
    ...(session.addPath === 'send' ? ['addpath-tx-all-paths'] : []),
    ...(session.addPath === 'receive' ? [] : ['disable-addpath-rx']),
    ...(session.keepNextHop === true ? ['attribute-unchanged next-hop'] : []),
  ];
  return lines.map((line) => `neighbor ${session.remote} ${line}`);
}

/**
 * Other content has another name, so a map is never changed or taken away while a route hangs on it: bgpd 8.4 then
 * ends, one time in eight to one in two.
 */
export function routeMapName(route: Origination): string {
  const content = createHash('sha256')
    .update(routeSets(route).join('\n'))
    .digest('hex')
    .slice(0, 8);
  return `m_${route.prefix.replaceAll(/[./:]/g, '_')}_${content}`;
}

export function networkLine(route: Origination): string {
  return `network ${route.prefix} route-map ${routeMapName(route)}`;
}

/** What is set on one route of its own. */
export function routeMap(route: Origination): string[] {
  return [`route-map ${routeMapName(route)} permit 10`, ...routeSets(route), 'exit'];
}

function routeSets(route: Origination): string[] {
  const { med, localPref, communities, largeCommunities, routeTargets } = route;
  return [
    ...(med === undefined ? [] : [`set metric ${med}`]),
    ...(localPref === undefined ? [] : [`set local-preference ${localPref}`]),
    ...(communities === undefined ? [] : [`set community ${communities.join(' ')}`]),
    ...(largeCommunities === undefined
      ? []
      : [`set large-community ${largeCommunities.join(' ')}`]),
    ...(routeTargets === undefined ? [] : [`set extcommunity rt ${routeTargets.join(' ')}`]),
  ];
}
