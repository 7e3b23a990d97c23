/** The kernel's TCP-MD5 counters of this network namespace: /proc/net/netstat, a line of names and a line of values. */

import { readFileSync } from 'node:fs';

export interface Md5Counters {
  readonly notFound: number;
  readonly unexpected: number;
  readonly failure: number;
}

/** @returns undefined where /proc does not say. */
export function readMd5Counters(): Md5Counters | undefined {
  let text: string;
  try {
    text = readFileSync('/proc/self/net/netstat', 'latin1');
  } catch {
    return undefined; // no /proc: nothing to help with, and nothing that depends on it
  }
  return parseMd5Counters(text);
}

export function parseMd5Counters(text: string): Md5Counters | undefined {
  const [names, values] = text
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  const counter = (name: string): number | undefined => {
    const at = names?.indexOf(name) ?? -1;
    const value = at < 0 ? Number.NaN : Number(values?.[at]);
    return Number.isFinite(value) ? value : undefined;
  };
  const notFound = counter('TCPMD5NotFound');
  const unexpected = counter('TCPMD5Unexpected');
  const failure = counter('TCPMD5Failure');
  if (notFound === undefined || unexpected === undefined || failure === undefined) return undefined;
  return { notFound, unexpected, failure };
}
