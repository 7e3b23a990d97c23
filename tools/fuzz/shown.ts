/** What people and programs are shown, whatever a peer said: keeps to its line, and reads back. */

import { Finding } from './action.ts';

/** Whatever could end a line or steer a terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** A comment, or a sample with its labels (Prometheus' text format). */
const METRICS_LINE =
  /^(#.*|[a-z_]\w*(\{[a-z_]\w*="([^"\\]|\\[\\n"])*"(,[a-z_]\w*="([^"\\]|\\[\\n"])*")*\})? [-+\d.eInfNa]+)$/;

export function checkText(text: string): void {
  if (UNPRINTABLE.test(text)) throw new Finding(`Unprintable text: ${JSON.stringify(text)}`);
}

export function checkJson(value: object): void {
  const text = JSON.stringify(value);
  checkText(text);
  JSON.parse(text);
}

export function checkMetrics(text: string): void {
  const bad = text.split('\n').find((line) => line !== '' && !METRICS_LINE.test(line));
  if (bad !== undefined) throw new Finding(`Not a line of metrics: ${JSON.stringify(bad)}`);
}
