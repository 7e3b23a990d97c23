/**
 * Every path attribute and every capability as `test/fixtures/wire` has it: each case, and by rule each valid one cut at
 * every octet, twice, out of order, with wrong flags, and from the peers that may not send it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../tools/cache-dir.ts';
import { decodeAttributes, encodeAttributes, formatAttributes } from './attributes/codec.ts';
import { attributeRow } from './attributes/table.ts';
import { CAPABILITY_ROWS, formatCapability } from './capabilities/table.ts';
import { AttributeType } from './iana.ts';
import { decodeOpen, encodeOpen, type OpenMessage } from './open.ts';
import { ProtocolError } from './protocol-error.ts';
import {
  type FixtureFile,
  type InvalidCase,
  isWholeAt,
  parseInvalid,
  parseValid,
  type ValidCase,
} from './testing/fixture-files.ts';
import { hex, judge, message } from './testing/fixtures.ts';
import { toHex } from './text.ts';
import type { UpdateContext } from './update.ts';

const ATTRIBUTES = 'test/fixtures/wire/attributes';
const CAPABILITIES = 'test/fixtures/wire/capabilities';

function names(folder: string): string[] {
  const files = readdirSync(join(REPOSITORY, folder));
  const valid = files.filter((file) => file.endsWith('.valid.txt'));
  expect(files.length).toBe(valid.length * 2);
  return valid.map((file) => file.replace('.valid.txt', ''));
}

function read<Case>(path: string, parse: (text: string) => FixtureFile<Case>): FixtureFile<Case> {
  return parse(readFileSync(join(REPOSITORY, path), 'utf8'));
}

/** An attribute on the wire; one that is cut short says more octets than it has. */
interface Piece {
  readonly type: number;
  readonly flags: number;
  readonly value: Uint8Array;
  readonly says?: number;
}

function pieceOctets({ type, flags, value, says = value.length }: Piece): number[] {
  const head = says > 255 ? [flags | 0x10, type, says >>> 8, says & 0xff] : [flags, type, says];
  return [...head, ...value];
}

interface Sender {
  readonly as2: boolean;
  readonly peerType: 'ebgp' | 'ibgp';
}

/** What must be there beside the attributes at hand, for one prefix at the end of the UPDATE or in MP_REACH_NLRI. */
function company(pieces: readonly Piece[], { as2 }: Sender): Piece[] {
  const has = (wanted: number): boolean => pieces.some(({ type }) => type === wanted);
  const path = has(17) ? '0203 fde9 5ba0 5ba0' : as2 ? '0201 fde9' : '0201 0000fde9';
  const all: Piece[] = [
    { type: 1, flags: 0x40, value: hex('00') },
    { type: 2, flags: 0x40, value: hex(path) },
    { type: 3, flags: 0x40, value: hex('0a000009') },
    ...(has(18) ? [{ type: 7, flags: 0xc0, value: hex('5ba0 0a000009') }] : []),
  ];
  return all.filter(({ type }) => !has(type) && !(type === 3 && has(14)));
}

interface Judged {
  /** `ok`, or the worst that a fault costs; `ignored` of capabilities. */
  readonly outcome: string;
  readonly subcodes: readonly number[];
  readonly canonical: Uint8Array;
}

function judgePieces(
  pieces: readonly Piece[],
  sender: Sender,
  order: 'as is' | 'backwards',
): Judged {
  const all = [...company(pieces, sender), ...pieces];
  const last = pieces.at(-1)!;
  // What exceeds the list must stand last; a prefix at the end of the message unless the NLRI are in MP_REACH_NLRI.
  const isCut = last.says !== undefined && last.says > last.value.length;
  if (order === 'backwards' && !isCut) all.reverse();
  const attributes = all.flatMap(pieceOctets);
  const nlri = all.some(({ type }) => type === 14) ? [] : [24, 192, 0, 2];
  const body = [0, 0, attributes.length >>> 8, attributes.length & 0xff, ...attributes, ...nlri];
  const context: UpdateContext = {
    as4: !sender.as2,
    peerType: sender.peerType,
    addPathReceive: { 'ipv4-unicast': false, 'ipv6-unicast': false },
    extendedNextHop: false,
  };
  try {
    const { action, faults, canonical } = judge(message(2, Uint8Array.from(body)), context);
    const subcodes = faults.map(({ subcode }) => subcode);
    if (action !== 'accept') return { outcome: action, subcodes, canonical };
    return { outcome: faults.length > 0 ? 'discard' : 'ok', subcodes, canonical };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const { subcode } = error.notification;
    return { outcome: 'session-reset', subcodes: [subcode], canonical: new Uint8Array(0) };
  }
}

const BOTH = ['ebgp', 'ibgp'] as const;

