/**
 * Every setting of a session that a `PeerProfile` may have, by its path in `spec.settings`: what is allowed, the
 * default, and what a change does. The one table from which all else is made (`setting-field.ts`).
 */

import { TIMER_DEFAULTS } from '../fsm/timers.ts';
import { PEER_SETTINGS_DEFAULTS } from './peer-settings.ts';
import { BEST_PATHS_MAX, type SettingField } from './setting-field.ts';

/** RFC 4271 §4.2: 16 bits of seconds. */
const HOLD_TIME_MAX = 65_535;
/** RFC 4271 §4.2: one and two seconds must be refused. */
const HOLD_TIME_MIN = 3;
/** A third of the longest hold time (RFC 4271 §4.4). */
const KEEPALIVE_TIME_MAX = 21_845;
const HOUR = 3600;
const DAY = 86_400;
/** RFC 9494 §3.1: 24 bits of seconds. */
const LONG_LIVED_STALE_TIME_MAX = 16_777_215;
/** As many as an IPv4 table can ever hold, with room; a count has 32 bits. */
const PREFIXES_MAX = 4_294_967_295;
/** RFC 4271 §4.3: an attribute has at most 65,535 octets, an AS number four of them. */
const AS_PATH_LENGTH_MAX = 16_383;
/** RFC 1997: four octets each. */
const COMMUNITIES_MAX = 16_383;
const PATHS_PER_PREFIX_MAX = 65_534;

const D = PEER_SETTINGS_DEFAULTS;
const T = TIMER_DEFAULTS;

const onOff = (): { readonly type: 'boolean' } => ({ type: 'boolean' });
const seconds = (min: number, max: number): { type: 'duration'; min: number; max: number } => ({
  type: 'duration',
  min,
  max,
});

