/**
 * Every public UPDATE through a live session of the core, from internal and external senders, beside three observers:
 * what becomes of the session, and what each kind of peer is told, to the octet. What is expected is made by
 * `test/support/vectors`, which shares nothing with the code under test.
 */

import { expect, it } from 'vitest';
import { describeWith } from '../../test/support/requirements.ts';
import {
  DIFFERENCES,
  IDLE_ATTRIBUTE_ERRORS,
  JUDGEMENTS,
  SESSION_DIFFERENCES,
} from '../../test/support/vectors/judgements.ts';
import { structuralError } from '../../test/support/vectors/plain-errors.ts';
import { prefixesOf, readPlainUpdate } from '../../test/support/vectors/plain-update.ts';
import {
  expectedOf,
  isAs4,
  type Outcome,
  readVectors,
  typeOf,
  VECTOR_FILES,
  type Vector,
} from '../../test/support/vectors/public-vectors.ts';
import { isIncomplete, mustBe } from '../../test/support/vectors/told.ts';
import { passOn, tellBaseline } from './testing/passing-on.ts';
import { type PeerType, VectorStages } from './testing/vector-stage.ts';

const stages = new VectorStages();

/** Outcome and NOTIFICATION of `vector` from a sender of this type; fails where what is told to others is not right. */
function run(vector: Vector, peerType: PeerType): Outcome {
  const stage = stages.of(peerType, isAs4(vector));
  const { observed, sender } = stage;
  const update = readPlainUpdate(vector.hex);
  const prefixes = prefixesOf(update);
  tellBaseline(stage, prefixes);
  const before = observed.speaker.view.counters().updateFaults;
  observed.say(sender, vector.hex);
  const counts = Object.entries(observed.speaker.view.counters().updateFaults);
  const faults = counts.filter(([fault, count]) => count !== before[fault]).map(([fault]) => fault);
  mustBe(
    'bugs of ours',
    observed.of('keepEvidence').map(({ reason }) => reason),
    [],
  );
  const outcome = outcomeOf(vector, sender.ended, faults);
  if (outcome === 'reset') mustBe('state', [observed.state(sender)!], ['Idle']);
  else mustBe('said to the sender', sender.heard, []);
  if (outcome === 'reset') checkNotification(vector, sender.take(3));
  passOn(stage, { vector, update, outcome });
  stages.putBack(stage, outcome === 'incomplete' || outcome === 'reset');
  return outcome;
}

function outcomeOf(vector: Vector, ended: boolean, faults: readonly string[]): Outcome {
  if (ended) return 'reset';
  if (isIncomplete(vector)) return 'incomplete';
  if (faults.some((fault) => fault.endsWith('treat-as-withdraw'))) return 'treat-as-withdraw';
  return faults.length > 0 ? 'discard' : 'ok';
}

/** One NOTIFICATION: as the structure of the message has it, or as listed by name. */
function checkNotification(vector: Vector, notifications: readonly string[]): void {
  const structural = structuralError(vector.hex);
  const wanted = structural ?? IDLE_ATTRIBUTE_ERRORS.get(vector.name);
  const said = notifications.map((one) => {
    const [code, subcode] = [one.slice(38, 40), one.slice(40, 42)].map((two) => parseInt(two, 16));
    const data = structural === undefined ? '' : one.slice(42);
    return `${code}/${subcode} ${data}`.trim();
  });
  mustBe('NOTIFICATION', said, [wanted ?? 'one that is named']);
}

/** What may come of `vector` without being named as a difference. */
function mayBe(vector: Vector, type: PeerType): readonly Outcome[] {
  if (isIncomplete(vector)) return ['incomplete', 'reset'];
  const expected = expectedOf(vector);
  if (expected !== undefined) return expected.outcomes;
  if (structuralError(vector.hex) !== undefined) return ['reset'];
  const { outcome, only = type } = JUDGEMENTS.get(vector.name) ?? {};
  return outcome === undefined || only !== type ? ['ok', 'discard'] : [outcome];
}

describeWith(['test-data'], 'public UPDATEs in a live session', () => {
  const differing = new Set<string>();
  const seen = new Set<string>();

  for (const file of VECTOR_FILES) {
    it(`${file}: each ends as its source or a clause says, and the peers are told so`, () => {
      const problems: string[] = [];
      let count = 0;
      for (const vector of readVectors(file)) {
        if (typeOf(vector) !== 2) continue;
        seen.add(vector.name);
        const { peerType } = vector.options;
        for (const type of peerType === undefined ? (['ebgp', 'ibgp'] as const) : [peerType]) {
          count++;
          try {
            const outcome = run(vector, type);
            if (mayBe(vector, type).includes(outcome)) continue;
            differing.add(vector.name);
            const named = DIFFERENCES.get(vector.name) ?? SESSION_DIFFERENCES.get(vector.name);
            mustBe('outcome', [outcome], [named?.outcome ?? mayBe(vector, type).join(' or ')]);
          } catch (error) {
            stages.clear();
            problems.push(`${vector.name} (${type}): ${(error as Error).message}`);
          }
        }
      }
      expect(problems).toEqual([]);
      expect(count).toBeGreaterThan(75);
    });
  }

  it('every difference, judgement and NOTIFICATION that is named is still one', () => {
    const isUpdate = (name: string): boolean => seen.has(name);
    expect(
      [...DIFFERENCES.keys()].filter((name) => isUpdate(name) && !differing.has(name)),
    ).toEqual([]);
    const stale = [...SESSION_DIFFERENCES.keys()].filter((name) => !differing.has(name));
    expect(stale).toEqual(['frr-cap-MP3-L131']); // an OPEN: see vectors-session.test.ts
    expect(
      [...JUDGEMENTS.keys(), ...IDLE_ATTRIBUTE_ERRORS.keys()].filter((name) => !seen.has(name)),
    ).toEqual([]);
  });
});
