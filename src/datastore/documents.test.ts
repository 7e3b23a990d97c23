import { describe, expect, it } from 'vitest';
import { formatPath, type Path, parsePath } from './documents.ts';

describe('a path inside a document', () => {
  const cases: readonly [Path, string][] = [
    [[], ''],
    [['spec', 'peerIP'], 'spec.peerIP'],
    [['spec', 'exportV4', 2, 'cidr'], 'spec.exportV4[2].cidr'],
    [['metadata', 'labels', 'a.b/c'], 'metadata.labels["a.b/c"]'],
  ];
  for (const [path, text] of cases) {
    it(`is written ${text === '' ? '(empty)' : text} and read back`, () => {
      expect(formatPath(path)).toBe(text);
      expect(parsePath(text)).toEqual(path);
    });
  }
});
