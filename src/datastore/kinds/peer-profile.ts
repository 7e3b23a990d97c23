/**
 * PeerProfile (`godwit.dev/v1`): what Calico's resources cannot say of sessions, of the node, and of neighbors that
 * nobody names. What may be written stands in `setting-fields.ts` and `node-setting-fields.ts`.
 * @see docs/decisions/0017-peer-profiles.md
 */

import { prefixFamily } from '../../net/prefix.ts';
import type { Fields } from '../fields.ts';
import {
  NODE_FIELDS,
  NODE_PATHS,
  type NodePath,
  RANGE_PEERS,
  RANGE_RATE,
  RANGES_MAX,
} from '../node-setting-fields.ts';
import type { ListenRangeResource, PeerProfileResource, SessionSelection } from '../resources.ts';
import type { RemoteAs, SettingValue } from '../setting-field.ts';
import {
  SESSION_KINDS,
  SETTING_PATHS,
  type SessionKind,
  type SettingPath,
  settingField,
} from '../setting-fields.ts';
import { AS_NUMBER, parseRemoteAs, readFamilies, readSetting } from '../setting-values.ts';
import {
  asText,
  parseCidr,
  readCidr,
  readRestartTime,
  readSecretRef,
  readSelector,
  readTtlSecurity,
} from './common.ts';

const ORDER = { min: 0, max: 1_000_000, default: 1000 } as const;

type Settings = Partial<Record<SettingPath, SettingValue>>;

export function readPeerProfile(name: string, spec: Fields): PeerProfileResource {
  const settings = spec.object('settings');
  const node = spec.object('node');
  const profile: PeerProfileResource = {
    name,
    order: spec.integer('order', ORDER) ?? ORDER.default,
    nodeSelector: readSelector(spec, 'nodeSelector'),
    sessions: readSelection(spec.object('sessions')),
    settings: settings === undefined ? {} : readSettings(settings),
    node: node === undefined ? {} : readNodeSettings(node),
    listenRanges: readRanges(spec),
  };
  if (settings !== undefined) checkSettings(settings, profile.settings);
  return profile;
}

function readSelection(sessions: Fields | undefined): SessionSelection {
  const selection: SessionSelection = {
    kinds: list(sessions, 'kinds', KIND),
    peers: list(sessions, 'peers', { what: 'the name of a BGPPeer', parse: asText }),
    peerSelector: sessions && readSelector(sessions, 'peerSelector'),
    asNumbers: list(sessions, 'asNumbers', { what: AS_NUMBER, parse: parseRemoteAs }),
    prefixes: list(sessions, 'prefixes', {
      what: 'an address or a CIDR without host bits',
      parse: parseCidr,
    }),
  };
  sessions?.finish();
  return selection;
}

const KIND = {
  what: `one of ${SESSION_KINDS.join(', ')}`,
  parse: (value: unknown): SessionKind | undefined => SESSION_KINDS.find((kind) => kind === value),
};

/** Undefined when nothing is written: no condition. An empty list would select nothing, which nobody means. */
function list<T>(
  fields: Fields | undefined,
  name: string,
  entry: { readonly what: string; readonly parse: (value: unknown) => T | undefined },
): readonly T[] | undefined {
  if (fields === undefined) return undefined;
  if (!fields.has(name)) {
    fields.ignore(name);
    return undefined;
  }
  const values = fields.list(name, entry.what, entry.parse);
  const written = fields.raw(name);
  if (Array.isArray(written) && written.length === 0) {
    fields.report(name, {
      code: 'Missing',
      message: 'An empty list selects no session at all',
      remedy: `Write at least one entry, or leave ${name} out to select whatever the rest selects`,
    });
  }
  return values;
}

/** Reads every setting of the table, group by group, so that unknown keys are found in each. */
function readSettings(root: Fields): Settings {
  const settings: Settings = {};
  const groups = new Map<string, Fields | undefined>([['', root]]);
  for (const path of SETTING_PATHS) {
    const at = path.lastIndexOf('.');
    const fields = groupAt(groups, at < 0 ? '' : path.slice(0, at));
    if (fields === undefined) continue;
    const value = readSetting(fields, path.slice(at + 1), settingField(path));
    if (value !== undefined) settings[path] = value;
  }
  for (const fields of groups.values()) fields?.finish();
  return settings;
}

