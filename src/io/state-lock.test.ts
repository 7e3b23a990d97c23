/** One daemon a state directory, and no stale lock, however the one before ended. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchDirectory } from '../../test/support/scratch-directory.ts';
import { lockStateDir, type StateLock } from './state-lock.ts';

const LOCK = JSON.stringify(join(import.meta.dirname, 'state-lock.ts'));
const directory = (): string => scratchDirectory('lock');

function held(given: ReturnType<typeof lockStateDir>): StateLock {
  if ('kind' in given) throw new Error(`${given.call}: ${given.errno}`);
  return given;
}

describe('the lock of a state directory', () => {
  it('is held by one at a time, and says by whom', () => {
    const dir = directory();
    const first = held(lockStateDir(dir, 'node-a'));
    expect(lockStateDir(dir, 'node-b')).toEqual({
      kind: 'SystemError',
      call: 'flock',
      errno: 'EAGAIN',
      detail: `process ${process.pid}, node node-a`,
    });
    held(lockStateDir(directory(), 'node-b')).release();
    first.release();
    held(lockStateDir(dir, 'node-b')).release();
  });

  it('is free again when its holder was killed', async () => {
    const dir = directory();
    const source = `
      const { lockStateDir } = await import(${LOCK});
      console.log('kind' in lockStateDir(${JSON.stringify(dir)}, 'n') ? 'refused' : 'held');
      setInterval(() => undefined, 1000);`;
    const env = { ...process.env, NODE_NO_WARNINGS: '1' };
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], { env });
    try {
      const [said] = await once(child.stdout, 'data');
      expect(String(said)).toBe('held\n');
      expect(lockStateDir(dir, 'n')).toMatchObject({ errno: 'EAGAIN' });
    } finally {
      child.kill('SIGKILL');
    }
    await once(child, 'exit');
    held(lockStateDir(dir, 'n')).release();
  });

  it('says why it cannot be had', () => {
    expect(lockStateDir('/dev/null', 'n')).toMatchObject({ call: 'open', errno: 'ENOTDIR' });
  });
});
