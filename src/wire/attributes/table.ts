/**
 * Every path attribute that godwit knows, by type. A new attribute is one file and one row here.
 *
 * Those with a field of their own in `PathAttributes` are named in `codec.ts`.
 */
import { aggregatorAttribute, as4AggregatorAttribute } from './aggregator.ts';
import { asPathAttribute } from './as-path.ts';
import { as4PathAttribute } from './as4-path.ts';
import { atomicAggregateAttribute } from './atomic-aggregate.ts';
import { clusterListAttribute } from './cluster-list.ts';
import { communitiesAttribute } from './communities.ts';
import type { AttributeRow } from './define.ts';
import {
  extendedCommunitiesAttribute,
  ipv6ExtendedCommunitiesAttribute,
} from './extended-communities.ts';
import { largeCommunityAttribute } from './large-community.ts';
import { localPrefAttribute } from './local-pref.ts';
import { mpReachNlriAttribute } from './mp-reach-nlri.ts';
import { mpUnreachNlriAttribute } from './mp-unreach-nlri.ts';
import { multiExitDiscAttribute } from './multi-exit-disc.ts';
import { nextHopAttribute } from './next-hop.ts';
import { onlyToCustomerAttribute } from './only-to-customer.ts';
import {
  aigpAttribute,
  bgpLsAttribute,
  pmsiTunnelAttribute,
  prefixSidAttribute,
  tunnelEncapsulationAttribute,
} from './opaque.ts';
import { originAttribute } from './origin.ts';
import { originatorIdAttribute } from './originator-id.ts';

/** A row without the type of its value: enough to check, to name, and to copy. */
export type AnyAttributeRow = Pick<
  AttributeRow<never>,
  'type' | 'name' | 'category' | 'flagsAction' | 'check'
>;

const ATTRIBUTE_ROWS: readonly AnyAttributeRow[] = [
  originAttribute,
  asPathAttribute,
  nextHopAttribute,
  multiExitDiscAttribute,
  localPrefAttribute,
  atomicAggregateAttribute,
  aggregatorAttribute,
  communitiesAttribute,
  originatorIdAttribute,
  clusterListAttribute,
  mpReachNlriAttribute,
  mpUnreachNlriAttribute,
  extendedCommunitiesAttribute,
  as4PathAttribute,
  as4AggregatorAttribute,
  pmsiTunnelAttribute,
  tunnelEncapsulationAttribute,
  ipv6ExtendedCommunitiesAttribute,
  aigpAttribute,
  bgpLsAttribute,
  largeCommunityAttribute,
  onlyToCustomerAttribute,
  prefixSidAttribute,
];

const BY_TYPE: readonly (AnyAttributeRow | undefined)[] = Array.from({ length: 256 }, (_, type) =>
  ATTRIBUTE_ROWS.find((row) => row.type === type),
);

export function attributeRow(type: number): AnyAttributeRow | undefined {
  return BY_TYPE[type];
}

/** `AS_PATH`, or `attribute 99`. */
export function attributeName(type: number): string {
  return BY_TYPE[type]?.name ?? `attribute ${type}`;
}
