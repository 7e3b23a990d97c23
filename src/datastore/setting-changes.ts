/**
 * What changed settings of a session mean for it while it stands: the class of each is in the table of the settings
 * (`setting-fields.ts`). What counts is the value in force: a default that is now written changes nothing.
 */

import { sameData } from './plan-data.ts';
import type { PeerPlan } from './plan-types.ts';
import { settingAt } from './profiles.ts';
import type { ChangeClass, SettingValue } from './setting-field.ts';
import { SETTING_PATHS, type SettingPath, settingField } from './setting-fields.ts';

export interface SettingChanges {
  /** All whose value in force changed. */
  readonly paths: readonly SettingPath[];
  /** Reasons to restart the session. */
  readonly restart: readonly string[];
  readonly import: readonly SettingPath[];
  readonly export: readonly SettingPath[];
  /** Taken over as they stand, or with the next OPEN; `settings` when nothing changed but who says it. */
  readonly others: readonly string[];
}

const NONE: SettingChanges = { paths: [], restart: [], import: [], export: [], others: [] };

/** @param keys  Of the fields of the plan that differ. */
export function settingChanges(
  old: PeerPlan,
  next: PeerPlan,
  keys: readonly (keyof PeerPlan)[],
): SettingChanges {
  if (!keys.includes('settings')) return NONE;
  const paths = SETTING_PATHS.filter((path) => !sameData(inForce(old, path), inForce(next, path)));
  const of = (...classes: readonly ChangeClass[]): SettingPath[] =>
    paths.filter((path) => classes.includes(classOf(path, old, next)));
  const others = of('next-open', 'at-once');
  return {
    paths,
    restart: of('restart').map((path) => `${path} changed: ${settingField(path).why}`),
    import: of('import', 'import-and-export'),
    export: of('export', 'import-and-export'),
    others: paths.length === 0 ? ['settings'] : others,
  };
}

function inForce({ settings }: PeerPlan, path: SettingPath): SettingValue | undefined {
  return settingAt(settings, path) ?? settingField(path).default;
}

/** Whether several paths are sent at all is agreed on in the OPEN (RFC 7911 §4); which ones is ours to say. */
function classOf(path: SettingPath, old: PeerPlan, next: PeerPlan): ChangeClass {
  const none = (plan: PeerPlan): boolean => inForce(plan, path) === 'none';
  if (path === 'addPath.send' && none(old) !== none(next)) return 'restart';
  return settingField(path).onChange;
}
