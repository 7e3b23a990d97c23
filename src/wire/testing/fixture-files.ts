/**
 * Reads `test/fixtures/wire`: attributes and capabilities as text for any language. `README.md` there has the form.
 */

import { hex } from './fixtures.ts';

/** A case that is well-formed. */
export interface ValidCase {
  readonly line: string;
  /** AS numbers have two octets. */
  readonly as2: boolean;
  readonly value: Uint8Array;
  /** What it says, as the codec shows it. */
  readonly text: string;
  /** Lengths to which the value can be cut and is well-formed still, beside those of `step`. */
  readonly wholeAt: readonly number[];
}

export interface InvalidCase {
  readonly line: string;
  readonly as2: boolean;
  /** From such a peer only; from both when absent. */
  readonly peerType: 'ebgp' | 'ibgp' | undefined;
  readonly flags: number;
  readonly value: Uint8Array;
  readonly outcome: string;
  /** Of the NOTIFICATION that it would have been; absent for capabilities. */
  readonly subcode: number | undefined;
}

export interface FixtureFile<Case> {
  /** Attribute Type or Capability Code. */
  readonly code: number;
  readonly flags: number;
  /** Every other word in front of the cases, with what follows it. */
  readonly rules: ReadonlyMap<string, string>;
  readonly cases: readonly Case[];
}

export function parseValid(text: string): FixtureFile<ValidCase> {
  return parse(text, '=', (line, head, tail) => {
    const [said = '', whole = ''] = tail.split('| whole at ');
    const { as2, value } = parseHead(line, head);
    const wholeAt = whole === '' ? [] : whole.split(',').map(Number);
    return { line, as2, value, text: said.trim(), wholeAt };
  });
}

export function parseInvalid(text: string): FixtureFile<InvalidCase> {
  return parse(text, '->', (line, head, tail, flags) => {
    const [outcome = '', subcode] = tail.trim().split(/\s+/);
    const { as2, peerType, value, ...given } = parseHead(line, head);
    return {
      line,
      as2,
      peerType,
      flags: given.flags ?? flags,
      value,
      outcome,
      subcode: subcode === undefined ? undefined : Number(subcode),
    };
  });
}

/** Whether a value cut to `length` octets is well-formed again. */
export function isWholeAt(file: FixtureFile<ValidCase>, one: ValidCase, length: number): boolean {
  if (one.wholeAt.includes(length)) return true;
  if (length === 0) return file.rules.has('empty');
  const [step = 0, after = 0] = (file.rules.get('step') ?? '0 0').split(' after ').map(Number);
  return step > 0 && length >= after && (length - after) % step === 0;
}

function parse<Case>(
  text: string,
  separator: string,
  read: (line: string, head: string, tail: string, flags: number) => Case,
): FixtureFile<Case> {
  let code = -1;
  let flags = 0;
  const rules = new Map<string, string>();
  const cases: Case[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.replace(/(^|\s)#.*/, '').trim();
    if (line === '') continue;
    const at = `${line} `.indexOf(` ${separator} `);
    if (at >= 0) {
      cases.push(read(line, line.slice(0, at), line.slice(at + separator.length + 2), flags));
      continue;
    }
    const [word = '', ...rest] = line.split(/\s+/);
    if (word === 'attribute' || word === 'capability') {
      code = Number(rest[0]);
      flags = Number.parseInt(rest[2] ?? '0', 16);
    } else rules.set(word, rest.join(' '));
  }
  if (code < 0 || cases.length === 0) throw new Error(`No code or no cases in:\n${text}`);
  return { code, flags, rules, cases };
}

/** `as2 ebgp flags c0 0001 (ff)x3`: words, then hexadecimal, of which a part in parentheses is repeated. */
function parseHead(line: string, head: string) {
  const words = head.trim().split(/\s+/);
  let as2 = false;
  let peerType: 'ebgp' | 'ibgp' | undefined;
  let flags: number | undefined;
  let octets = '';
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const times = /^\(([0-9a-f]+)\)x(\d+)$/.exec(word);
    if (word === 'as2') as2 = true;
    else if (word === 'ebgp' || word === 'ibgp') peerType = word;
    else if (word === 'flags') flags = Number.parseInt(words[++i]!, 16);
    else if (times !== null) octets += times[1]!.repeat(Number(times[2]));
    else if (/^[0-9a-f]+$/.test(word)) octets += word;
    else if (word !== 'empty') throw new Error(`What is ${word} in: ${line}`);
  }
  return { as2, peerType, flags, value: hex(octets) };
}
