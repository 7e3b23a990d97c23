/** What the fuzzer judges by: each oracle lets the good pass, and refuses what it is there for. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NlriField } from '../../src/wire/nlri.ts';
import { hex, MANDATORY, NLRI, update } from '../../src/wire/testing/fixtures.ts';
import { safeText } from '../../src/wire/text.ts';
import type { Action } from './action.ts';
import { decodeCase } from './action.ts';
import { optionsFrom } from './options.ts';
import { checkLines, checkMetrics, checkText, checkValue } from './shown.ts';
import { Stream } from './stream.ts';
import { firstVariants, Tables } from './tables.ts';
import { TablesModel } from './tables-model.ts';
import { UNSAFE_TEXTS } from './unsafe-texts.ts';

const UPDATE = update({ attributes: MANDATORY, nlri: NLRI });

describe('a stream', () => {
  it('delivers all octets in their order, however they are cut', () => {
    const stream = new Stream();
    const heard: number[] = [];
    const sent: number[] = [];
    const ways = [
      { cut: 0 },
      { cut: 5 },
      { cut: 7, hold: true },
      { cut: -1 },
      { cut: 9, hold: true },
    ];
    for (const way of [...ways, ...ways, { cut: 0 }]) {
      const octets = Uint8Array.from({ length: 30 }, (_, i) => i + sent.length);
      sent.push(...octets);
      const action: Action = { op: 'message', peer: 0, octets, ...way };
      stream.deliver(action, (chunk) => heard.push(...chunk));
    }
    expect(heard).toEqual(sent.map((octet) => octet & 0xff));
    expect(stream.isEmpty).toBe(true);
  });
});

describe('what is shown', () => {
  it('has none of the texts that could act, and what is made of them is safe', () => {
    for (const octets of UNSAFE_TEXTS) {
      const text = new TextDecoder().decode(octets);
      const isActive = /[\p{C}\p{Zl}\p{Zp}]/u.test(text);
      if (isActive) {
        expect(() => checkText(text)).toThrow('Unprintable');
        expect(() => checkValue({ a: [{ b: text }] })).toThrow('Unprintable');
        expect(() => checkValue({ [text]: 1 })).toThrow('Unprintable');
      }
      checkText(safeText(octets));
    }
  });

  it('is whole lines, as many as are due', () => {
    checkLines('one\ntwo\n', 2);
    expect(() => checkLines('one\ntwo\n', 1)).toThrow('2 lines');
    expect(() => checkLines('one')).toThrow('not ended');
  });

  it('is metrics whose labels are quoted', () => {
    checkMetrics('# HELP a b\na{peer="x\\"y",b="\\\\"} 1\n');
    expect(() => checkMetrics('a{peer="x"y"} 1\n')).toThrow('Not a line of metrics');
  });
});

describe('the model', () => {
  const nlri = hex(NLRI);
  const field: NlriField = { start: 0, end: nlri.length, width: 32, addPath: false, count: 1 };
  const announced = { message: nlri, field, family: 'ipv4-unicast' } as const;

  function filled(): { tables: Tables; model: TablesModel } {
    const tables = new Tables(firstVariants());
    const model = new TablesModel();
    const set = tables.sets.intern(hex(MANDATORY));
    tables.resolveNew();
    tables.ribs['ipv4-unicast'].announce(1, { octets: nlri, start: 0, end: nlri.length }, set);
    tables.comeToRest();
    return { tables, model };
  }

  it('agrees with tables that were told the same', () => {
    const { tables, model } = filled();
    model.announce(0, announced, hex(MANDATORY));
    expect(() => model.compareWith(tables)).not.toThrow();
    model.markStale(0);
    expect(() => model.compareWith(tables)).not.toThrow();
  });

  it('disagrees with tables that hold what nobody says any more', () => {
    const { tables, model } = filled();
    expect(() => model.compareWith(tables)).toThrow('hold 1 ipv4-unicast paths, 0 are left');
    model.announce(0, announced, hex(MANDATORY));
    model.markStale(0);
    model.markStale(0); // RFC 4724 §4.2: what was stale already goes
    expect(() => model.compareWith(tables)).toThrow('0 are left');
  });

  it('disagrees with tables that tell others something else', () => {
    const { tables, model } = filled();
    model.announce(0, announced, hex(`${MANDATORY} c0 08 04 0000000a`));
    expect(() => model.compareWith(tables)).toThrow('attributes that are past');
  });
});

describe('the watchdog', () => {
  it('writes down the last message of a process that hangs, and ends it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'godwit-watchdog-'));
    try {
      const url = new URL('./watchdog.ts', import.meta.url).href;
      const octets = `Uint8Array.from([${UPDATE.join()}])`;
      const program = `import { Watchdog } from ${JSON.stringify(url)};
        const dog = new Watchdog({ folder: ${JSON.stringify(folder)}, seed: 7, patience: 300 });
        dog.message('speaker', 2, ${octets});
        setTimeout(() => { for (;;); }, 50);`;
      const args = ['--input-type=module', '-e', program];
      const { signal, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      expect(signal).toBe('SIGKILL');
      expect(stdout).toContain('FOUND in speaker');
      const [file] = readdirSync(folder);
      const { target, actions } = decodeCase(readFileSync(join(folder, file!), 'utf8'));
      expect(target).toBe('speaker');
      expect(actions[0]).toEqual({ op: 'message', peer: 2, octets: UPDATE, cut: 0 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the options', () => {
  it('are a minute of both targets unless said otherwise', () => {
    expect(optionsFrom([])).toMatchObject({ minutes: 1, seed: 1, target: undefined });
    const { minutes, messages } = optionsFrom(['--messages', '1e8']);
    expect({ minutes, messages }).toEqual({ minutes: Number.POSITIVE_INFINITY, messages: 1e8 });
  });

  it('that make no sense are refused with a sentence', () => {
    expect(() => optionsFrom(['--minutes', 'x'])).toThrow('write a number above 0');
    expect(() => optionsFrom(['--target', 'x'])).toThrow('it is one of tables, speaker');
  });
});
