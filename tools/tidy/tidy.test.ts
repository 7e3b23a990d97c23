/** Every rule of the structure check, on a snippet that breaks it and on one that keeps it. */

import { describe, expect, it } from 'vitest';
import { checkArchitecture } from './coverage.ts';
import { tidy } from './tidy.ts';

const OPENING = '/** A sentence that says what this file is, long enough to say something. */\n';
const ERRORS_ONLY = 'error';

/** The rules that a tree of `path → text` breaks, as `rule path:line`. */
function broken(tree: Record<string, string>): string[] {
  const files = Object.entries(tree).map(([path, text]) => ({ path, text }));
  return tidy(files)
    .filter(({ severity }) => severity === ERRORS_ONLY)
    .map(({ rule, file, line }) => `${rule} ${file}:${line}`);
}

/** One file, with the opening comment as line 1; rules of other concerns are left out. */
function rulesOf(path: string, body: string, more: Record<string, string> = {}): string[] {
  const other = new Set(['untested-file', 'orphan-export', 'opening-comment']);
  return broken({ [path]: OPENING + body, ...more }).filter(
    (one) => !other.has(one.split(' ')[0]!),
  );
}

const SHARED = `${OPENING}export const a = 1;\nexport type A = number;\n`;

describe('import ranks', () => {
  it.each([
    ['src/net/x.ts', '../wire/y.ts', 'src/wire/y.ts'],
    ['src/rib/x.ts', '../fsm/y.ts', 'src/fsm/y.ts'],
    ['src/api/x.ts', '../io/y.ts', 'src/io/y.ts'],
    ['src/wire/attributes/x.ts', '../../netlink/y.ts', 'src/netlink/y.ts'],
    ['src/speaker/x.ts', '../io/y.ts', 'src/io/y.ts'],
    ['src/base/x.ts', '../net/y.ts', 'src/net/y.ts'],
  ])('%s must not import %s', (path, specifier, target) => {
    const body = `import { a } from '${specifier}';\nuse(a);\n`;
    expect(rulesOf(path, body, { [target]: SHARED })).toEqual([`import-rank ${path}:2`]);
  });

  it.each([
    ['src/wire/x.ts', '../net/y.ts', 'src/net/y.ts'],
    ['src/wire/attributes/x.ts', '../y.ts', 'src/wire/y.ts'],
    ['src/datastore/x.ts', '../policy/y.ts', 'src/policy/y.ts'],
    ['src/daemon/x.ts', '../io/y.ts', 'src/io/y.ts'],
  ])('%s may import %s', (path, specifier, target) => {
    const body = `import { a } from '${specifier}';\nuse(a);\n`;
    expect(rulesOf(path, body, { [target]: SHARED })).toEqual([]);
  });

  it('counts types, re-exports, dynamic imports and import types as imports', () => {
    const upward = '../rib/y.ts';
    for (const body of [
      `import type { A } from '${upward}';\nexport type B = A;\n`,
      `export type B = import('${upward}').A;\n`,
      `const y = import('${upward}');\nuse(y);\n`,
    ]) {
      const rules = rulesOf('src/wire/x.ts', body, { 'src/rib/y.ts': SHARED });
      expect(rules).toEqual(['import-rank src/wire/x.ts:2']);
    }
  });

  it('lets tests of a folder import anything, and knows no folder without a rank', () => {
    const body = `import { a } from '../rib/y.ts';\nuse(a);\n`;
    expect(rulesOf('src/wire/x.test.ts', body, { 'src/rib/y.ts': SHARED })).toEqual([]);
    expect(rulesOf('src/misc/x.ts', body, { 'src/rib/y.ts': SHARED })).toEqual([
      'import-rank src/misc/x.ts:2',
    ]);
  });

  it('keeps what only tests use out of sources', () => {
    const body = "import { a } from './testing/y.ts';\nuse(a);\n";
    const helper = { 'src/rib/testing/y.ts': SHARED };
    expect(rulesOf('src/rib/x.ts', body, helper)).toEqual(['import-rank src/rib/x.ts:2']);
    expect(rulesOf('src/rib/x.test.ts', body, helper)).toEqual([]);
  });

  it('refuses sources that import tools, and imports without an extension', () => {
    expect(rulesOf('src/io/x.ts', `import { a } from '../../tools/y.ts';\nuse(a);\n`)).toEqual([
      'import-rank src/io/x.ts:2',
    ]);
    expect(rulesOf('src/io/x.ts', `import { a } from './y';\nuse(a);\n`)).toEqual([
      'import-extension src/io/x.ts:2',
    ]);
  });

  it('finds a cycle of three files, types included, once', () => {
    const next = (own: string, to: string): string =>
      `${OPENING}import type { ${to} } from './${to}.ts';\nexport type ${own} = 1 | ${to};\n`;
    const tree = {
      'src/rib/a.ts': next('a', 'b'),
      'src/rib/b.ts': next('b', 'c'),
      'src/rib/c.ts': next('c', 'a'),
    };
    expect(broken(tree)).toEqual(['import-cycle src/rib/c.ts:2']);
  });
});

