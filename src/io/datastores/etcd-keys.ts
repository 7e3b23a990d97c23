/**
 * Calico's layout of etcd: which keys godwit reads, and what each says as a document. Pure.
 * @see calico model 5.1; docs/decisions/0017-peer-profiles.md for the key of a PeerProfile
 */

import type { ConfigError } from '../../base/errors.ts';
import { type BrokenFile, plainDocument, type RawDocument } from '../../datastore/documents.ts';

/** A half-open range of keys. */
export interface KeyRange {
  readonly key: string;
  readonly end: string;
}

const RESOURCES = '/calico/resources/v3/';

/**
 * Kind by group and plural, in the order of their keys. The slash behind each keeps siblings such as `nodesets` out.
 * Our own kind stands where Calico's layout puts a kind of another group.
 */
const KINDS: Readonly<Record<string, string>> = {
  'godwit.dev/peerprofiles': 'PeerProfile',
  'projectcalico.org/bgpconfigurations': 'BGPConfiguration',
  'projectcalico.org/bgpfilters': 'BGPFilter',
  'projectcalico.org/bgppeers': 'BGPPeer',
  'projectcalico.org/caliconodestatuses': 'CalicoNodeStatus',
  'projectcalico.org/clusterinformations': 'ClusterInformation',
  'projectcalico.org/ippools': 'IPPool',
  'projectcalico.org/nodes': 'Node',
};
const PLURALS = Object.keys(KINDS);

/** What is listed: no other kind, of which there may be many thousands. */
export function listedRanges(node: string): readonly KeyRange[] {
  return [...PLURALS.map((plural) => prefixRange(`${RESOURCES}${plural}/`)), ownBlocks(node)];
}

/**
 * What is watched. All kinds by one watch, so that their changes come in the order in which they were made: a filter
 * before the peer that names it. What lies between the kinds (policies, but no workload) is passed over.
 */
export function watchedRanges(node: string): readonly KeyRange[] {
  const first = prefixRange(`${RESOURCES}${PLURALS[0]}/`).key;
  const last = prefixRange(`${RESOURCES}${PLURALS.at(-1)}/`).end;
  return [{ key: first, end: last }, ownBlocks(node)];
}

function ownBlocks(node: string): KeyRange {
  return prefixRange(`/calico/ipam/v2/host/${node}/`);
}

/** All keys that begin with `prefix`, whose last character is a slash. */
function prefixRange(prefix: string): KeyRange {
  return { key: prefix, end: `${prefix.slice(0, -1)}0` }; // '0' follows '/'
}

/** Whether a watched key is one that is listed. */
export function isListed(key: string, node: string): boolean {
  return listedRanges(node).some((range) => key >= range.key && key < range.end);
}

/** What stands at `key`; undefined for what is none of ours, such as other things that IPAM notes of a host. */
export function documentAt(
  key: string,
  text: string,
  node: string,
): RawDocument | BrokenFile | undefined {
  const block = blockAt(key, node);
  if (block === undefined && !key.startsWith(RESOURCES)) return undefined;
  let value: unknown;
  try {
    // Very old releases of Calico wrote affinities without a value.
    value = text === '' && block !== undefined ? {} : JSON.parse(text);
  } catch (error) {
    return { file: key, error: notJson(key, error) };
  }
  if (block !== undefined) return plainDocument(key, affinity(block, value));
  const misplaced = whyMisplaced(key, value);
  if (misplaced === undefined && key.startsWith(STATUSES) && nodeOf(value) !== node)
    return undefined;
  return misplaced === undefined ? plainDocument(key, value) : { file: key, error: misplaced };
}

const STATUSES = `${RESOURCES}projectcalico.org/caliconodestatuses/`;

export function statusKey(name: string): string {
  return STATUSES + name;
}

/** What a document is made of: of a CalicoNodeStatus what is asked, without what was answered. */
export function textAt(key: string, text: string): string {
  if (!key.startsWith(STATUSES)) return text;
  try {
    return JSON.stringify({ ...(JSON.parse(text) as object), status: undefined });
  } catch {
    return text; // `documentAt` says what is wrong with it
  }
}

function nodeOf(value: unknown): unknown {
  return (value as { readonly spec?: { readonly node?: unknown } }).spec?.node;
}

/** A resource stands under its own kind and name, so that no two keys can say the same one. */
function whyMisplaced(key: string, value: unknown): ConfigError | undefined {
  const [group, plural, ...rest] = key.slice(RESOURCES.length).split('/');
  const { kind, metadata } = (value ?? {}) as {
    readonly kind?: unknown;
    readonly metadata?: { readonly name?: unknown };
  };
  const [wanted, name] = [KINDS[`${group}/${plural}`], rest.join('/')];
  if (kind === wanted && metadata?.name === name) return undefined;
  return {
    ...broken(key, `Holds ${String(kind)} ${String(metadata?.name)}, not ${wanted} ${name}`),
    code: 'Misplaced',
    remedy: 'Name its key by kind and name, as calicoctl does',
  };
}

interface Block {
  readonly node: string;
  readonly cidr: string;
}

/** `/calico/ipam/v2/host/<node>/ipv4/block/<address>-<length>` */
function blockAt(key: string, node: string): Block | undefined {
  const { key: prefix } = ownBlocks(node);
  if (!key.startsWith(prefix)) return undefined;
  const match = /^ipv[46]\/block\/([0-9a-f.:]+)-([0-9]+)$/.exec(key.slice(prefix.length));
  return match === null ? undefined : { node, cidr: `${match[1]}/${match[2]}` };
}

/** As the Kubernetes datastore names and writes it. */
function affinity({ node, cidr }: Block, value: unknown): unknown {
  const said = typeof value === 'object' && value !== null ? value : {};
  const { state, deleted } = said as { readonly state?: unknown; readonly deleted?: unknown };
  return {
    apiVersion: 'projectcalico.org/v3',
    kind: 'BlockAffinity',
    metadata: { name: `${node}-${cidr.replace(/[.:/]/g, '-')}` },
    spec: { node, cidr, type: 'host', state, deleted },
  };
}

function notJson(file: string, error: unknown): ConfigError {
  return broken(file, `Not JSON: ${error instanceof Error ? error.message : String(error)}`);
}

function broken(file: string, message: string): ConfigError {
  return { kind: 'ConfigError', severity: 'error', code: 'Syntax', file, message };
}
