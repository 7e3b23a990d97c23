/** What people and programs are shown, whatever a peer said: keeps to its line, steers nothing, and reads back. */

import { Finding } from './action.ts';

/**
 * Whatever could end a line, steer a terminal or change the order in which text is seen: C0 and C1 controls, DEL,
 * separators of lines and paragraphs, bidirectional and other format characters, surrogates, private and unassigned ones.
 */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** A comment, or a sample with its labels (Prometheus' text format). */
const METRICS_LINE =
  /^(#.*|[a-z_]\w*(\{[a-z_]\w*="([^"\\]|\\[\\n"])*"(,[a-z_]\w*="([^"\\]|\\[\\n"])*")*\})? [-+\d.eInfNa]+)$/;

export function checkText(text: string): void {
  if (UNPRINTABLE.test(text)) throw new Finding(`Unprintable text: ${JSON.stringify(text)}`);
}

/** Lines, each ended, and nothing but text in them. */
export function checkLines(text: string, count?: number): void {
  const lines = text.split('\n');
  if (text !== '' && lines.pop() !== '') throw new Finding(`A line is not ended: ${text}`);
  for (const line of lines) checkText(line);
  if (count === undefined || lines.length === count) return;
  throw new Finding(`${lines.length} lines where ${count} is due: ${text}`);
}

/** Every string in it, names of fields too: as a program gets it, which may print it. */
export function checkValue(value: unknown): void {
  if (typeof value === 'string') return checkText(value);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    checkText(name);
    checkValue(part);
  }
}

export function checkMetrics(text: string): void {
  const bad = text.split('\n').find((line) => line !== '' && !METRICS_LINE.test(line));
  if (bad !== undefined) throw new Finding(`Not a line of metrics: ${JSON.stringify(bad)}`);
  checkLines(text);
}