describe('purity', () => {
  it.each([
    'use(Date.now());',
    'use(performance.now());',
    'use(Math.random());',
    'setTimeout(use, 1);',
    'use(process.env);',
    'console.log(1);',
    'export type Later = Promise<void>;',
    'use({ Date });',
    'await use(1);',
    'export async function f() {\n  use(1);\n}',
  ])('the core must not say %s', (body) => {
    expect(rulesOf('src/rib/x.ts', `${body}\n`)).toEqual(['pure-global src/rib/x.ts:2']);
  });

  it.each([
    'use({ Date: 1 }, event.process, plan.performance);',
    'export class A {\n  process(): void {\n    use(this);\n  }\n}',
    'use(Math.floor(1.5));',
    '// Date.now() is for io/ only\nuse(1);',
    "use('process');",
  ])('the core may say %s', (body) => {
    expect(rulesOf('src/rib/x.ts', `${body}\n`)).toEqual([]);
  });

  it('lets shells and tests name clocks, and the core no package but the listed ones', () => {
    expect(rulesOf('src/io/x.ts', 'use(Date.now());\n')).toEqual([]);
    expect(rulesOf('src/rib/x.test.ts', 'use(Date.now());\n')).toEqual([]);
    expect(rulesOf('src/api/metrics.ts', 'await render();\n')).toEqual([]);
    const parser = "import { Parser } from 'binary-parser';\nuse(Parser);\n";
    expect(rulesOf('src/wire/x.ts', parser)).toEqual([]);
    expect(rulesOf('src/rib/x.ts', parser)).toEqual(['pure-import src/rib/x.ts:2']);
    const node = "import { readFileSync } from 'node:fs';\nuse(readFileSync);\n";
    expect(rulesOf('src/api/x.ts', node)).toEqual(['pure-import src/api/x.ts:2']);
    expect(rulesOf('src/cli/x.ts', node)).toEqual([]);
  });
});

describe('size', () => {
  const lines = (count: number): string => 'use(1);\n'.repeat(count);

  it('fails a file over the hard limit and only warns over the soft one', () => {
    expect(rulesOf('src/io/x.ts', lines(499))).toEqual([]);
    expect(rulesOf('src/io/x.ts', lines(500))).toEqual(['file-length src/io/x.ts:501']);
    const soft = tidy([{ path: 'src/io/x.ts', text: OPENING + lines(250) }]);
    expect(soft.map(({ rule, severity }) => [rule, severity])).toContainEqual([
      'file-length',
      'warning',
    ]);
  });

  it('fails a function over 70 lines and one that takes four parameters', () => {
    const long = (count: number): string => `function f() {\n${lines(count)}}\nf();\n`;
    expect(rulesOf('src/io/x.ts', long(68))).toEqual([]);
    expect(rulesOf('src/io/x.ts', long(69))).toEqual(['function-length src/io/x.ts:2']);
    const wide =
      'export class A {\n  f(a: 1, b: 1, c: 1, d: 1): void {\n    use(a, b, c, d);\n  }\n}\n';
    expect(rulesOf('src/io/x.ts', wide)).toEqual(['parameter-count src/io/x.ts:3']);
    expect(rulesOf('src/wire/nlri.ts', wide)).toEqual([]);
  });
});

describe('text', () => {
  it('wants a doc comment that says something at the head of every source', () => {
    const opening = (text: string): string[] =>
      broken({ 'src/io/x.ts': text }).filter((one) => one.startsWith('opening'));
    expect(opening('use(1);\n')).toEqual(['opening-comment src/io/x.ts:1']);
    expect(opening('/** Things. */\nuse(1);\n')).toEqual(['opening-comment src/io/x.ts:1']);
    expect(opening(`${OPENING}use(1);\n`)).toEqual([]);
    expect(opening(`#!/usr/bin/env node\n${OPENING}use(1);\n`)).toEqual([]);
  });

  it('wants RFCs cited in one form', () => {
    for (const bad of ['RFC4271 §6', 'rfc 4271', 'RFC-4271', 'RFC 4271 section 6.8']) {
      expect(rulesOf('src/io/x.ts', `// ${bad}\nuse(1);\n`)).toEqual(['citation src/io/x.ts:2']);
    }
    expect(rulesOf('src/io/x.ts', '// RFC 4271 §6.8: both calls\nuse(1);\n')).toEqual([]);
  });

  it('lets no test be left out without a reason', () => {
    for (const call of ['it.skip', 'describe.skipIf(true)', 'it.only', 'it.todo']) {
      const rules = rulesOf('src/io/x.test.ts', `${call}('a rule', use);\n`);
      expect(rules).toEqual(['unexplained-skip src/io/x.test.ts:2']);
    }
    expect(rulesOf('src/io/x.test.ts', "it('a rule', reader.skip);\n")).toEqual([]);
  });

  it('lets no machine, no registry and no task without owner into any file', () => {
    const home = ['', 'home', 'someone', 'x'].join('/');
    expect(broken({ 'docs/a.md': `see ${home}\n` })).toEqual(['machine-path docs/a.md:1']);
    const host = `https://npm-${'mirror'}.example.org/x`;
    expect(broken({ 'docs/a.md': `from ${host}\n` })).toEqual(['registry-host docs/a.md:1']);
    const task = `TO${'DO'}`;
    expect(broken({ 'docs/a.md': `${task}: later\n${task}(ada): later\n` })).toEqual([
      'todo-owner docs/a.md:1',
    ]);
    expect(broken({ 'docs/a.md': '$HOME/x, /etc/godwit/godwit.yaml, ./work/x\n' })).toEqual([]);
  });
});

