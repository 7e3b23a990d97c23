/**
 * Recordings of real daemons once more through the core: it gives what it gave, step by step. Beside each NAME.jsonl
 * stands NAME.effects.jsonl, a line a step, so that a difference can be read.
 *
 * What is meant to be another answer is taken over by `UPDATE_GOLDEN=1 npx vitest run test/recordings.test.ts`, and
 * read in the diff. A new recording: `test/system/recording.test.ts` writes one when UPDATE_GOLDEN is set.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseLine, type RecordingHeader } from '../src/recorder/lines.ts';
import { RecordedSpeaker } from '../src/recorder/recorded-speaker.ts';
import { Replay } from '../src/recorder/replay.ts';
import { encodeValue } from '../src/recorder/values.ts';
import { Speaker } from '../src/speaker/speaker.ts';

const FOLDER = join(import.meta.dirname, 'fixtures/recordings');
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';
const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.jsonl') && !name.endsWith('.effects.jsonl'))
  .map((name) => name.slice(0, -'.jsonl'.length));

/** The inputs of a recording as this core answers them now. */
function recordAgain(lines: readonly string[]): string[] {
  const all: string[] = [];
  let recorder: RecordedSpeaker | undefined;
  for (const text of lines) {
    const line = parseLine(text);
    if (typeof line === 'string') throw new Error(line);
    if ('input' in line) recorder?.step(line.input, line.at);
    else if ('poll' in line) recorder?.pollTransmit(line.poll, line.budget);
    else all.push(text);
    if (!('godwit' in line)) continue;
    const { options } = line as RecordingHeader;
    recorder = new RecordedSpeaker(new Speaker(options!), {
      hasRoom: true,
      write: (again) => all.push(again),
    });
  }
  return all;
}

/** One line a step or poll. */
function effectsOf(lines: readonly string[]): { effects: string[]; differing: string[] } {
  const replay = new Replay();
  const effects: string[] = [];
  const differing: string[] = [];
  for (const text of lines) {
    const replayed = replay.feed(text);
    const { line } = replay;
    if ('differs' in replayed) differing.push(`line ${line}: ${replayed.differs}`);
    if (replayed.kind === 'changed' || replayed.kind === 'stop') {
      differing.push(`line ${line}: ${replayed.kind}`);
    }
    if (replayed.kind === 'step') {
      const { type } = replayed.line.input;
      effects.push(encodeValue({ line, input: type, effects: replayed.effects }));
    }
    if (replayed.kind === 'poll') effects.push(encodeValue({ line, octets: replayed.line.octets }));
  }
  return { effects, differing };
}

describe.each(names)('the recording %s', (name) => {
  const path = join(FOLDER, `${name}.jsonl`);
  const golden = join(FOLDER, `${name}.effects.jsonl`);
  const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n');

  it('gives step by step what it gave', () => {
    if (UPDATE) {
      const again = recordAgain(linesOf(path));
      writeFileSync(path, `${again.join('\n')}\n`);
      writeFileSync(golden, `${effectsOf(again).effects.join('\n')}\n`);
    }
    const { effects, differing } = effectsOf(linesOf(path));
    expect(effects).toEqual(linesOf(golden));
    expect(differing).toEqual([]);
    expect(effects.length).toBeGreaterThan(20);
  });
});

it('there are recordings', () => {
  expect(names.length).toBeGreaterThan(0);
});
