/** `test/fixtures/interop/results.json`: what the last recorded run of the matrix has shown; text, a cell a line. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../../../tools/cache-dir.ts';
import { FILE, type MatrixResults } from '../../../tools/interop/results.ts';

const PATH = join(REPOSITORY, FILE);

export function readRecorded(): MatrixResults {
  return JSON.parse(readFileSync(PATH, 'utf8')) as MatrixResults;
}

export function writeRecorded(results: MatrixResults): void {
  writeFileSync(PATH, `${JSON.stringify(results, undefined, 2)}\n`);
}
