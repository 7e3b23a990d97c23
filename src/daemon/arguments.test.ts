import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lockStateDir } from '../io/state-lock.ts';
import { digestOfText } from '../recorder/values.ts';
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

  it.each([
    [['--cofnig', 'x']],
    [['--config']],
    [['--config=']],
    [['stray']],
    [['--replay']],
    [['--compare']],
    [['--list']],
  ])('exits 64 with its usage on %j', async (argv) => {
    expect(await runGodwitd(argv, {})).toBe(64);
    expect(err).toContain('Usage:');
    expect(out).toBe('');
  });

  it('cleans nothing up beside a daemon that has the state directory, nor by settings that are wrong', async () => {
    const config = join(root, 'godwit.yaml');
    writeFileSync(config, `nodeName: a\nstate: { dir: ${root} }\n`);
    const lock = lockStateDir(root, 'a');
    if ('kind' in lock) throw new Error(lock.errno);
    expect(await runGodwitd(['--cleanup', '--config', config], {})).toBe(69);
    expect(err).toMatch(/A daemon \(process \d+, node a\) runs .* --shut/);
    lock.release();
    writeFileSync(config, 'state: 7\n');
    expect(await runGodwitd(['--cleanup', '--config', config], {})).toBe(78);
    expect(out).toBe('');
  });

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

  it('replays a recording, and says by its exit code what became of it', async () => {
    const header = {
      ...{
        godwit: 'recording',
        version: 1,
        software: 'godwit/0',
        node: 'node-a',
        run: 'r',
        part: 0,
      },
      ...{ begun: '2026-01-02T03:04:05Z', begins: 'start' },
      options: { seed: 1, kernelEnabled: false, restarting: false, now: 0 },
    };
    const replay = async (lines: readonly unknown[], ...more: string[]): Promise<number> => {
      const path = join(root, 'recording.jsonl');
      writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      [out, err] = ['', ''];
      return runGodwitd(['--replay', path, ...more], {});
    };
    const wake = { at: 5, input: { type: 'wake' } };
    expect(await replay([header, wake, { end: 'enough' }], '--effects')).toBe(0);
    expect(err).toContain('recording.jsonl:3: enough');
    expect(err).toContain('Recording of node node-a by godwit/0');
    expect(out).toMatch(/^\{"place":"[^"]+recording\.jsonl:2","at":5,"input":\{"type":"wake"\}/);
    const poll = { poll: 2, budget: 9, octets: 4, digest: digestOfText('2 9') };
    expect(await replay([header, poll, wake], '--compare')).toBe(3);
    expect(err).toContain(
      'recording.jsonl:2: differs from what was recorded: connection 2: 4 octets',
    );
    expect(await replay([header, poll, wake])).toBe(0);
    expect(err).toContain('1 differ');
    expect(await replay([header, { ...poll, digest: 'x' }])).toBe(3);
    expect(err).toContain('recording.jsonl:2: was changed');
    expect(await replay([header, wake, 'half'], '--compare')).toBe(0);
    expect(err).toContain('ends amid');
    expect(await replay([header, 'half', wake], '--compare')).toBe(65);
    expect(err).toContain('recording.jsonl:2: cannot be replayed further');
    expect(await replay([wake])).toBe(65);
    expect(await replay([])).toBe(65);
    expect(await runGodwitd(['--replay', join(root, 'none')], {})).toBe(65);
    expect(err).toContain('none cannot be read: ENOENT');
  });

  it('exits 69 when another daemon has the state directory, and says who', async () => {
    const lock = lockStateDir(root, 'node-a');
    if ('kind' in lock) throw new Error(lock.errno);
    const config = join(root, 'godwit.yaml');
    writeFileSync(config, `state: { dir: ${root} }\nlog: { level: silent }\n`);
    expect(await runGodwitd(['--config', config], {})).toBe(69);
    lock.release();
  });

  it('exits 73 when the state directory cannot be made', async () => {
    writeFileSync(join(root, 'file'), '');
    const config = join(root, 'godwit.yaml');
    writeFileSync(config, `state: { dir: ${root}/file/state }\nlog: { level: silent }\n`);
    expect(await runGodwitd(['--config', config], {})).toBe(73);
  });
});

describe('godwitd without its shim', () => {
  function godwitd(...argv: readonly string[]): SpawnSyncReturns<string> {
    const program = join(import.meta.dirname, '../bin/godwitd.ts');
    const env = { ...process.env, GODWIT_NATIVE: '/nonexistent', NODE_NO_WARNINGS: '1' };
    return spawnSync(process.execPath, [program, ...argv], { env, encoding: 'utf8' });
  }

  // Its entry file once let go of Node's memory, by the shim, before it looked at what it was asked.
  it.each(['--help', '--version'])('answers %s', (asked) => {
    expect(godwitd(asked)).toMatchObject({ status: 0, stdout: expect.stringMatching(/godwitd/) });
  });

  it('exits 69 with a sentence that says where it looked and how to get it', () => {
    const { status, stdout, stderr } = godwitd('--config', join(root, 'none.yaml'));
    expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
    expect(stderr).toMatch(
      /^The native socket shim is not there \(looked at \/nonexistent\)\. Build .*\n$/,
    );
  });
});
