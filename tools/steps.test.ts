/** A step is judged by its exit code; one that cannot start has failed, with the reason. */

import { expect, it, vi } from 'vitest';
import { runStep } from './steps.ts';

function printed(): string[] {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => {
    lines.push(line);
  });
  return lines;
}

it('keeps quiet about what a good step says', async () => {
  const lines = printed();
  const result = await runStep({ name: 'good', program: 'sh', args: ['-c', 'echo all is well'] });
  expect(result).toMatchObject({ ok: true, exitCode: 0, output: 'all is well\n' });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^ok +good +\d+\.\d s$/);
});

it('shows what a failed step said on both streams, and its remedy', async () => {
  const lines = printed();
  const args = ['-c', 'echo one; echo two >&2; exit 3'];
  const result = await runStep({ name: 'bad', program: 'sh', args, remedy: 'mend it' });
  expect(result).toMatchObject({ ok: false, exitCode: 3 });
  expect(lines.join('\n')).toMatch(/^FAILED bad[\s\S]* {4}one\n {4}two\n {4}→ mend it$/);
});

it('counts a program that does not exist as failed', async () => {
  const lines = printed();
  const result = await runStep({ name: 'absent', program: 'no-such-program', args: [] });
  expect(result).toMatchObject({ ok: false, exitCode: undefined });
  expect(lines.join('\n')).toContain('ENOENT');
});
