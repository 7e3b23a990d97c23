/** Settling by what changed gives what settling from scratch gives, whatever the files went through. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { resource } from '../../test/support/resources.ts';
import { runs } from '../../test/support/runs.ts';
import { type BrokenFile, plainDocument, type RawDocument } from './documents.ts';
import { NO_LAST_GOOD, settle } from './last-good.ts';
import { SettleMemo } from './settle-memo.ts';

const FILES = ['a.yaml', 'b.yaml', 'c.yaml'] as const;
const pick = fc.constantFrom;

const pool = (name: string, cidr: string): unknown => resource('IPPool', name, { cidr });
const anyValue = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({ name: pick('p', 'q', 'r'), cidr: pick('10.1.0.0/16', '10.2.0.0/16', 'no', '10.3') })
      .map(({ name, cidr }) => pool(name, cidr)),
  },
  pick('s', 'p').map((name) => ({ ...(pool(name, '10.1.0.0/16') as object), extra: 1 })),
  pick(1, 2).map((n) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: `n${n}` },
    stringData: { k: 'v' },
  })),
  pick<unknown>(
    'text',
    { kind: 'IPPool', metadata: {} },
    { apiVersion: 'projectcalico.org/v3', kind: 'Profile', metadata: { name: 'x' }, spec: {} },
    { kind: 'IPPoolList', items: [pool('p', '10.4.0.0/16'), pool('q', 'no')] },
  ).map((value) => structuredClone(value)),
);

/** What happens to the documents, which stand in their files in this order. */
const anyStep = fc.oneof(
  fc.record({ do: fc.constant('put' as const), at: fc.nat(9), file: pick(...FILES), v: anyValue }),
  fc.record({
    do: fc.constant('insert' as const),
    at: fc.nat(9),
    file: pick(...FILES),
    v: anyValue,
  }),
  fc.record({ do: pick('delete', 'move', 'reread', 'toFront', 'copy'), at: fc.nat(9) }),
  fc.record({ do: fc.constant('break' as const), files: fc.subarray([...FILES]) }),
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

const anyHistory = fc.array(
  fc.record({ steps: fc.array(anyStep, { minLength: 1, maxLength: 4 }), kept: fc.boolean() }),
  { maxLength: 12 },
);

function placed(file: string, value: unknown, line: number): RawDocument {
  return { ...plainDocument(file, value), positionOf: () => ({ line, column: 1 }) };
}

class Files {
  documents: RawDocument[] = [];
  #broken: readonly string[] = [];
  #line = 1;

  change(step: Step): void {
    if (step.do === 'break') {
      this.#broken = step.files;
      return;
    }
    const at = this.documents.length === 0 ? 0 : step.at % this.documents.length;
    const one = this.documents[at];
    if (step.do === 'put') this.documents[at] = placed(step.file, step.v, this.#line++);
    if (step.do === 'insert') this.documents.splice(at, 0, placed(step.file, step.v, this.#line++));
    if (one === undefined) return;
    if (step.do === 'delete') this.documents.splice(at, 1);
    if (step.do === 'move') this.documents[at] = placed('c.yaml', one.value, this.#line++);
    if (step.do === 'reread') this.documents[at] = placed(one.file, one.value, this.#line++);
    if (step.do === 'copy') this.documents.push(placed(one.file, one.value, this.#line++));
    if (step.do === 'toFront') this.documents.unshift(...this.documents.splice(at, 1));
  }

  snapshot(): { documents: RawDocument[]; broken: BrokenFile[] } {
    const documents = this.documents.filter(({ file }) => !this.#broken.includes(file));
    const broken = this.#broken.map((file): BrokenFile => {
      const message = 'Not YAML';
      const error = { kind: 'ConfigError', severity: 'error', code: 'Syntax', message } as const;
      return { file, error };
    });
    return { documents, broken };
  }
}

it('gives after any history of files what the last good versions and the last files give', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const memo = new SettleMemo();
      const files = new Files();
      let previous = NO_LAST_GOOD;
      for (const { steps, kept } of history) {
        for (const step of steps) files.change(step);
        const now = settle(previous, files.snapshot(), memo);
        const anew = settle(previous, files.snapshot());
        expect(now.lastGood).toEqual(anew.lastGood);
        expect(now.statuses).toEqual(anew.statuses);
        expect(now.problems).toEqual(anew.problems);
        expect(now.resources).toEqual(anew.resources);
        for (const key of anew.lastGood.resources.map((good) => good.key)) {
          const problem = {
            kind: 'ConfigError',
            severity: 'error',
            code: 'X',
            message: '',
          } as const;
          const found = now.locate({ ...problem, resource: key });
          expect(found).toEqual(anew.locate({ ...problem, resource: key }));
        }
        // The same again changes nothing, not even the objects.
        const again = settle(previous, files.snapshot(), memo);
        expect(again.resources).toBe(now.resources);
        expect(again.lastGood).toBe(now.lastGood);
        // What is held, or gives no plan, is not good yet.
        if (kept) previous = now.lastGood;
      }
    }),
    runs(1000),
  );
});