describe('exports', () => {
  const only = (tree: Record<string, string>): string[] =>
    broken(tree).filter((one) => /orphan|default|barrel/.test(one));

  it('names what nobody imports, and forgives a type that its own file needs', () => {
    const api = `${OPENING}export interface O {\n  a: 1;\n}\nexport function f(o: O): void {\n  use(o);\n}\n`;
    const user = `${OPENING}import { f } from './a.ts';\nf({ a: 1 });\n`;
    expect(only({ 'src/io/a.ts': api, 'src/io/b.ts': user })).toEqual([]);
    expect(only({ 'src/io/a.ts': api })).toEqual(['orphan-export src/io/a.ts:5']);
    const lone = `${OPENING}export type T = 1;\n`;
    expect(only({ 'src/io/a.ts': lone })).toEqual(['orphan-export src/io/a.ts:2']);
  });

  it('refuses default exports and barrels, but not in a configuration', () => {
    const text = `${OPENING}export default 1;\n`;
    expect(only({ 'src/io/a.ts': text })).toEqual(['default-export src/io/a.ts:2']);
    expect(only({ 'vitest.config.ts': text })).toEqual([]);
    const barrel = `${OPENING}export { a } from './b.ts';\n`;
    const user = `${OPENING}import { a } from './a.ts';\nuse(a);\n`;
    expect(only({ 'src/io/a.ts': barrel, 'src/io/b.ts': SHARED, 'src/io/c.ts': user })).toContain(
      'barrel src/io/a.ts:2',
    );
  });
});

describe('lock file', () => {
  const lock = (packages: object): string[] =>
    broken({ 'package-lock.json': JSON.stringify({ packages }) });

  it('wants an entry for every dependency, near its user or further up', () => {
    const a = { optionalDependencies: { 'a-win': '1' }, dependencies: { b: '1' } };
    const project = { dependencies: { a: '1' } };
    const found = { '': project, 'node_modules/a': a, 'node_modules/a/node_modules/b': {} };
    expect(lock({ ...found, 'node_modules/a-win': {} })).toEqual([]);
    expect(lock(found)).toEqual(['lockfile package-lock.json:1']);
  });

  it('wants no entry to name its host', () => {
    expect(lock({ 'node_modules/a': { resolved: 'https://example.org/a.tgz' } })).toEqual([
      'lockfile package-lock.json:1',
    ]);
  });
});

describe('coverage', () => {
  const untested = (tree: Record<string, string>): string[] =>
    broken(tree).filter((one) => one.startsWith('untested'));

  it('wants a test beside every source of the core that does something', () => {
    const test = `${OPENING}use(1);\n`;
    expect(untested({ 'src/rib/a.ts': SHARED })).toEqual(['untested-file src/rib/a.ts:1']);
    expect(untested({ 'src/rib/a.ts': SHARED, 'src/rib/a.prop.test.ts': test })).toEqual([]);
    expect(untested({ 'src/rib/a.ts': `${OPENING}export type T = 1;\n` })).toEqual([]);
    expect(untested({ 'src/io/a.ts': SHARED })).toEqual([]);
  });

  it('wants every fixture to be named by a test', () => {
    const fixture = { 'test/fixtures/wire/open.txt': 'ff\n' };
    expect(broken(fixture)).toEqual(['unused-fixture test/fixtures/wire/open.txt:1']);
    const test = { 'test/a.test.ts': `${OPENING}use('test/fixtures/wire');\n` };
    expect(broken({ ...fixture, ...test })).toEqual([]);
    const deeper = { 'test/fixtures/wire/opens/four.txt': 'ff\n' };
    expect(broken({ ...deeper, ...test })).toEqual([
      'unused-fixture test/fixtures/wire/opens/four.txt:1',
    ]);
  });

  it('finds names in ARCHITECTURE.md that no longer exist', () => {
    const tree = {
      paths: ['src/rib/loc-rib.ts', 'src/wire/attributes/table.ts'],
      texts: ['export class LocRib { settle() {} }'],
    };
    const linesOf = (text: string): number[] =>
      checkArchitecture('ARCHITECTURE.md', text, tree).map(({ line }) => line);
    expect(
      linesOf('`rib/loc-rib.ts` `wire/` `LocRib.settle` `LocRib` `npm start` `src/rib`'),
    ).toEqual([]);
    expect(linesOf('`wire/attributes/*.ts` `rib/{loc-rib.ts}` `50 ms`')).toEqual([]);
    expect(linesOf('one\n`rib/adj-rib.ts`\n`LocRib.gone`\n`net/`')).toEqual([2, 3, 4]);
    expect(linesOf('```\n`gone.ts`\n```\n`gone.ts`')).toEqual([4]);
  });
});
