/** BGPFilter: ordered rules by direction and family. @see calico model 1.3 */

import { type Prefix, prefixFamily, prefixLength } from '../../net/prefix.ts';
import type { Fields } from '../fields.ts';
import type { BgpFilterResource, FilterMatch, FilterOperation, FilterRule } from '../resources.ts';
import { parseAsNumber } from '../scalars.ts';
import { ROUTE_PRIORITY_MAX } from './bgp-configuration.ts';
import { readCidr, readCommunity } from './common.ts';

/** Calico's limits on one rule. */
const OPERATIONS_MAX = 10;
const AS_PATH_PREFIX_MAX = 10;

const OPERATORS = { Equal: 'equal', NotEqual: 'notEqual', In: 'in', NotIn: 'notIn' } as const;

export function readBgpFilter(name: string, spec: Fields): BgpFilterResource {
  const rules = (field: string, family: 4 | 6): FilterRule[] =>
    spec.objects(field).map((rule) => readRule(rule, family));
  return {
    name,
    importV4: rules('importV4', 4),
    exportV4: rules('exportV4', 4),
    importV6: rules('importV6', 6),
    exportV6: rules('exportV6', 6),
  };
}

function readRule(rule: Fields, family: 4 | 6): FilterRule {
  const action = rule.oneOf('action', ['Accept', 'Reject']);
  rule.required('action', action, 'Write Accept or Reject');
  const source = rule.oneOf('source', ['RemotePeers']);
  const peerType = rule.oneOf('peerType', ['eBGP', 'iBGP']);
  const read: FilterRule = {
    action: action ?? 'Reject',
    match: readMatch(rule, family),
    remotePeersOnly: source !== undefined,
    interfacePattern: rule.text('interface'),
    peerType: peerType === undefined ? undefined : peerType === 'eBGP' ? 'ebgp' : 'ibgp',
    community: readCommunityMatch(rule),
    asPathPrefix: readAsns(rule, 'asPathPrefix'),
    priority: readPriority(rule, 'priority'),
    operations: readOperations(rule),
  };
  if (read.operations.length > 0 && action === 'Reject') {
    rule.report('operations', {
      code: 'Exclusive',
      message: 'A rule that rejects changes nothing',
      remedy: 'Leave out operations, or write action: Accept',
    });
  }
  rule.finish();
  return read;
}

function readMatch(rule: Fields, family: 4 | 6): FilterMatch | undefined {
  const cidr = readCidr(rule, 'cidr', false);
  const operator = rule.oneOf('matchOperator', ['Equal', 'NotEqual', 'In', 'NotIn']);
  const lengths = rule.object('prefixLength');
  if (rule.has('cidr') && !rule.has('matchOperator')) {
    rule.required('matchOperator', undefined, 'Write Equal, NotEqual, In or NotIn beside cidr');
  }
  for (const field of ['matchOperator', 'prefixLength']) {
    if (rule.has(field) && !rule.has('cidr')) {
      rule.report('cidr', {
        code: 'Missing',
        message: `Missing beside ${field}`,
        remedy: 'Write a CIDR',
      });
    }
  }
  if (cidr === undefined) {
    lengths?.ignore('min', 'max');
    return undefined;
  }
  if (prefixFamily(cidr) !== family) {
    rule.bad('cidr', `an IPv${family} CIDR`, cidr);
  }
  const range = lengths === undefined ? undefined : readLengths(lengths, cidr);
  return operator === undefined
    ? undefined
    : { operator: OPERATORS[operator], cidr, lengths: range };
}

/** The lengths in force: never shorter than the CIDR itself. */
function readLengths(lengths: Fields, cidr: Prefix): { min: number; max: number } {
  const width = prefixFamily(cidr) === 4 ? 32 : 128;
  const own = prefixLength(cidr);
  const min = Math.max(own, lengths.integer('min', { min: 0, max: width }) ?? own);
  const max = lengths.integer('max', { min: 0, max: width }) ?? width;
  if (min > max) {
    lengths.report('max', {
      code: 'BadValue',
      message: `No prefix inside ${cidr} has a length from ${min} to ${max}`,
      remedy: `Write a max of at least ${min}`,
      value: max,
    });
  }
  lengths.finish();
  return { min, max };
}

function readCommunityMatch(rule: Fields): FilterRule['community'] {
  const communities = rule.object('communities');
  if (communities === undefined) return undefined;
  const values = communities.list('values', 'a community: aa:nn or aa:nn:mm', readCommunity);
  const raw = communities.raw('values');
  if (!Array.isArray(raw) || raw.length !== 1) {
    communities.report('values', {
      code: 'BadValue',
      message: 'Exactly one community is allowed',
      remedy: 'Write a list with one entry',
    });
  }
  communities.finish();
  return values[0];
}

function readAsns(fields: Fields, name: string): number[] | undefined {
  if (!fields.has(name)) return undefined;
  const asns = fields.list(name, 'an AS number', parseAsNumber);
  if (asns.length > AS_PATH_PREFIX_MAX || asns.length === 0) {
    fields.report(name, {
      code: 'BadValue',
      message: `Not a list of 1 to ${AS_PATH_PREFIX_MAX} AS numbers`,
    });
  }
  return asns;
}

function readPriority(fields: Fields, name: string): number | undefined {
  return fields.integer(name, { min: 1, max: ROUTE_PRIORITY_MAX });
}

function readOperations(rule: Fields): FilterOperation[] {
  const operations = rule.objects('operations').flatMap(readOperation);
  if (operations.length > OPERATIONS_MAX) {
    rule.report('operations', {
      code: 'TooMany',
      message: `More than ${OPERATIONS_MAX} operations`,
    });
  }
  return operations;
}

function readOperation(fields: Fields): FilterOperation[] {
  const found: FilterOperation[] = [];
  const add = fields.object('addCommunity');
  const community = add?.parsed('value', 'a community: aa:nn or aa:nn:mm', readCommunity);
  if (community !== undefined) found.push({ kind: 'addCommunity', community });
  const prepend = fields.object('prependASPath');
  const asns = prepend === undefined ? undefined : readAsns(prepend, 'prefix');
  if (asns !== undefined) found.push({ kind: 'prependAsPath', asns });
  const set = fields.object('setPriority');
  const priority = set === undefined ? undefined : readPriority(set, 'value');
  if (priority !== undefined) found.push({ kind: 'setPriority', priority });
  for (const part of [add, prepend, set]) part?.finish();
  fields.finish();
  if ([add, prepend, set].filter((part) => part !== undefined).length !== 1) {
    fields.reportAt(fields.path, {
      code: 'BadValue',
      message: 'An operation is exactly one of addCommunity, prependASPath, setPriority',
    });
  } else if (found.length === 0) {
    fields.reportAt(fields.path, { code: 'Missing', message: 'The operation has no usable value' });
  }
  return found;
}
