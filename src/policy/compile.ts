/**
 * A policy as data becomes closures over masks and sets, once; a route then costs a few comparisons.
 *
 * Invariant: the same policy gives the same verdict for the same subject, whatever was evaluated before.
 */

import { unreachable } from '../base/assert.ts';
import { Evaluation } from './evaluate.ts';
import { compileShellPattern } from './interface-match.ts';
import { isInside, isPrefix, type OctetPrefix, octetPrefix, PrefixSet } from './prefix-match.ts';
import type { CompiledPolicy, PolicySubject, PolicyVerdict } from './subject.ts';
import type { Action, Condition, Policy, Statement } from './types.ts';

export type Test = (state: Evaluation) => boolean;
export type Act = (state: Evaluation) => void;

interface CompiledStatement {
  readonly tests: readonly Test[];
  readonly acts: readonly Act[];
  readonly verdict: 'accept' | 'reject' | undefined;
}

export function compilePolicy(policy: Policy): CompiledPolicy {
  return new Compiled(policy);
}

class Compiled implements CompiledPolicy {
  readonly dependsOnPrefix: boolean;
  readonly dependsOnInterface: boolean;
  readonly rejections: Float64Array;
  readonly #statements: readonly CompiledStatement[];
  readonly #otherwise: boolean;
  #state: Evaluation | undefined;

  constructor(policy: Policy) {
    const statements = reachable(policy.statements);
    this.dependsOnPrefix = uses(statements, (kind) => kind === 'prefix' || kind === 'insideAny');
    this.dependsOnInterface = uses(statements, (kind) => kind === 'interface');
    this.#statements = statements.map(compileStatement);
    this.rejections = new Float64Array(statements.length + 1);
    this.#otherwise = policy.otherwise === 'accept';
  }

  evaluate(subject: PolicySubject): PolicyVerdict {
    if (this.#state === undefined) this.#state = new Evaluation(subject);
    const state = this.#state;
    state.begin(subject);
    const statements = this.#statements;
    for (let i = 0; i < statements.length; i++) {
      const statement = statements[i]!;
      if (!allHold(statement.tests, state)) continue;
      const { acts } = statement;
      for (let j = 0; j < acts.length; j++) acts[j]!(state);
      if (statement.verdict !== undefined) return state.decide(statement.verdict === 'accept', i);
    }
    return state.decide(this.#otherwise, -1);
  }
}

function allHold(tests: readonly Test[], state: Evaluation): boolean {
  for (let i = 0; i < tests.length; i++) if (!tests[i]!(state)) return false;
  return true;
}

/** Up to the first statement that decides for every route: what stands behind it must not cost a prefix anything. */
function reachable(statements: readonly Statement[]): readonly Statement[] {
  const last = statements.findIndex(
    ({ conditions, verdict }) => conditions.length === 0 && verdict !== undefined,
  );
  return last < 0 ? statements : statements.slice(0, last + 1);
}

function uses(
  statements: readonly Statement[],
  isWanted: (kind: Condition['kind']) => boolean,
): boolean {
  return statements.some((statement) =>
    statement.conditions.some((condition) => isWanted(condition.kind)),
  );
}

function compileStatement(statement: Statement): CompiledStatement {
  return {
    tests: statement.conditions.map(compileCondition),
    acts: statement.actions.map(compileAction),
    verdict: statement.verdict,
  };
}

export function compileCondition(condition: Condition): Test {
  switch (condition.kind) {
    case 'prefix':
      return compilePrefix(condition);
    case 'insideAny': {
      const set = new PrefixSet(condition.prefixes);
      return (state) => set.containsSubject(state.subject);
    }
    case 'source': {
      const { source, negate } = condition;
      return (state) => (state.subject.source === source) !== (negate === true);
    }
    case 'interface': {
      const matches = compileShellPattern(condition.pattern);
      return ({ subject: { interfaceName } }) =>
        interfaceName !== undefined && matches(interfaceName);
    }
    case 'peerType': {
      const { peerType } = condition;
      return (state) => state.subject.peerType === peerType;
    }
    case 'community': {
      const value = condition.value >>> 0;
      return (state) => state.carries(value);
    }
    case 'largeCommunity': {
      const { value } = condition;
      return (state) => state.carriesLarge(value);
    }
    case 'asPathPrefix': {
      const { asns } = condition;
      return (state) => state.pathStartsWith(asns);
    }
    case 'localPref':
      return compileLocalPref(condition);
    default:
      return unreachable(condition);
  }
}

function compilePrefix(condition: Extract<Condition, { kind: 'prefix' }>): Test {
  const operand = octetPrefix(condition.prefix);
  const { lengths, operator } = condition;
  const inside: Test =
    lengths === undefined
      ? ({ subject }) => isInside(subject, operand)
      : ({ subject }) => insideWithLength(subject, operand, lengths);
  switch (operator) {
    // Against a set, equality is membership: users only write In and NotIn there.
    case 'equal':
      return lengths === undefined ? ({ subject }) => isPrefix(subject, operand) : inside;
    case 'notEqual':
      return lengths === undefined
        ? ({ subject }) => !isPrefix(subject, operand)
        : (state) => !inside(state);
    case 'in':
      return inside;
    case 'notIn':
      return (state) => !inside(state);
    default:
      return unreachable(operator);
  }
}

function insideWithLength(
  subject: PolicySubject,
  operand: OctetPrefix,
  lengths: { readonly min: number; readonly max: number },
): boolean {
  return (
    subject.length >= lengths.min && subject.length <= lengths.max && isInside(subject, operand)
  );
}

function compileLocalPref(condition: Extract<Condition, { kind: 'localPref' }>): Test {
  const { operator, value } = condition;
  switch (operator) {
    case 'equal':
      return (state) => state.currentLocalPref() === value;
    case 'above':
      return (state) => state.currentLocalPref() > value;
    case 'below':
      return (state) => state.currentLocalPref() < value;
    default:
      return unreachable(operator);
  }
}

export function compileAction(action: Action): Act {
  switch (action.kind) {
    case 'addCommunities': {
      const values = action.values.map((value) => value >>> 0);
      return (state) => {
        for (let i = 0; i < values.length; i++) state.add(values[i]!);
      };
    }
    case 'addLargeCommunities': {
      const { values } = action;
      return (state) => {
        for (let i = 0; i < values.length; i++) state.addLarge(values[i]!);
      };
    }
    case 'prepend': {
      const { asns } = action;
      return (state) => state.prependPath(asns);
    }
    case 'setLocalPref': {
      const { value } = action;
      return (state) => {
        state.localPref = value;
      };
    }
    case 'setPreference': {
      const { value } = action;
      return (state) => {
        state.preference = value;
      };
    }
    default:
      return unreachable(action);
  }
}
