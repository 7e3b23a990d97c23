/**
 * The log: pino, JSON on a pipe and readable lines on a terminal. Every line of routing is an event with fields.
 *
 * Secrets never reach it: events carry none, and nothing else of the configuration is logged.
 */

import { writeSync } from 'node:fs';
import pino, { type DestinationStream, type Logger } from 'pino';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
export type Log = Logger;

export interface LogOptions {
  readonly level: LogLevel;
  /** `auto`: pretty on a terminal, JSON elsewhere. */
  readonly format: 'auto' | 'json' | 'pretty';
  readonly node: string;
}

const STDERR = 2;

export function openLog({ level, format, node }: LogOptions): Log {
  const readable = format === 'pretty' || (format === 'auto' && process.stderr.isTTY === true);
  const settings = { level, base: { node }, timestamp: pino.stdTimeFunctions.isoTime };
  return pino(settings, readable ? READABLE : pino.destination({ dest: STDERR, sync: true }));
}

/** Synchronous, so that the last words before an exit are not lost. */
const READABLE: DestinationStream = {
  write: (line) => void writeSync(STDERR, readableLine(line)),
};

/**
 * `02:44:31.120 WARN  Session Mesh_10_0_0_2 …`: time of day (UTC), level, sentence. The fields stay in the JSON form:
 * every sentence of ours says them already. Text that is no log line is passed through.
 */
export function readableLine(line: string): string {
  let entry: { time?: unknown; level?: unknown; msg?: unknown; event?: unknown };
  try {
    entry = JSON.parse(line) as typeof entry;
  } catch {
    return line;
  }
  const { time, level, msg, event } = entry;
  const clock = typeof time === 'string' ? time.slice(11, 23) : '';
  const name = pino.levels.labels[Number(level)] ?? 'log';
  const text = typeof msg === 'string' ? msg : String(event ?? '');
  return `${clock} ${name.toUpperCase().padEnd(5)} ${text}\n`;
}
