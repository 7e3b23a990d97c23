/** Every citation of an RFC in the tree: of the sources from their comments, of the tests from all of their text. */

import { REPOSITORY } from './cache-dir.ts';
import { type Citation, citationsIn, citationsInText } from './citations.ts';
import { isTest } from './tidy/imports.ts';
import { readSource } from './tidy/source.ts';
import { readTree } from './tidy/tree.ts';

export function citationsOfTree(): { sources: Citation[]; tests: Citation[] } {
  const sources: Citation[] = [];
  const tests: Citation[] = [];
  for (const { path, text } of readTree(REPOSITORY)) {
    if (text === undefined || !/^(src|test)\/.*\.ts$/.test(path)) continue;
    // In a test the titles cite, and they are strings: the whole text counts.
    if (isTest(path)) tests.push(...citationsInText(text, path));
    else if (path.startsWith('src/')) sources.push(...citationsIn(readSource(path, text)));
  }
  return { sources, tests };
}
