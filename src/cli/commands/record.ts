/** `godwit record start`, `stop`, `status`: every input of the core into a file that `godwitd --replay` takes. */

import { command, JSON_FLAG } from '../command.ts';

export const recordStart = command({
  path: ['record', 'start'],
  summary: 'Write every input to record.file from now on',
  options: {},
  examples: ['record start'],
  exitCodes: { 0: 'it runs' },
  async run({ api, out }) {
    await api().command('startRecording', {});
    const { file } = await api().getRecording();
    out.line(`Recording to ${file}`);
    out.line(TO_BE_READ);
    return undefined;
  },
});

export const recordStop = command({
  path: ['record', 'stop'],
  summary: 'End the recording and wait until all of it is written',
  options: {},
  examples: ['record stop'],
  exitCodes: { 0: 'it has ended' },
  async run({ api, out }) {
    await api().command('stopRecording', {});
    const { file, lines, octets } = await api().getRecording();
    out.line(`${lines} steps in ${file}, ${octets} octets`);
    return undefined;
  },
});

export const recordStatus = command({
  path: ['record', 'status'],
  summary: 'Show whether inputs are being recorded, and where to',
  options: { json: JSON_FLAG },
  examples: ['record status', 'record status --json'],
  exitCodes: { 0: 'shown' },
  async run({ api, options, out }) {
    const recording = await api().getRecording();
    if (options.json) {
      out.json(recording);
      return undefined;
    }
    const { active, replayable, lost, ended } = recording;
    out.facts([
      ['Recording', active ? 'runs' : ended === '' ? 'none so far' : `ended: ${ended}`],
      ['File', recording.file],
      ['Written', `${recording.lines} steps, ${recording.octets} octets`],
      ['Lost', lost === 0 ? undefined : `${lost} steps that could not be written in time`],
      ['Replay', active && !replayable ? TO_BE_READ : undefined],
    ]);
    return undefined;
  },
});

const TO_BE_READ =
  'It begins in the midst of a run and can only be read; to replay one, set record.enabled and restart';