const SETTING_FIELDS = {
  asNumber: {
    type: 'as-number',
    unset: 'that of the BGPPeer, or of the Node',
    onChange: 'restart',
    why: 'the AS number of the peer is checked in its OPEN',
    help: 'AS number of the peer: a number, `internal` (ours), or `external` (any but ours)',
  },
  families: {
    type: 'families',
    unset: 'the family of the address',
    onChange: 'restart',
    why: 'the families are negotiated in the OPEN',
    help: 'what the session carries; both over one connection, or one',
  },
  'timers.holdTime': {
    type: 'duration',
    min: HOLD_TIME_MIN,
    max: HOLD_TIME_MAX,
    zero: true,
    default: T.holdTime.value!,
    onChange: 'restart',
    why: 'the hold time is negotiated in the OPEN',
    help: 'offered hold time; `0s`: no keepalives, and a dead peer is not noticed',
  },
  'timers.keepaliveTime': {
    ...seconds(1, KEEPALIVE_TIME_MAX),
    unset: 'a third of the negotiated hold time',
    onChange: 'next-open',
    help: 'between two KEEPALIVEs; never more than a third of the negotiated hold time',
  },
  'timers.minHoldTime': {
    ...seconds(HOLD_TIME_MIN, HOLD_TIME_MAX),
    default: HOLD_TIME_MIN,
    onChange: 'next-open',
    help: 'a peer that offers less is refused (2/6); `0s`, no keepalives, is not less',
  },
  'timers.connectDelay': {
    ...seconds(0, HOUR),
    default: T.connectDelay.value!,
    onChange: 'at-once',
    help: 'before the first attempt to connect',
  },
  'timers.connectRetry': {
    ...seconds(1, HOUR),
    unset: `${T.connectRetryMin.value}s to ${T.connectRetryMax.value}s, drawn anew each time`,
    onChange: 'at-once',
    help: 'between two attempts to connect; 75 to 100 % of it (RFC 4271 §10)',
  },
  'timers.connectTimeout': {
    ...seconds(1, 25),
    default: T.connectTimeout.value!,
    onChange: 'at-once',
    help: 'how long one attempt to connect may take',
  },
  'timers.idleHoldInitial': {
    ...seconds(1, HOUR),
    default: T.idleHoldInitial.value!,
    onChange: 'at-once',
    help: 'first wait after a protocol error; doubled with each that follows',
  },
  'timers.idleHoldMax': {
    ...seconds(1, DAY),
    default: T.idleHoldMax.value!,
    onChange: 'at-once',
    help: 'longest wait after protocol errors',
  },
  'timers.sendHoldTime': {
    ...seconds(3, DAY),
    unset: 'the greater of 480s and twice the negotiated hold time',
    onChange: 'next-open',
    help: 'how long a peer may not read before the session ends (RFC 9687); never less than the negotiated hold time',
  },
  enhancedRouteRefresh: {
    ...onOff(),
    default: D.enhancedRouteRefresh,
    onChange: 'next-open',
    help: 'refreshes with a beginning and an end (RFC 7313)',
  },
  extendedMessages: {
    ...onOff(),
    default: D.extendedMessages,
    onChange: 'next-open',
    help: 'messages of up to 65,535 octets (RFC 8654)',
  },
  gracefulRestartNotification: {
    ...onOff(),
    default: D.gracefulRestartNotification,
    onChange: 'next-open',
    help: 'graceful restart also after a NOTIFICATION (RFC 8538)',
  },
  longLivedStaleTime: {
    ...seconds(0, LONG_LIVED_STALE_TIME_MAX),
    unset: 'not said',
    onChange: 'next-open',
    help: 'how long the peer is to keep our routes after the restart time (RFC 9494); `0s`: not at all, but routes of peers that ask for it are kept',
  },
  'addPath.receive': {
    ...onOff(),
    default: D.addPath.receive,
    onChange: 'restart',
    why: 'whether several paths of a prefix may come is negotiated in the OPEN',
    help: 'take several paths of a prefix (RFC 7911)',
  },
  'addPath.send': {
    type: 'add-path-send',
    default: D.addPath.send,
    onChange: 'export',
    why: 'whether several paths of a prefix may be sent is negotiated in the OPEN',
    help: `which paths of a prefix are sent (RFC 7911): \`none\` (the best alone), \`all\`, \`ecmp\` (those the kernel uses), \`best N\` with N from 1 to ${BEST_PATHS_MAX}; from or to \`none\` restarts the session`,
  },
  role: {
    type: 'one-of',
    values: ['provider', 'customer', 'peer', 'routeServer', 'routeServerClient'],
    unset: 'no role is said',
    onChange: 'restart',
    why: 'the roles are compared in the OPEN',
    help: 'what this node is to the peer (RFC 9234)',
  },
  roleStrict: {
    ...onOff(),
    default: D.roleStrict,
    onChange: 'restart',
    why: 'the roles are compared in the OPEN',
    help: 'refuse a peer that says no role (RFC 9234 §4.2)',
  },
  'maxPrefixesIn.limits.ipv4-unicast': {
    type: 'integer',
    min: 1,
    max: PREFIXES_MAX,
    unset: 'no limit from a profile',
    onChange: 'at-once',
    help: 'IPv4 prefixes that the peer may announce, those that policy rejects and our own that come back (FRR) among them',
  },
  'maxPrefixesIn.limits.ipv6-unicast': {
    type: 'integer',
    min: 1,
    max: PREFIXES_MAX,
    unset: 'no limit from a profile',
    onChange: 'at-once',
    help: 'IPv6 prefixes that the peer may announce, counted likewise',
  },
  'maxPrefixesIn.warnAt': {
    type: 'integer',
    min: 1,
    max: 100,
    default: 80,
    onChange: 'at-once',
    help: 'per cent of the limit at which it is said',
  },
  'maxPrefixesIn.action': {
    type: 'one-of',
    values: ['warn', 'drop', 'restart'],
    default: 'warn',
    onChange: 'at-once',
    help: '`drop`: what is over the limit is not taken; `restart`: Cease 6/1 (RFC 4486 §4) and a longer wait each time',
  },
  'maxPrefixesIn.restartAfter': {
    ...seconds(1, HOUR),
    default: 60,
    onChange: 'at-once',
    help: 'first wait after `restart`; doubled each time up to an hour',
  },
  maxPrefixesOut: {
    type: 'integer',
    min: 1,
    max: PREFIXES_MAX,
    unset: 'no limit',
    onChange: 'export',
    help: 'prefixes announced at most, in each family',
  },
  'limits.asPathLength': {
    type: 'integer',
    min: 1,
    max: AS_PATH_LENGTH_MAX,
    unset: 'no limit',
    onChange: 'import',
    help: 'AS numbers in a path at most; a longer one counts as withdrawn',
  },
  'limits.communities': {
    type: 'integer',
    min: 1,
    max: COMMUNITIES_MAX,
    unset: 'no limit',
    onChange: 'import',
    help: 'communities of all kinds on a path at most; more count as withdrawn',
  },
  'limits.pathsPerPrefix': {
    type: 'integer',
    min: 1,
    max: PATHS_PER_PREFIX_MAX,
    unset: 'no limit',
    onChange: 'import',
    help: 'paths of one prefix from this peer at most (RFC 7911)',
  },
  asOverride: {
    ...onOff(),
    default: D.asOverride,
    onChange: 'export',
    help: "the peer's AS number is replaced by ours in what is sent to it",
  },
  privateAs: {
    type: 'one-of',
    values: ['keep', 'remove', 'replace'],
    default: D.privateAs,
    onChange: 'export',
    help: 'private AS numbers (RFC 6996) in what is sent: left, taken out, or replaced by ours',
  },
  'localAsMigration.noPrepend': {
    ...onOff(),
    default: false,
    onChange: 'import',
    help: 'the `localASNumber` of the BGPPeer is not prepended to what is received (RFC 7705)',
  },
  'localAsMigration.replaceAs': {
    ...onOff(),
    default: false,
    onChange: 'export',
    help: "the node's own AS number is not shown to the peer (RFC 7705)",
  },
  asSets: {
    type: 'one-of',
    values: ['reject', 'accept'],
    default: D.asSets,
    onChange: 'import',
    help: 'paths with AS_SET or AS_CONFED_SET (RFC 9774)',
  },
  honourGracefulShutdown: {
    ...onOff(),
    default: D.honourGracefulShutdown,
    onChange: 'import',
    help: 'a path with GRACEFUL_SHUTDOWN from outside gets LOCAL_PREF 0 (RFC 8326)',
  },
  honourBlackhole: {
    ...onOff(),
    default: D.honourBlackhole,
    onChange: 'import',
    help: 'a path with BLACKHOLE from this peer becomes a blackhole route (RFC 7999)',
  },
  'linkBandwidth.use': {
    ...onOff(),
    default: D.linkBandwidth.use,
    onChange: 'import',
    help: 'link-bandwidth communities give the weights of ECMP',
  },
  'linkBandwidth.send': {
    type: 'integer',
    min: 1,
    max: 1_000_000_000_000,
    unset: 'what came is passed on as it is',
    onChange: 'export',
    help: 'octets a second in the link-bandwidth community of what is sent',
  },
  fallOver: {
    ...onOff(),
    default: D.fallOver,
    onChange: 'at-once',
    help: 'the session with a peer on the same link ends at once when the link goes down',
  },
  authentication: {
    type: 'one-of',
    values: ['md5', 'ao'],
    default: D.authentication,
    onChange: 'restart',
    why: 'the keys are set on the connection',
    help: 'what the password of the BGPPeer is used for: TCP-MD5 (RFC 2385) or TCP-AO (RFC 5925)',
  },
} as const satisfies Readonly<Record<string, SettingField>>;

/** Of sessions, as `sessions.kinds` selects them. */
export const SESSION_KINDS = ['mesh', 'global', 'node', 'workload', 'dynamic'] as const;
export type SessionKind = (typeof SESSION_KINDS)[number];

export type SettingPath = keyof typeof SETTING_FIELDS;
export const SETTING_PATHS = Object.keys(SETTING_FIELDS) as readonly SettingPath[];

export function settingField(path: SettingPath): SettingField {
  return SETTING_FIELDS[path];
}

/** Groups that are written whole or not at all in a plan: a default stands beside what was said. */
const COMPLETED = ['addPath', 'maxPrefixesIn', 'localAsMigration', 'linkBandwidth'] as const;

export function isCompleted(group: string): boolean {
  return (COMPLETED as readonly string[]).includes(group);
}
