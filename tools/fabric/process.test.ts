/** Programs run and stopped for real: nothing here is more than a shell or `sleep`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import {
  CommandError,
  isAlive,
  logTail,
  processStartTime,
  run,
  runOk,
  signalProcess,
  startProcess,
  stopProcess,
} from './process.ts';
import { MissingError, requirePrograms } from './programs.ts';
import { RunningError, StateFile } from './state.ts';

const dir = mkdtempSync(join(tmpdir(), 'godwit-process-test-'));
afterAll(() => rmSync(dir, { recursive: true }));

it('run() gives back status, both outputs and what was fed', async () => {
  const argv = ['sh', '-c', 'cat; echo wrong >&2; exit 3'];
  const result = await run(argv, { input: 'text' });
  expect(result).toEqual({ code: 3, stdout: 'text', stderr: 'wrong\n', timedOut: false });
  await expect(runOk(argv)).rejects.toThrow(/exit status 3: wrong/);
});

it('A program that hangs is ended, one that is not there is a CommandError', async () => {
  const hung = await run(['sleep', '30'], { timeoutMs: 50 });
  expect(hung).toMatchObject({ timedOut: true, code: undefined });
  await expect(run(['/no/such/program'])).rejects.toBeInstanceOf(CommandError);
});

it('startProcess() logs, and stopProcess() ends also what ignores SIGTERM', async () => {
  const logPath = join(dir, 'stubborn.log');
  const script = 'trap "" TERM; echo ready; while :; do sleep 0.05; done';
  const stubborn = await startProcess({ name: 'stubborn', argv: ['sh', '-c', script], logPath });
  while (!logTail(logPath).includes('ready')) await new Promise((r) => setTimeout(r, 10));
  expect(isAlive(stubborn)).toBe(true);
  expect(await stopProcess(stubborn, { graceMs: 100 })).toBe('SIGKILL');
  expect(isAlive(stubborn)).toBe(false);
});

it('A pid with another start time is never signalled', () => {
  const startTime = processStartTime(process.pid) ?? '';
  expect(isAlive({ pid: process.pid, startTime })).toBe(true);
  const impostor = { pid: process.pid, startTime: String(Number(startTime) - 1) };
  expect(isAlive(impostor)).toBe(false);
  expect(signalProcess(impostor, 'SIGKILL')).toBe(false);
});

it('A fabric whose process lives keeps its directory; one that was killed does not', () => {
  const mine = { pid: process.pid, startTime: processStartTime(process.pid) };
  const state = (fabric: object): void =>
    writeFileSync(
      join(dir, 'state.json'),
      JSON.stringify({ checkout: '/', fabric, processes: [] }),
    );
  state(mine);
  expect(() => new StateFile(dir, '/')).toThrow(RunningError);
  state({ ...mine, startTime: '1' });
  expect(() => new StateFile(dir, '/')).not.toThrow();
});

it('What is not installed is named with one line that installs it', () => {
  const onlyIp = (name: string): string | undefined => (name === 'ip' ? '/sbin/ip' : undefined);
  expect(() => requirePrograms(['ip'], onlyIp)).not.toThrow();
  const attempt = (): void => requirePrograms(['ip', 'ping', 'nsenter', 'unshare'], onlyIp);
  expect(attempt).toThrow(MissingError);
  expect(attempt).toThrow(
    /^Missing: ping, nsenter, unshare\. .*apt-get install iputils-ping util-linux$/,
  );
});
