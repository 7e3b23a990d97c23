/** What a `PeerProfile` may say of the node as a whole (`spec.node`) and of its listen ranges, as data. */

import { NODE_SETTINGS_DEFAULTS } from './peer-settings.ts';
import type { FieldType, SettingValue } from './setting-field.ts';

export type NodeField = FieldType & {
  readonly help: string;
  readonly default: SettingValue;
};

const D = NODE_SETTINGS_DEFAULTS;

export const NODE_FIELDS = {
  maximumPaths: {
    type: 'integer',
    min: 1,
    max: 64,
    default: D.maximumPaths,
    help: 'next hops that a route may have (ECMP)',
  },
  asPathRelax: {
    type: 'boolean',
    default: D.asPathRelax,
    help: 'paths of equal length through different neighbor ASes are equal (ECMP)',
  },
  advertiseAfterInstall: {
    type: 'boolean',
    default: D.advertiseAfterInstall,
    help: 'a route is announced only when the kernel has acknowledged it',
  },
  nextHopViaDefaultRoute: {
    type: 'boolean',
    default: D.nextHopViaDefaultRoute,
    help: 'a next hop that the kernel reaches by its default route alone is reachable; without it, paths through such a next hop are not used',
  },
} as const satisfies Readonly<Record<string, NodeField>>;

export type NodePath = keyof typeof NODE_FIELDS;
export const NODE_PATHS = Object.keys(NODE_FIELDS) as readonly NodePath[];

/** Peers that come by one range. */
export const RANGE_PEERS = { min: 1, max: 65_534, default: 100 } as const;
/** New peers a minute. */
export const RANGE_RATE = { min: 1, max: 60_000, default: 60 } as const;
/** Hops that packets of a peer may take (RFC 5082); 0: not looked at. */
export const TTL_SECURITY = { min: 0, max: 254 } as const;
/** Ranges of one profile. */
export const RANGES_MAX = 64;
