/**
 * The log: pino, JSON on a pipe and readable lines on a terminal. Every line of routing is an event with fields.
 *
 * Secrets never reach it: events carry none, and nothing else of the configuration is logged.
 */

import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
export type Log = Logger;

export interface LogOptions {
  readonly level: LogLevel;
  /** `auto`: pretty on a terminal, JSON elsewhere. */
  readonly format: 'auto' | 'json' | 'pretty';
  readonly node: string;
}

export function openLog({ level, format, node }: LogOptions): Log {
  const readable = format === 'pretty' || (format === 'auto' && process.stderr.isTTY === true);
  const base = { node };
  const settings = { level, base, timestamp: pino.stdTimeFunctions.isoTime };
  if (!readable) return pino(settings, pino.destination({ dest: 2, sync: true }));
  return pino(
    settings,
    pretty({
      destination: 2,
      sync: true,
      colorize: process.stderr.isTTY === true,
      ignore: 'pid,hostname,node',
      translateTime: 'SYS:HH:MM:ss.l',
      singleLine: true,
    }),
  );
}
