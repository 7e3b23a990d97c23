/** A plan as text for people and golden files: everything in it, one fact a line, in a fixed order. */

import { ANY_EXTERNAL_AS } from '../fsm/negotiate.ts';
import { formatStatement } from '../policy/format.ts';
import type { Policy } from '../policy/types.ts';
import type { NodeSettings, PeerSettings } from './peer-settings.ts';
import type { ListenRange, PeerPlan, SpeakerPlan } from './plan-types.ts';

export function formatPlan(plan: SpeakerPlan): string {
  const { kernel, listen, addresses } = plan;
  const metric =
    kernel.metric.mode === 'none'
      ? 'none'
      : `${kernel.metric.normal.ipv4} for IPv4, ${kernel.metric.normal.ipv6} for IPv6`;
  const lines = [
    `node ${plan.node}`,
    `local AS ${plan.localAs}, BGP Identifier ${plan.routerId}`,
    ...optional('cluster id', plan.clusterId),
    `addresses ${[addresses.ipv4, addresses.ipv6].filter(Boolean).join(', ') || 'none'}`,
    `listen ${listen.addresses.join(', ') || 'any address'} port ${listen.port}`,
    `log level ${plan.logLevel}`,
    ...Object.entries(plan.expectedPrefixes ?? {}).map(
      ([family, count]) => `expect at most ${count} ${family} prefixes of a neighbor`,
    ),
    `${formatKernelTable(kernel)}, tunnel device ${kernel.tunnelDevice}, metric ${metric}`,
    `own subnets ${[kernel.ownSubnet.ipv4, kernel.ownSubnet.ipv6].filter(Boolean).join(', ') || 'unknown'}`,
    ...optional('tunnelled routes are held:', kernel.holdTunnelled),
    ...kernel.pools.map(
      ({ cidr, name, programming, reason }) =>
        `pool ${cidr} (${name}) ${programming}${reason === undefined ? '' : `: ${reason}`}`,
    ),
    ...kernel.rejected.map((cidr) => `never programmed ${cidr}`),
    ...(plan.kernel.wireguard ?? []).map((address) => `through WireGuard ${address}`),
    ...plan.originated.map(
      ({ prefix, source, blackhole, gateway, origin }) =>
        `originate ${prefix} as ${source}${blackhole ? ' with blackhole' : ''}${gateway === undefined ? '' : ` via ${gateway}`} by ${origin}`,
    ),
    ...optional('node settings', jsonOf(plan.settings)),
    ...(plan.listenRanges ?? []).flatMap(formatRange),
    ...plan.peers.flatMap(formatPeer),
  ];
  return `${lines.join('\n')}\n`;
}

function formatPeer(peer: PeerPlan): string[] {
  const from = peer.localAddress === undefined ? 'any address' : peer.localAddress;
  return [
    '',
    `peer ${peer.name} (${peer.kind}) by ${peer.origin}`,
    `  ${from} AS ${peer.localAs} → ${peer.remoteAddress} port ${peer.remotePort} AS ${asText(peer)}${peer.passive ? ', passive' : ''}`,
    ...formatValues(peer),
  ];
}

function formatRange({ prefix, peersMax, rateMax, peer }: ListenRange): string[] {
  return [
    '',
    `listen range ${prefix} by ${peer.origin}`,
    `  AS ${peer.localAs} ← AS ${asText(peer)}, at most ${peersMax} peers, ${rateMax} new ones a minute`,
    ...formatValues(peer),
  ];
}

function asText({ remoteAs }: Pick<PeerPlan, 'remoteAs'>): string {
  return remoteAs === ANY_EXTERNAL_AS ? 'external' : String(remoteAs);
}

function formatValues(peer: ListenRange['peer']): string[] {
  return [
    `  families ${peer.families.join(', ')}, hold time ${peer.holdTime} s${seconds(', keepalive', peer.keepaliveTime)}${seconds(', restart time', peer.restartTime)}`,
    ...optional('  TTL security hops', peer.ttlSecurity),
    ...optional('  password', passwordText(peer)),
    `  next hop ${peer.nextHop}${peer.rrClient ? ', reflector client' : ''}, own AS allowed ${peer.allowLocalAs}`,
    ...optional('  reachable by', peer.reachableBy),
    ...optional('  settings', jsonOf(peer.settings)),
    ...formatPolicy(peer.importPolicy),
    ...formatPolicy(peer.exportPolicy),
  ];
}

/** Never the key itself. */
function passwordText({ password }: Pick<PeerPlan, 'password'>): string | undefined {
  if (password === undefined) return undefined;
  return 'value' in password ? 'set' : `missing: ${password.missing}`;
}

function formatPolicy(policy: Policy): string[] {
  return [
    `  ${policy.name}`,
    ...policy.statements.map((statement) => `    ${formatStatement(statement)}`),
    `    otherwise ${policy.otherwise}`,
  ];
}

function jsonOf(settings: PeerSettings | NodeSettings | undefined): string | undefined {
  return settings === undefined ? undefined : JSON.stringify(settings);
}

function optional(label: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`${label} ${value}`];
}

function seconds(label: string, value: number | undefined): string {
  return value === undefined ? '' : `${label} ${value} s`;
}

/** Where routes are written: `kernel table 254`, `VRF blue`, `VRF blue, which must have kernel table 10`. */
export function formatKernelTable({ table, vrf }: SpeakerPlan['kernel']): string {
  if (vrf === undefined) return `kernel table ${table}`;
  return table === 0 ? `VRF ${vrf}` : `VRF ${vrf}, which must have kernel table ${table}`;
}
