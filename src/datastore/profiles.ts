/**
 * Which PeerProfiles say what of a session: selection, precedence, and one merged value for all sessions that the same
 * profiles select.
 *
 * Of several profiles that select a session each setting is that of the first which has it, in order of `order`, then
 * of the name. Invariant: the result depends on the resources alone, never on the order of reading.
 */

import type { AfiSafi } from '../net/afi-safi.ts';
import type { IpAddress } from '../net/ip-address.ts';
import { type Prefix, prefixContains, prefixCovers } from '../net/prefix.ts';
import { NODE_PATHS } from './node-setting-fields.ts';
import type { NodeSettings, PeerSettings } from './peer-settings.ts';
import { compareText } from './plan-data.ts';
import type { BgpPeerResource, PeerProfileResource } from './resources.ts';
import type { SessionEntry } from './session-entry.ts';
import type { RemoteAs, SettingValue } from './setting-field.ts';
import {
  isCompleted,
  SETTING_PATHS,
  type SessionKind,
  type SettingPath,
  settingField,
} from './setting-fields.ts';

/** What a profile selects by. */
export interface SessionFacts {
  readonly kind: SessionKind;
  readonly peer: BgpPeerResource | undefined;
  /** Of a named session; a range of dynamic ones is selected as a whole. */
  readonly remote: IpAddress | Prefix;
  readonly remoteAs: RemoteAs;
  readonly localAs: number;
}

export interface Profiled {
  readonly asNumber?: RemoteAs;
  readonly families?: readonly AfiSafi[];
  readonly settings?: PeerSettings;
  /** `PeerProfile/name` by path. */
  readonly from?: Readonly<Record<string, string>>;
}

const NOTHING: Profiled = {};

export class Profiles {
  /** Those that count on this node, the first to be asked first. */
  readonly inOrder: readonly PeerProfileResource[];
  readonly #merged = new Map<string, Profiled>();
  readonly #bySession = new WeakMap<SessionEntry, Profiled>();
  readonly #inOtherAs = new WeakMap<SessionEntry, SessionEntry>();

  constructor(
    profiles: ReadonlyMap<string, PeerProfileResource>,
    labels: Readonly<Record<string, string>>,
  ) {
    this.inOrder = [...profiles.values()]
      .filter(({ nodeSelector }) => nodeSelector === undefined || nodeSelector.matches(labels))
      .sort((a, b) => a.order - b.order || compareText(a.name, b.name));
  }

  of(entry: SessionEntry, localAs: number): Profiled {
    if (this.inOrder.length === 0) return NOTHING;
    let profiled = this.#bySession.get(entry);
    if (profiled === undefined) {
      const { kind, peer, address: remote, remoteAs } = entry;
      profiled = this.merged({ kind, peer, remote, remoteAs, localAs });
      this.#bySession.set(entry, profiled);
    }
    return profiled;
  }

  /** `entry` with the peer in the AS that the profiles say: the same object each time, and selected as before. */
  inAs(entry: SessionEntry, remoteAs: number): SessionEntry {
    if (entry.remoteAs === remoteAs) return entry;
    let other = this.#inOtherAs.get(entry);
    if (other?.remoteAs !== remoteAs) {
      other = { ...entry, remoteAs };
      this.#inOtherAs.set(entry, other);
      this.#bySession.set(other, this.#bySession.get(entry) ?? NOTHING);
    }
    return other;
  }

  /** @param always  Selects the session whatever its `sessions` say. */
  merged(facts: SessionFacts, always?: PeerProfileResource): Profiled {
    const selecting = this.inOrder.filter(
      (profile) => profile === always || selects(profile, facts),
    );
    const key = selecting.map((profile) => profile.name).join(' ');
    let profiled = this.#merged.get(key);
    if (profiled === undefined) {
      profiled = merge(selecting);
      this.#merged.set(key, profiled);
    }
    return profiled;
  }

