import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from './cache-dir.ts';

const TOOLS = [
  'bench/main.ts',
  'tools/build.ts',
  'tools/chaos/main.ts',
  'tools/dev.ts',
  'tools/docs.ts',
  'tools/fabric/main.ts',
  'tools/fuzz/main.ts',
  'tools/ipip/main.ts',
  'tools/ok.ts',
  'tools/package/main.ts',
  'tools/peers/fetch.ts',
  'tools/properties.ts',
  'tools/reference/main.ts',
  'tools/sim/main.ts',
  'tools/test.ts',
  'tools/tidy/main.ts',
];

function run(tool: string, ...args: string[]): { status: number | null; out: string; err: string } {
  const argv = [join(REPOSITORY, tool), ...args];
  const options = { cwd: REPOSITORY, encoding: 'utf8', timeout: 20_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, options);
  return { status, out: stdout, err: stderr };
}

describe('tools', () => {
  it.each(TOOLS)(
    '%s answers an option that there is not with a sentence, its usage and 2',
    (tool) => {
      const { status, out, err } = run(tool, '--no-such-option');
      expect({ status, out }).toEqual({ status: 2, out: '' });
      expect(err).toMatch(/^(Unknown option|Unexpected argument) '--no-such-option'\n/);
      expect(err).toMatch(/npm (run [\w:]+|test|start)/);
      expect(err).not.toMatch(/^ {4}at /m);
    },
  );

  it.each(TOOLS)('%s says by --help what it can be told', (tool) => {
    const { status, out, err } = run(tool, '--help');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/npm (run [\w:]+|test|start)/);
  });

  it.each([
    ['bench/main.ts', ['--rounds', '0']],
    ['bench/main.ts', ['no-such-scenario']],
    ['tools/sim/main.ts', ['--seed', 'x']],
    ['tools/properties.ts', ['--factor', '0']],
    ['tools/properties.ts', ['no-such-file']],
    ['tools/package/main.ts', ['--arch', 'z80']],
    ['tools/peers/fetch.ts', ['nobody']],
    ['tools/chaos/main.ts', ['--minutes', '-1']],
  ] as const)('%s refuses %s in words', (tool, args) => {
    const { status, err } = run(tool, ...args);
    expect(status).toBe(2);
    expect(err).not.toMatch(/^ {4}at /m);
  });
});
