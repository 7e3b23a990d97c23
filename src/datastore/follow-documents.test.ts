import fc from 'fast-check';
import { expect, it } from 'vitest';
import { plainDocument } from './documents.ts';
import { followed } from './follow-documents.ts';

const POOL = Array.from({ length: 12 }, (_, i) =>
  plainDocument(i % 2 === 0 ? 'a.yaml' : 'b.yaml', { i }),
);

it('finds every document that is in both, each once, and names the rest', () => {
  const anyList = fc.shuffledSubarray(POOL);
  fc.assert(
    fc.property(anyList, anyList, (before, now) => {
      const { places, gone } = followed(before, now);
      for (const [index, document] of now.entries()) {
        expect(places[index]).toBe(before.indexOf(document));
      }
      expect(gone.map((at) => before[at])).toEqual(before.filter((one) => !now.includes(one)));
    }),
  );
});

it('takes a value that is read again for the same document, and no scalar', () => {
  const [one, scalar] = [plainDocument('a.yaml', {}), plainDocument('a.yaml', 7)];
  const again = [one, scalar].map((document) => ({ ...document }));
  expect([...followed([one, scalar], again).places]).toEqual([0, -1]);
  expect([...followed([one], [{ ...one, file: 'b.yaml' }]).places]).toEqual([-1]);
});

it('gives a value that stands twice one place each', () => {
  const one = plainDocument('a.yaml', {});
  const { places, gone } = followed([one], [{ ...one }, { ...one }]);
  expect([...places]).toEqual([0, -1]);
  expect(gone).toEqual([]);
});
