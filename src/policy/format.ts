/** Conditions, actions and statements in words: for `explain`, plans shown to people, and golden files. */

import { unreachable } from '../base/assert.ts';
import type { Action, Condition, Statement } from './types.ts';

/** One condition in words, e.g. `prefix inside 10.0.0.0/8 with length 24 to 32`. */
export function formatCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'prefix': {
      const words = { equal: 'is', notEqual: 'is not', in: 'inside', notIn: 'not inside' };
      const { lengths } = condition;
      const tail = lengths === undefined ? '' : ` with length ${lengths.min} to ${lengths.max}`;
      return `prefix ${words[condition.operator]} ${condition.prefix}${tail}`;
    }
    case 'insideAny':
      return `prefix inside ${condition.prefixes.join(' or ')}`;
    case 'source':
      return `source ${condition.negate === true ? 'is not' : 'is'} ${condition.source}`;
    case 'interface':
      return `interface matches ${condition.pattern}`;
    case 'peerType':
      return `peer is ${condition.peerType === 'ebgp' ? 'eBGP' : 'iBGP'}`;
    case 'community':
      return `carries community ${formatCommunity(condition.value)}`;
    case 'largeCommunity':
      return `carries large community ${condition.value.join(':')}`;
    case 'asPathPrefix':
      return `AS_PATH starts with ${condition.asns.join(' ')}`;
    case 'localPref': {
      const words = { equal: 'is', above: 'is above', below: 'is below' };
      return `LOCAL_PREF ${words[condition.operator]} ${condition.value}`;
    }
    default:
      return unreachable(condition);
  }
}

export function formatAction(action: Action): string {
  switch (action.kind) {
    case 'addCommunities':
      return `add communities ${action.values.map(formatCommunity).join(' ')}`;
    case 'addLargeCommunities':
      return `add large communities ${action.values.map((value) => value.join(':')).join(' ')}`;
    case 'prepend':
      return `prepend ${action.asns.join(' ')}`;
    case 'setLocalPref':
      return `set LOCAL_PREF ${action.value}`;
    case 'setPreference':
      return `set preference ${action.value}`;
    default:
      return unreachable(action);
  }
}

function formatCommunity(value: number): string {
  return `${value >>> 16}:${value & 0xffff}`;
}

/** `own block 10.1.0.0/26: prefix is 10.1.0.0/26 → accept` */
export function formatStatement({ name, conditions, actions, verdict }: Statement): string {
  const when = conditions.length === 0 ? 'always' : conditions.map(formatCondition).join(' and ');
  const then = [...actions.map(formatAction), verdict ?? 'go on'].join(', ');
  return `${name}: ${when} → ${then}`;
}
