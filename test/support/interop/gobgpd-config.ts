/** gobgpd's TOML from our words. */
import type { DaemonConfig, DaemonSession } from './daemon.ts';

export function gobgpConfig(config: DaemonConfig): string {
  const { as, routerId, sessions } = config;
  return [
    '[global.config]',
    `  as = ${as}`,
    `  router-id = "${routerId}"`,
    '[global.route-selection-options.config]',
    '  external-compare-router-id = true',
    ...(sessions.some(({ keepNextHop }) => keepNextHop === true) ? KEEP_NEXT_HOPS : []),
    ...sessions.flatMap((session) => neighbor(config, session)),
    '',
  ].join('\n');
}

/** For all of them: GoBGP has policies of single neighbors for route servers alone. */
const KEEP_NEXT_HOPS = [
  '[[policy-definitions]]',
  '  name = "keep"',
  '  [[policy-definitions.statements]]',
  '    name = "keep"',
  '    [policy-definitions.statements.actions.bgp-actions]',
  '      set-next-hop = "unchanged"',
  '    [policy-definitions.statements.actions]',
  '      route-disposition = "accept-route"',
  '[global.apply-policy.config]',
  '  export-policy-list = ["keep"]',
  '  default-export-policy = "accept-route"',
];

function neighbor(config: DaemonConfig, session: DaemonSession): string[] {
  const { remote, remoteAs, localAs, password, holdTime, ttl, allowOwnAs } = session;
  return [
    '[[neighbors]]',
    ...table('config', {
      'neighbor-address': remote,
      'peer-as': remoteAs,
      ...(localAs === undefined ? {} : { 'local-as': localAs }),
      ...(password === undefined ? {} : { 'auth-password': password }),
    }),
    ...table('transport.config', {
      'local-address': session.local,
      'passive-mode': session.passive === true,
    }),
    ...table('timers.config', {
      'connect-retry': 1,
      'idle-hold-time-after-reset': 1,
      ...(holdTime === undefined
        ? {}
        : { 'hold-time': holdTime, 'keepalive-interval': Math.floor(holdTime / 3) }),
    }),
    ...(session.gtsm === true
      ? table('ttl-security.config', { enabled: true, 'ttl-min': 255 })
      : []),
    ...(ttl === undefined
      ? []
      : table('ebgp-multihop.config', { enabled: true, 'multihop-ttl': ttl })),
    ...(session.client === true
      ? table('route-reflector.config', {
          'route-reflector-client': true,
          'route-reflector-cluster-id': config.clusterId ?? config.routerId,
        })
      : []),
    ...(allowOwnAs === undefined
      ? []
      : table('as-path-options.config', { 'allow-own-as': allowOwnAs })),
    ...(session.addPath === undefined ? [] : table('add-paths.config', addPaths(session))),
    ...(session.restartTime === undefined
      ? []
      : table('graceful-restart.config', {
          enabled: true,
          'restart-time': session.restartTime,
          'notification-enabled': session.notification === true,
          'long-lived-enabled': session.longLived !== undefined,
        })),
    ...session.families.flatMap((family) => [
      '  [[neighbors.afi-safis]]',
      ...table('afi-safis.config', { 'afi-safi-name': `${family}-unicast` }),
      ...table('afi-safis.mp-graceful-restart.config', {
        enabled: session.restartTime !== undefined,
      }),
      ...(session.longLived === undefined
        ? []
        : table('afi-safis.long-lived-graceful-restart.config', {
            enabled: true,
            'restart-time': session.longLived,
          })),
    ]),
  ];
}

function addPaths({ addPath }: DaemonSession): Readonly<Record<string, number | boolean>> {
  return addPath === 'send' ? { 'send-max': 8 } : { receive: true };
}

function table(
  name: string,
  values: Readonly<Record<string, string | number | boolean>>,
): string[] {
  const lines = Object.entries(values).map(
    ([key, value]) => `    ${key} = ${typeof value === 'string' ? `"${value}"` : value}`,
  );
  return [`  [neighbors.${name}]`, ...lines];
}
