/** Every value in force of a neighbor's session, as it is written in the resources, and which of them gave it. */

import type { PeerPlan } from '../datastore/plan-types.ts';
import { settingAt } from '../datastore/profiles.ts';
import type { SettingValue } from '../datastore/setting-field.ts';
import { SETTING_PATHS, type SettingPath, settingField } from '../datastore/setting-fields.ts';
import { formatSetting } from '../datastore/setting-values.ts';
import { ANY_EXTERNAL_AS } from '../fsm/negotiate.ts';
import type { SettingView } from './snapshot.ts';

/** Those of Calico's resources, then those of PeerProfile, each in a fixed order. */
export function settingViews(plan: PeerPlan): SettingView[] {
  const from = (path: string): string => plan.settingsFrom?.[path] ?? DEFAULT;
  const calico = CALICO_FIELDS.map(({ name, path, value }) => ({
    name,
    value: value(plan),
    from: from(path),
  }));
  const settings = SETTING_PATHS.map((path) => ({
    name: path,
    value: settingText(plan, path),
    from: path === 'asNumber' ? (plan.settingsFrom?.[path] ?? plan.origin) : from(path),
  }));
  return [...calico, ...settings];
}

const DEFAULT = 'default';

interface CalicoField {
  /** As Calico's resources name it. */
  readonly name: string;
  /** Where `settingsFrom` has it. */
  readonly path: string;
  readonly value: (plan: PeerPlan) => string;
}

const CALICO_FIELDS: readonly CalicoField[] = [
  {
    name: 'maxRestartTime',
    path: 'restartTime',
    value: ({ restartTime }) =>
      restartTime === undefined ? 'no graceful restart' : `${restartTime}s`,
  },
  {
    name: 'nextHopMode',
    path: 'nextHop',
    value: ({ nextHop }) => `${nextHop[0]!.toUpperCase()}${nextHop.slice(1)}`,
  },
  {
    name: 'numAllowedLocalASNumbers',
    path: 'allowLocalAs',
    value: ({ allowLocalAs }) => String(allowLocalAs),
  },
  {
    name: 'ttlSecurity',
    path: 'ttlSecurity',
    value: ({ ttlSecurity }) => (ttlSecurity === undefined ? 'off' : String(ttlSecurity)),
  },
  { name: 'password', path: 'secret', value: passwordText },
];

/** Never the key itself. */
function passwordText({ password }: PeerPlan): string {
  if (password === undefined) return 'none';
  return 'value' in password ? 'set' : `missing: ${password.missing}`;
}

function settingText(plan: PeerPlan, path: SettingPath): string {
  const field = settingField(path);
  const value = inPlan(plan, path) ?? settingAt(plan.settings, path) ?? field.default;
  return value === undefined ? field.unset! : formatSetting(field, value);
}

/** What stands in the plan beside its settings, since Calico's resources say it too. */
function inPlan(plan: PeerPlan, path: SettingPath): SettingValue | undefined {
  switch (path) {
    case 'asNumber':
      return plan.remoteAs === ANY_EXTERNAL_AS ? 'external' : plan.remoteAs;
    case 'families':
      return plan.families;
    case 'timers.holdTime':
      return plan.holdTime;
    case 'timers.keepaliveTime':
      return plan.keepaliveTime;
    default:
      return undefined;
  }
}
