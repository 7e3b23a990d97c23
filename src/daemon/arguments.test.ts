import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runGodwitd } from './arguments.ts';

let out: string;
let err: string;
let root: string;

beforeEach(() => {
  out = '';
  err = '';
  root = mkdtempSync(join(tmpdir(), 'godwit-arguments-'));
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

describe('godwitd', () => {
  it('prints its version, and its usage', async () => {
    expect(await runGodwitd(['--version'], {})).toBe(0);
    expect(out).toMatch(/^godwitd \d+\.\d+\.\d+\n$/);
    expect(await runGodwitd(['--help'], {})).toBe(0);
    expect(out).toContain('Usage: godwitd [--config FILE]');
    expect(err).toBe('');
  });

  it.each([[['--cofnig', 'x']], [['--config']], [['--config=']], [['stray']]])(
    'exits 64 with its usage on %j',
    async (argv) => {
      expect(await runGodwitd(argv, {})).toBe(64);
      expect(err).toContain('Usage:');
      expect(out).toBe('');
    },
  );

  it('exits 78 on an unknown key, and names file, line, key and the one that was meant', async () => {
    const config = join(root, 'godwit.yaml');
    writeFileSync(config, 'kernel:\n  enable: false\n');
    for (const argv of [['--config', config], [`--config=${config}`], ['-c', config, '--check']]) {
      err = '';
      expect(await runGodwitd(argv, {})).toBe(78);
      expect(err).toContain(`${config}:2:`);
      expect(err).toContain('Did you mean enabled?');
    }
  });

  it('exits 78 when the file that was named is not there', async () => {
    expect(await runGodwitd(['--config', join(root, 'none.yaml')], {})).toBe(78);
    expect(err).toContain('none.yaml');
  });

  it('exits 73 when the state directory cannot be made', async () => {
    writeFileSync(join(root, 'file'), '');
    const config = join(root, 'godwit.yaml');
    writeFileSync(config, `state: { dir: ${root}/file/state }\nlog: { level: silent }\n`);
    expect(await runGodwitd(['--config', config], {})).toBe(73);
  });
});
