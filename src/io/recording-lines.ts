/** The lines of a recording, its older parts (FILE.3 … FILE.1) in front, with the place of each. */

import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { RECORDING_PARTS } from './recording-file.ts';

export interface PlacedLine {
  readonly text: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/**
 * Parts of earlier runs stand behind the same names; they are left out.
 *
 * @param runOf  What tells parts of one recording from others: of a header line, undefined for any other line.
 */
export async function* recordingLines(
  path: string,
  runOf: (header: string) => string | undefined,
): AsyncGenerator<PlacedLine> {
  const run = await firstOf(path, runOf);
  for (let older = RECORDING_PARTS - 1; older > 0; older--) {
    const part = `${path}.${older}`;
    if (!existsSync(part) || run === undefined) continue;
    if ((await firstOf(part, runOf)) === run) yield* linesOf(part);
  }
  yield* linesOf(path);
}

async function firstOf(
  path: string,
  runOf: (header: string) => string | undefined,
): Promise<string | undefined> {
  for await (const { text } of linesOf(path)) return runOf(text);
  return undefined;
}

async function* linesOf(file: string): AsyncGenerator<PlacedLine> {
  const input = createReadStream(file);
  try {
    let line = 0;
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      line++;
      yield { text, file, line };
    }
  } finally {
    input.destroy();
  }
}
