/**
 * What a changed field of a peer's settings means for its session: the same classes as for the fields of `PeerPlan`
 * itself (`plan-diff.ts`). What stands in no list is taken over as it is, or with the next OPEN.
 */

import { addPathOffer, type PeerSettings } from './peer-settings.ts';
import { type KnownPairs, sameData } from './plan-data.ts';
import type { PeerPlan } from './plan-types.ts';

export type SettingField = keyof PeerSettings;

/** Part of what both sides agreed on when the session came up. */
const RESTARTING = {
  role: 'the role is agreed on in the OPEN',
  roleStrict: 'the role of the peer is checked in its OPEN',
  authentication: 'how segments are signed is set on the connection',
} as const satisfies Partial<Record<SettingField, string>>;

const IMPORT: ReadonlySet<SettingField> = new Set([
  'asSets',
  'honourBlackhole',
  'limits',
  'linkBandwidth',
  'localAsMigration',
  'maxPrefixesIn',
]);
const EXPORT: ReadonlySet<SettingField> = new Set([
  'addPath',
  'asOverride',
  'linkBandwidth',
  'localAsMigration',
  'maxPrefixesOut',
  'privateAs',
]);

export interface SettingsEffect {
  readonly restart: readonly string[];
  readonly reevaluateImport: readonly string[];
  readonly reevaluateExport: readonly string[];
}

const NONE: SettingsEffect = { restart: [], reevaluateImport: [], reevaluateExport: [] };

export function settingsEffect(old: PeerPlan, next: PeerPlan, known?: KnownPairs): SettingsEffect {
  const before: PeerSettings = old.settings ?? {};
  const after: PeerSettings = next.settings ?? {};
  if (before === after) return NONE;
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])] as SettingField[];
  const changed = fields.filter((field) => !sameData(before[field], after[field], known)).sort();
  const restart = changed.flatMap((field) =>
    field in RESTARTING
      ? [`${field} changed: ${RESTARTING[field as keyof typeof RESTARTING]}`]
      : [],
  );
  // Which paths are sent is not agreed on, only whether several are (RFC 7911 §4).
  if (addPathOffer(old) !== addPathOffer(next)) {
    restart.push('addPath changed: the direction of several paths is agreed on in the OPEN');
  }
  return {
    restart,
    reevaluateImport: changed.filter((field) => IMPORT.has(field)),
    reevaluateExport: changed.filter((field) => EXPORT.has(field)),
  };
}