function groupAt(groups: Map<string, Fields | undefined>, path: string): Fields | undefined {
  if (!groups.has(path)) {
    const at = path.lastIndexOf('.');
    const parent = groupAt(groups, at < 0 ? '' : path.slice(0, at));
    groups.set(path, parent?.object(path.slice(at + 1)));
  }
  return groups.get(path);
}

/** What one profile says must be possible by itself; what several say together is judged in the plan. */
function checkSettings(fields: Fields, settings: Settings): void {
  const hold = settings['timers.holdTime'] as number | undefined;
  const keepalive = settings['timers.keepaliveTime'] as number | undefined;
  const least = settings['timers.minHoldTime'] as number | undefined;
  const initial = settings['timers.idleHoldInitial'] as number | undefined;
  const longest = settings['timers.idleHoldMax'] as number | undefined;
  const path = (name: string): (string | number)[] => [...fields.path, 'timers', name];
  if (hold !== undefined && hold > 0 && keepalive !== undefined && keepalive > hold / 3) {
    fields.reportAt(path('keepaliveTime'), {
      code: 'BadValue',
      message: 'More than a third of the hold time: two lost KEEPALIVEs would end the session',
      remedy: `Write at most ${Math.floor(hold / 3)}s, or leave it out`,
      value: `${keepalive}s`,
    });
  }
  if (hold !== undefined && hold > 0 && least !== undefined && least > hold) {
    fields.reportAt(path('minHoldTime'), {
      code: 'BadValue',
      message: 'More than the hold time that is offered: every session would be refused',
      remedy: `Write at most ${hold}s`,
      value: `${least}s`,
    });
  }
  if (initial !== undefined && longest !== undefined && initial > longest) {
    fields.reportAt(path('idleHoldInitial'), {
      code: 'BadValue',
      message: 'More than idleHoldMax',
      remedy: `Write at most ${longest}s`,
      value: `${initial}s`,
    });
  }
}

function readNodeSettings(node: Fields): Partial<Record<NodePath, SettingValue>> {
  const settings: Partial<Record<NodePath, SettingValue>> = {};
  for (const path of NODE_PATHS) {
    const value = readSetting(node, path, NODE_FIELDS[path]);
    if (value !== undefined) settings[path] = value;
  }
  node.finish();
  return settings;
}

function readRanges(spec: Fields): ListenRangeResource[] {
  const ranges = spec.objects('listenRanges').flatMap(readRange);
  if (ranges.length > RANGES_MAX) {
    spec.report('listenRanges', {
      code: 'TooMany',
      message: `More than ${RANGES_MAX} ranges`,
      remedy: 'Write shorter prefixes, or a second profile',
    });
  }
  const seen = new Set<string>();
  for (const [index, { prefix }] of ranges.entries()) {
    if (seen.has(prefix)) {
      spec.reportAt([...spec.path, 'listenRanges', index, 'prefix'], {
        code: 'Duplicate',
        message: 'This range stands here twice',
        remedy: 'Leave one of them out',
        value: prefix,
      });
    }
    seen.add(prefix);
  }
  return ranges;
}

function readRange(range: Fields): ListenRangeResource[] {
  const prefix = range.required('prefix', readCidr(range, 'prefix', true), 'Write a CIDR');
  const asNumber: RemoteAs | undefined = range.required(
    'asNumber',
    range.parsed('asNumber', AS_NUMBER, parseRemoteAs),
    'Write internal, external, or an AS number',
  );
  const families = readFamilies(range, 'families');
  const peersMax = range.integer('peersMax', RANGE_PEERS) ?? RANGE_PEERS.default;
  const rateMax = range.integer('rateMax', RANGE_RATE) ?? RANGE_RATE.default;
  const password = readSecretRef(range, 'password');
  const filters = range.list('filters', 'the name of a BGPFilter', asText);
  const ttlSecurity = readTtlSecurity(range);
  const maxRestartTime = readRestartTime(range, 'maxRestartTime');
  range.finish();
  if (prefix === undefined || asNumber === undefined) return [];
  if (prefixFamily(prefix) === 6 && prefix.startsWith('fe80:')) {
    range.report('prefix', {
      code: 'BadValue',
      message: 'Link-local addresses name no neighbor without an interface',
      remedy: 'Write a range of global or unique local addresses',
      value: prefix,
    });
  }
  const limits = { peersMax, rateMax, ttlSecurity, maxRestartTime };
  return [{ prefix, asNumber, families, password, filters, ...limits }];
}
