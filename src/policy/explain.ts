/**
 * Which clause decided, for people: the statements in order, why each did not apply, what each did.
 *
 * Uses the same compiled conditions as the evaluation, so that the explanation cannot differ from the act.
 */

import { compileAction, compileCondition, compilePolicy } from './compile.ts';
import { Evaluation } from './evaluate.ts';
import { formatAction, formatCondition } from './format.ts';
import type { PolicySubject } from './subject.ts';
import type { Condition, Policy } from './types.ts';

export interface PolicyExplanation {
  readonly policy: string;
  readonly accept: boolean;
  /** Name of the statement that decided; undefined when none did. */
  readonly decidedBy: string | undefined;
  /** Every statement up to the one that decided. */
  readonly steps: readonly PolicyStep[];
}

export interface PolicyStep {
  readonly statement: string;
  readonly applied: boolean;
  /** The first condition that did not hold; undefined when the statement applied. */
  readonly because: string | undefined;
  readonly did: readonly string[];
}

export function explainPolicy(policy: Policy, subject: PolicySubject): PolicyExplanation {
  const verdict = compilePolicy(policy).evaluate(subject);
  const decided = verdict.statement < 0 ? undefined : policy.statements[verdict.statement];
  const last = verdict.statement < 0 ? policy.statements.length : verdict.statement + 1;
  // Conditions are tested on the state that the statements before them left behind.
  const state = new Evaluation(subject);
  const steps = policy.statements.slice(0, last).map((statement): PolicyStep => {
    const failed = statement.conditions.find((item) => !compileCondition(item)(state));
    if (failed !== undefined) {
      return { statement: statement.name, applied: false, because: negated(failed), did: [] };
    }
    for (const action of statement.actions) compileAction(action)(state);
    const did = statement.actions.map(formatAction);
    if (statement.verdict !== undefined) did.push(statement.verdict);
    return { statement: statement.name, applied: true, because: undefined, did };
  });
  return { policy: policy.name, accept: verdict.accept, decidedBy: decided?.name, steps };
}

function negated(condition: Condition): string {
  return `not: ${formatCondition(condition)}`;
}
