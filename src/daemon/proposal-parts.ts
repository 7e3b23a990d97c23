/** A proposed change on its way between the two threads: texts to the planner, changes back, some at a time. */

import { type ConfigError, formatConfigError } from '../base/errors.ts';
import type { BrokenFile, RawDocument } from '../datastore/documents.ts';
import type { PlanChange } from '../datastore/plan-diff.ts';
import type { ProposedChange, ProposedPlan } from '../datastore/propose.ts';
import { parseYamlFile } from '../io/yaml-documents.ts';
import type { Proposal } from '../speaker/preview/types.ts';

/** Changes a message: some 0.3 ms for the receiver, as with plans. */
const PART_CHANGES_MAX = 128;

export interface ProposalRequest {
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly replace: boolean;
  readonly remove: readonly string[];
}

export interface ProposalPart {
  readonly changes: readonly PlanChange[];
  readonly last?: {
    readonly revision: number;
    readonly next: Proposal['next'] | undefined;
    readonly held: string | undefined;
    readonly problems: readonly ConfigError[];
    /** Why nothing can be said. */
    readonly refused: string;
  };
}

type Planned = (ProposedPlan & { readonly revision: number }) | undefined;

export function* proposalParts(
  request: ProposalRequest,
  propose: (change: ProposedChange) => Planned,
): Generator<ProposalPart> {
  const planned = propose(readRequest(request));
  if (planned === undefined) {
    const refused = 'There is no plan in force yet that the change could be compared with';
    yield { changes: [], last: { ...NOTHING, refused } };
    return;
  }
  const { changes, ...rest } = planned;
  for (let at = 0; at < changes.length; at += PART_CHANGES_MAX) {
    yield { changes: changes.slice(at, at + PART_CHANGES_MAX) };
  }
  const first = rest.problems.find((problem) => problem.severity === 'error');
  const because = first === undefined ? '' : `: ${formatConfigError(first)}`;
  const refused = rest.next === undefined ? `No plan can be made of it${because}` : '';
  yield { changes: [], last: { ...rest, refused } };
}

const NOTHING = { revision: 0, next: undefined, held: undefined, problems: [] } as const;

function readRequest({ files, replace, remove }: ProposalRequest): ProposedChange {
  const documents: RawDocument[] = [];
  const broken: BrokenFile[] = [];
  for (const { name, text } of files) {
    const parsed = parseYamlFile(name, text);
    if (parsed.ok) documents.push(...parsed.documents);
    else broken.push({ file: name, error: parsed.error });
  }
  return { documents, broken, replace, remove };
}