  /** Undefined when no profile speaks of the node. */
  nodeSettings(): NodeSettings | undefined {
    const values: Partial<Record<string, SettingValue>> = {};
    for (const { node } of this.inOrder) {
      for (const path of NODE_PATHS) values[path] ??= node[path];
    }
    const said = Object.entries(values).filter(([, value]) => value !== undefined);
    // The reader has checked each value against the field of its path.
    return said.length === 0 ? undefined : (Object.fromEntries(said) as NodeSettings);
  }
}

function selects({ sessions }: PeerProfileResource, facts: SessionFacts): boolean {
  const { kinds, peers, peerSelector, asNumbers, prefixes } = sessions;
  const { kind, peer, remote } = facts;
  if (kinds !== undefined && !kinds.includes(kind)) return false;
  if (peers !== undefined && (peer === undefined || !peers.includes(peer.name))) return false;
  if (peerSelector !== undefined && (peer === undefined || !peerSelector.matches(peer.labels))) {
    return false;
  }
  if (asNumbers?.some((asn) => isOf(asn, facts)) === false) return false;
  return prefixes?.some((prefix) => isInside(prefix, remote)) !== false;
}

function isOf(wanted: RemoteAs, { remoteAs, localAs }: SessionFacts): boolean {
  if (wanted === remoteAs) return true;
  const internal = remoteAs === 'internal' || remoteAs === localAs;
  if (wanted === 'internal') return internal;
  if (wanted === 'external') return !internal;
  return internal && wanted === localAs;
}

function isInside(prefix: Prefix, remote: IpAddress | Prefix): boolean {
  return remote.includes('/')
    ? prefixContains(prefix, remote as Prefix)
    : prefixCovers(prefix, remote as IpAddress);
}

function merge(profiles: readonly PeerProfileResource[]): Profiled {
  const values: Partial<Record<SettingPath, SettingValue>> = {};
  const from: Record<string, string> = {};
  for (const { name, settings } of profiles) {
    for (const path of SETTING_PATHS) {
      const value = settings[path];
      if (value === undefined || values[path] !== undefined) continue;
      values[path] = value;
      from[path] = `PeerProfile/${name}`;
    }
  }
  if (Object.keys(from).length === 0) return NOTHING;
  const { asNumber, families, ...rest } = values;
  const settings = assemble(rest);
  return {
    ...(asNumber === undefined ? {} : { asNumber: asNumber as RemoteAs }),
    ...(families === undefined ? {} : { families: families as readonly AfiSafi[] }),
    ...(settings === undefined ? {} : { settings }),
    from,
  };
}

interface Tree {
  [name: string]: SettingValue | Tree;
}

/** Values by path → nested as `PeerSettings` has them; groups of which each part has a default are completed. */
function assemble(values: Partial<Record<SettingPath, SettingValue>>): PeerSettings | undefined {
  const tree: Tree = {};
  for (const path of SETTING_PATHS) {
    const value = values[path] ?? (isWanted(path, values) ? settingField(path).default : undefined);
    if (value !== undefined) put(tree, path.split('.'), value);
  }
  const { maxPrefixesIn } = tree as { maxPrefixesIn?: Tree };
  if (maxPrefixesIn !== undefined) maxPrefixesIn['limits'] ??= {};
  // The reader has checked each value against the field of its path, and the table has the paths of PeerSettings.
  return Object.keys(tree).length === 0 ? undefined : (tree as PeerSettings);
}

/** Something was said of the completed group of `path`. */
function isWanted(path: SettingPath, values: Partial<Record<SettingPath, SettingValue>>): boolean {
  const group = path.split('.', 1)[0]!;
  if (group === path || !isCompleted(group)) return false;
  return SETTING_PATHS.some(
    (other) => other.startsWith(`${group}.`) && values[other] !== undefined,
  );
}

function put(tree: Tree, [name, ...rest]: readonly string[], value: SettingValue): void {
  if (rest.length === 0) {
    tree[name!] = value;
    return;
  }
  tree[name!] ??= {};
  put(tree[name!] as Tree, rest, value);
}

/** The value of `path` in a plan's settings; undefined where nothing is said. */
export function settingAt(
  settings: PeerSettings | undefined,
  path: SettingPath,
): SettingValue | undefined {
  let at: unknown = settings;
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at as SettingValue | undefined;
}