describe('the fixtures of path attributes', () => {
  const files = names(ATTRIBUTES);

  it('are there for every attribute of the table, each in the file of its code', () => {
    const rows = Array.from({ length: 256 }, (_, type) => attributeRow(type));
    const types = rows.flatMap((row) => (row === undefined ? [] : [row.type]));
    const found = files.map((name) => read(`${ATTRIBUTES}/${name}.valid.txt`, parseValid).code);
    expect(found.toSorted((a, b) => a - b)).toEqual(types);
    for (const name of files) {
      const { code } = read(`${ATTRIBUTES}/${name}.invalid.txt`, parseInvalid);
      expect(code).toBe(read(`${ATTRIBUTES}/${name}.valid.txt`, parseValid).code);
      const file = AttributeType[fileNameToKey(name) as keyof typeof AttributeType];
      expect(file, name).toBe(code);
    }
  });

  it.each(files)('%s: what is valid is read, kept and written as it is', (name) => {
    const file = read(`${ATTRIBUTES}/${name}.valid.txt`, parseValid);
    for (const one of file.cases) {
      for (const peerType of BOTH) {
        const sender = { as2: one.as2, peerType };
        const piece = { type: file.code, flags: file.flags, value: one.value };
        const straight = judgePieces([piece], sender, 'as is');
        const external = peerType === 'ebgp' ? file.rules.get('external') : undefined;
        expect(straight.outcome, one.line).toBe(external ?? 'ok');
        const backwards = judgePieces([piece], sender, 'backwards');
        expect(toHex(backwards.canonical), one.line).toBe(toHex(straight.canonical));
        if (external === undefined) checkKept(file, one, straight.canonical);
      }
    }
  });

  it.each(files)('%s: cut, repeated or flagged wrongly it costs what its file says', (name) => {
    const file = read(`${ATTRIBUTES}/${name}.valid.txt`, parseValid);
    const { code: type, flags, rules } = file;
    const wrong: string[] = [];
    for (const one of file.cases) {
      for (const peerType of BOTH) {
        const sender = { as2: one.as2, peerType };
        const external = peerType === 'ebgp' ? rules.get('external') : undefined;
        const must = (what: string, pieces: Piece[], should: string | undefined): void => {
          const is = judgePieces(pieces, sender, 'as is').outcome;
          if (is !== should) wrong.push(`${one.line} ${what}, ${peerType}: ${is}, not ${should}`);
        };
        const whole = { type, flags, value: one.value };
        for (let length = 0; length < one.value.length; length++) {
          const value = one.value.subarray(0, length);
          const cut = isWholeAt(file, one, length) ? 'ok' : rules.get('cut');
          must(`cut to ${length}`, [{ type, flags, value }], external ?? cut);
          const says = one.value.length;
          must(`in a list cut at ${length}`, [{ type, flags, value, says }], rules.get('list'));
        }
        must('twice', [whole, whole], rules.get('again'));
        for (const other of [flags ^ 0x40, flags ^ 0x80, flags ^ 0xc0]) {
          must(`flags ${other}`, [{ ...whole, flags: other }], rules.get('flags'));
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each(files)('%s: what is invalid costs what RFC 7606 says, with its subcode', (name) => {
    const file = read(`${ATTRIBUTES}/${name}.invalid.txt`, parseInvalid);
    for (const one of file.cases) {
      for (const peerType of one.peerType === undefined ? BOTH : [one.peerType]) {
        checkInvalid(file, one, { as2: one.as2, peerType });
      }
    }
  });

  it('those of 2-octet speakers are nothing to others (RFC 6793 §4.1)', () => {
    for (const name of files) {
      const file = read(`${ATTRIBUTES}/${name}.valid.txt`, parseValid);
      if (!file.rules.has('old')) continue;
      const invalid = read(`${ATTRIBUTES}/${name}.invalid.txt`, parseInvalid);
      for (const { value } of [...file.cases.slice(0, 1), ...invalid.cases.slice(0, 1)]) {
        const piece = { type: file.code, flags: file.flags, value };
        const { canonical } = judgePieces([piece], { as2: false, peerType: 'ebgp' }, 'as is');
        expect(formatAttributes(decodeAttributes(canonical)).join()).not.toMatch(/4200000|AGGREG/);
      }
    }
  });
});

function checkKept(file: FixtureFile<ValidCase>, one: ValidCase, canonical: Uint8Array): void {
  const attributes = decodeAttributes(canonical);
  const family = file.code === 14 ? 'ipv6-unicast' : 'ipv4-unicast';
  expect(toHex(encodeAttributes(attributes, family)), one.line).toBe(toHex(canonical));
  const shownAs = SHOWN_AS[file.code] ?? attributeRow(file.code)!.name;
  const shown = formatAttributes(attributes).find((line) => `${line} `.startsWith(`${shownAs} `));
  if (file.rules.has('dropped') && !file.rules.has('old')) expect(shown, one.line).toBeUndefined();
  else expect(shown?.slice(shownAs.length).trim(), one.line).toBe(one.text);
  if (one.as2 || file.rules.has('dropped') || file.code === 14) return;
  const octets = pieceOctets({ type: file.code, flags: file.flags, value: one.value });
  const isSame = toHex(canonical).includes(toHex(Uint8Array.from(octets)));
  expect(isSame, `${one.line} stands in the canonical octets`).toBe(true);
}

/** Under which name it is shown where that is not its own. */
const SHOWN_AS: Readonly<Record<number, string>> = {
  14: 'NEXT_HOP',
  17: 'AS_PATH',
  18: 'AGGREGATOR',
};

function checkInvalid(file: FixtureFile<InvalidCase>, one: InvalidCase, sender: Sender): void {
  const piece = { type: file.code, flags: one.flags, value: one.value };
  const { outcome, subcodes } = judgePieces([piece], sender, 'as is');
  expect(`${outcome} ${subcodes[0]}`, `${one.line} from ${sender.peerType}`).toBe(
    `${one.outcome} ${one.subcode}`,
  );
}

describe('the fixtures of capabilities', () => {
  const files = names(CAPABILITIES);

  it('are there for every capability of the table', () => {
    const codes = CAPABILITY_ROWS.map(({ code }): number => code);
    const found = files.map((name) => read(`${CAPABILITIES}/${name}.valid.txt`, parseValid).code);
    expect(found.toSorted((a, b) => a - b)).toEqual(codes.toSorted((a, b) => a - b));
    for (const name of files) {
      const { code } = read(`${CAPABILITIES}/${name}.invalid.txt`, parseInvalid);
      expect(code).toBe(read(`${CAPABILITIES}/${name}.valid.txt`, parseValid).code);
    }
  });

  it.each(files)(
    '%s: what is valid is read and written as it is, in any order and number',
    (name) => {
      const file = read(`${CAPABILITIES}/${name}.valid.txt`, parseValid);
      for (const one of file.cases) {
        const capability = [file.code, one.value.length, ...one.value];
        const open = openWith(capability);
        const other = [200, 1, 7];
        const texts = [one.text, 'capability 200 07'];
        expect(formatted(open), one.line).toEqual([one.text]);
        expect(formatted(openWith([...capability, ...other])), one.line).toEqual(texts);
        expect(formatted(openWith([...other, ...capability])), one.line).toEqual(
          texts.toReversed(),
        );
        // RFC 5492 §4: more than one of a code is not an error.
        expect(formatted(openWith([...capability, ...capability])), one.line).toEqual([
          one.text,
          one.text,
        ]);
        const again = decodeOpen(encodeOpen(decodeOpen(open)));
        expect(again, one.line).toEqual(decodeOpen(open));
      }
    },
  );

  it.each(files)('%s: cut at any octet it is ignored, or whole where its file says so', (name) => {
    const file = read(`${CAPABILITIES}/${name}.valid.txt`, parseValid);
    const wrong: string[] = [];
    for (const one of file.cases) {
      const must = (what: string, octets: number[], should: string): void => {
        const is = outcomeOf(octets);
        if (is !== should) wrong.push(`${one.line} ${what}: ${is}, not ${should}`);
      };
      for (let length = 0; length < one.value.length; length++) {
        const value = one.value.subarray(0, length);
        const expected = isWholeAt(file, one, length) ? 'ok' : 'ignored';
        must(`cut to ${length}`, [file.code, length, ...value], expected);
        // RFC 4271 §6.2: one that exceeds its parameter leaves no next one to be found.
        const beyond = [file.code, one.value.length, ...value];
        must(`in a parameter cut at ${length}`, beyond, 'reset');
      }
    }
    expect(wrong).toEqual([]);
  });

  it.each(files)(
    '%s: what is invalid costs nothing but itself, unless its file says so',
    (name) => {
      const file = read(`${CAPABILITIES}/${name}.invalid.txt`, parseInvalid);
      for (const { line, value, outcome } of file.cases) {
        expect(outcomeOf([file.code, value.length, ...value]), line).toBe(outcome);
      }
    },
  );
});

/** One Capabilities parameter with these octets, in the form of RFC 9072 where it needs to be. */
function openWith(capabilities: readonly number[]): Uint8Array {
  const fixed = hex('04 fde9 005a 0a000002');
  const { length } = capabilities;
  const head =
    length + 2 > 255
      ? [255, 255, (length + 3) >>> 8, (length + 3) & 0xff, 2, length >>> 8, length & 0xff]
      : [length + 2, 2, length];
  return message(1, Uint8Array.from([...fixed, ...head, ...capabilities]));
}

function formatted(open: Uint8Array): string[] {
  return (decodeOpen(open) as OpenMessage).capabilities.map(formatCapability);
}

function outcomeOf(capabilities: readonly number[]): string {
  try {
    const [one] = decodeOpen(openWith(capabilities)).capabilities;
    return one!.kind === 'unknown' && one!.reason !== undefined ? 'ignored' : 'ok';
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return 'reset';
  }
}

/** `multi-exit-disc` → `MultiExitDisc`. */
function fileNameToKey(name: string): string {
  return name.replace(/(^|-)([a-z0-9])/g, (_all, _dash, letter: string) => letter.toUpperCase());
}
