/** What the settings of a peer do to AS_PATH and to what is said of bandwidth, on the way in and out. */

import { settingsOf } from '../datastore/peer-settings.ts';
import type { PeerPlan } from '../datastore/plan-types.ts';
import type { ExportConfig, PeerRibConfig } from '../rib/rib-config.ts';

/**
 * RFC 7705: the session has an AS that the node moves from. Without `localAsMigration` it is as BIRD's `local as`, the
 * only AS that the session knows.
 */
export function importMigration(plan: PeerPlan, nodeAs: number): Pick<PeerRibConfig, 'migration'> {
  const { localAsMigration } = settingsOf(plan);
  if (localAsMigration === undefined || plan.localAs === nodeAs) return {};
  return { migration: { nodeAs, prepends: !localAsMigration.noPrepend } };
}

type PathEdits = Pick<ExportConfig, 'shownAs' | 'asPath' | 'linkBandwidth'>;

export function pathEdits(plan: PeerPlan, nodeAs: number): PathEdits {
  const { localAsMigration, asOverride, privateAs, linkBandwidth } = settingsOf(plan);
  const { localAs, remoteAs } = plan;
  const isShown =
    localAsMigration !== undefined && !localAsMigration.replaceAs && localAs !== nodeAs;
  const isEdited = localAs !== remoteAs && (asOverride || privateAs !== 'keep');
  return {
    ...(isShown ? { shownAs: nodeAs } : {}),
    ...(isEdited
      ? { asPath: { neighborAs: remoteAs, ownAs: localAs, overrides: asOverride, privateAs } }
      : {}),
    ...(linkBandwidth.send === undefined
      ? {}
      : { linkBandwidth: { asn: localAs, octetsPerSecond: linkBandwidth.send } }),
  };
}
