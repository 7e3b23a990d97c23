/**
 * The demonstration fabric as people start it, with BIRD 2 on the nodes: that its network, its
 * tunnels, its proof and its cleaning up work does not depend on godwit. (The run with godwit on
 * the nodes is `npm start -- --check` itself, which `npm test` ends with.)
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { REPOSITORY } from '../../tools/cache-dir.ts';
import { listNamespaces } from '../../tools/fabric/netns.ts';
import {
  isAlive,
  type Running,
  run,
  startProcess,
  stopProcess,
} from '../../tools/fabric/process.ts';
import { type FabricState, fabricDir, StateFile } from '../../tools/fabric/state.ts';
import { fabricNames } from '../../tools/fabric/topology.ts';
import { describeWith } from '../support/requirements.ts';
import { waitFor } from '../support/wait-for.ts';

const NAME = `test-${process.pid}`;
const names = fabricNames(`${REPOSITORY}#${NAME}`);
const main = join(REPOSITORY, 'tools/fabric/main.ts');
const rehearsal = [process.execPath, main, '--name', NAME, '--nodes', 'bird'];
const begun: Running[] = [];
const NEEDS = ['ip', 'ping', 'tcpdump', 'cc', 'veth', 'bird2', 'gobgpd'] as const;

describeWith(['root', 'netns', ...NEEDS], 'Demonstration fabric as root', () => {
  const dir = fabricDir(names.id, 0);
  const logs = mkdtempSync(join(tmpdir(), 'godwit-fabric-test-'));

  afterAll(async () => {
    // A failed case may have left its fabric running.
    for (const one of begun) await stopProcess(one, { graceMs: 15_000 });
    const state = new StateFile(dir, 'test');
    await state.clearLeftovers(names.prefix);
    state.remove();
    rmSync(logs, { recursive: true });
  });

  it('proves itself: sessions, routes, pings, and exactly the cross-rack packets', async () => {
    const result = await run([...rehearsal, '--check', '--pings', '2'], { timeoutMs: 90_000 });
    expect(result.stdout + result.stderr).toContain('Check passed');
    expect(result.stdout).toContain('24 of 24 came back');
    expect(result.stdout).toContain(
      '32 packets between node-a and node-c, node-b and node-c, 0 others',
    );
    expect(result.stdout).toMatch(/10\.244\.3\.0\/26 via 10\.10\.2\.13 dev tunl0 .*onlink/);
    expect(result.code).toBe(0);
    await expectNothingLeft(dir);
  });

  it('ends with a reason and status 1 when it does not converge in time', async () => {
    // GoBGP waits some five seconds before its first session.
    const result = await run([...rehearsal, '--check', '--timeout', '1'], { timeoutMs: 60_000 });
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/node-a: session with outside 10\.10\.9\.2 is /);
    await expectNothingLeft(dir);
  });

  it('is there once a checkout, is cleared away after kill -9, and ends with Ctrl-C', async () => {
    const first = await started(logs, 'first');
    const state = readState(dir);
    expect(await run([...rehearsal, '--check'])).toMatchObject({ code: 73 });
    process.kill(first.pid, 'SIGKILL');
    expect(await first.exited).toBe('SIGKILL');
    // Three stand-ins (or none), five daemons, three relays; the captures of the proof have ended.
    const lasting = state.processes.filter((one) => !one.name.startsWith('proto 4'));
    expect(lasting.length).toBeGreaterThanOrEqual(8);
    expect(lasting.filter((one) => !isAlive(one))).toEqual([]);

    const second = await started(logs, 'second');
    expect(readFileSync(second.logPath, 'utf8')).toMatch(/Cleared away .*bird node-a.*node-c/);
    expect(state.processes.filter(isAlive)).toEqual([]);
    process.kill(second.pid, 'SIGINT');
    expect(await second.exited).toBe(0);
    await expectNothingLeft(dir);
  });

  it('leaves nothing when it is interrupted half-way up', async () => {
    const early = await startProcess({
      name: 'early',
      argv: rehearsal,
      logPath: join(logs, 'early'),
    });
    await waitFor(
      () => listNamespaces(names.prefix),
      (list) => list.length >= 4,
      { what: 'the first namespaces', intervalMs: 20 },
    );
    process.kill(early.pid, 'SIGTERM');
    expect(await early.exited).toBe(130);
    await expectNothingLeft(dir);
  });
});

describeWith(['root', 'user-netns', ...NEEDS], 'Demonstration fabric as an ordinary user', () => {
  const home = mkdtempSync(join(tmpdir(), 'godwit-fabric-home-'));
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

  afterAll(() => {
    rmSync(home, { recursive: true });
  });

  it('proves itself in a user namespace', async () => {
    await run(['chmod', '0777', home]);
    const env = { ...process.env, HOME: home, XDG_CACHE_HOME: home };
    const argv = [...nobody, ...rehearsal, '--check', '--pings', '1'];
    const result = await run(argv, { timeoutMs: 90_000, env });
    expect(result.stdout + result.stderr).toContain('Check passed');
    expect(result.stdout).toContain('Not root: the fabric runs in a user namespace');
    expect(result.stdout).toContain(
      '16 packets between node-a and node-c, node-b and node-c, 0 others',
    );
    expect(result.code).toBe(0);
    expect(existsSync(fabricDir(names.id, 65534))).toBe(false);
  });

  it('says what is wrong where even root may make no namespaces', async () => {
    const argv = ['setpriv', '--bounding-set=-sys_admin', ...rehearsal, '--check'];
    const result = await run(argv);
    expect(result.code).toBe(69);
    expect(result.stderr).toMatch(/^Root without CAP_SYS_ADMIN, .*--privileged/);
  });
});

async function started(logs: string, name: string): Promise<Running> {
  const running = await begin(logs, name);
  await waitFor(
    () => readFileSync(running.logPath, 'utf8'),
    (text) => text.includes('Ctrl-C takes everything down') || running.ended !== undefined,
    { what: 'the fabric to run', timeoutMs: 60_000 },
  );
  return running;
}

async function begin(logs: string, name: string): Promise<Running> {
  const running = await startProcess({ name, argv: rehearsal, logPath: join(logs, name) });
  begun.push(running);
  return running;
}

function readState(dir: string): FabricState {
  return JSON.parse(readFileSync(join(dir, 'state.json'), 'utf8')) as FabricState;
}

async function expectNothingLeft(dir: string): Promise<void> {
  expect(await listNamespaces(names.prefix)).toEqual([]);
  expect(existsSync(dir)).toBe(false);
}
