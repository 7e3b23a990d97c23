/**
 * `godwitd` and `godwit` as programs: two daemons that peer over loopback, without a kernel and without root.
 * Every command's examples, exit codes, and what goes wrong at a start.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { COMMANDS } from '../../src/cli/commands/table.ts';
import { GODWIT, GODWITD } from '../../tools/fabric/speakers.ts';
import { calico } from '../support/godwit.ts';
import { waitFor } from '../support/wait-for.ts';

const PEER = '127.0.0.2';

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

class Daemon {
  readonly dir: string;
  readonly socket: string;
  readonly config: string;
  #process: ChildProcess | undefined;
  #log = '';

  constructor(root: string, name: string, settings: Readonly<Record<string, unknown>> = {}) {
    this.dir = join(root, name);
    this.socket = join(this.dir, 'godwit.sock');
    this.config = join(this.dir, 'godwit.yaml');
    mkdirSync(this.dir, { recursive: true });
    const config = {
      nodeName: name,
      datastore: { type: 'file', path: join(root, 'resources') },
      state: { dir: join(this.dir, 'state') },
      kernel: { enabled: false },
      control: { socket: this.socket },
      http: { listen: 'off' },
      log: { format: 'json' },
      ...settings,
    };
    writeFileSync(this.config, stringify(config));
  }

  async start(): Promise<void> {
    this.#process = spawn(process.execPath, [GODWITD, '--config', this.config], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#log += chunk.toString();
    });
    await waitFor(
      async () => this.godwit('show', 'status').code,
      (code) => code === 0 || code === 3,
      { what: `the daemon to answer; its log: ${this.#log}`, timeoutMs: 15_000 },
    );
  }

  get log(): string {
    return this.#log;
  }

  godwit(...words: readonly string[]): Result {
    return program(GODWIT, ['--socket', this.socket, ...words]);
  }

  /** @returns how it ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string | null> {
    const running = this.#process;
    if (running === undefined || running.exitCode !== null) return running?.exitCode ?? null;
    const ended = new Promise<number | string | null>((resolve) => {
      running.once('exit', (code, by) => resolve(code ?? by));
    });
    running.kill(signal);
    return ended;
  }
}

function program(path: string, words: readonly string[]): Result {
  const ran = spawnSync(process.execPath, [path, ...words], { encoding: 'utf8', timeout: 20_000 });
  return { code: ran.status, out: ran.stdout, err: ran.stderr };
}

function objects(text: string): Record<string, unknown>[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function listening(host: string): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return { server, port: (server.address() as { port: number }).port };
}

let root: string;
let a: Daemon;
let b: Daemon;
let taken: { server: Server; port: number };

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'godwit-cli-'));
  const free = await listening('127.0.0.1');
  await new Promise((resolve) => free.server.close(resolve));
  taken = await listening('127.0.0.1');
  mkdirSync(join(root, 'resources'));
  const resources = [
    calico('BGPConfiguration', 'default', { listenPort: free.port, bindMode: 'NodeIP' }),
    calico('Node', 'a', { bgp: { ipv4Address: '127.0.0.1/8' } }),
    calico('Node', 'b', { bgp: { ipv4Address: `${PEER}/8` } }),
    calico('IPPool', 'pool', { cidr: '10.244.0.0/16' }),
    calico('BlockAffinity', 'of-a', { node: 'a', cidr: '10.244.1.0/26', state: 'confirmed' }),
    calico('BlockAffinity', 'of-b', { node: 'b', cidr: '10.244.2.0/26', state: 'confirmed' }),
  ];
  writeFileSync(
    join(root, 'resources', 'all.yaml'),
    resources.map((resource) => stringify(resource)).join('---\n'),
  );
  // The port of its HTTP server is taken: it goes on without.
  a = new Daemon(root, 'a', { http: { listen: `127.0.0.1:${taken.port}` } });
  b = new Daemon(root, 'b', { http: { listen: '127.0.0.1:0' } });
  await Promise.all([a.start(), b.start()]);
  await waitFor(
    async () => objects(a.godwit('show', 'neighbors', '--json').out),
    ([neighbor]) => neighbor?.['state'] === 'Established',
    { what: `the session over loopback; ${a.log}`, timeoutMs: 20_000 },
  );
});

afterAll(async () => {
  await Promise.all([a?.stop('SIGKILL'), b?.stop('SIGKILL')]);
  taken?.server.close();
  rmSync(root, { recursive: true, force: true });
});

describe('godwit, asked by a person', () => {
  it('shows neighbors, own routes, what was told to whom, and why a path of the neighbor is not there', async () => {
    const own = a.godwit('show', 'routes', '10.244.1.0/26', '--json');
    expect(objects(own.out)).toMatchObject([
      { family: 'ipv4-unicast', paths: [{ from: 'local', best: true }] },
    ]);
    // A next hop on loopback is no host's (RFC 4271 §5.1.3): the block of b is known to be withdrawn.
    expect(a.godwit('show', 'routes', '10.244.2.0/26').code).toBe(4);
    await waitFor(
      async () => a.godwit('show', 'events', '--kind', 'update-fault').out,
      (text) => text.includes('UPDATE from Mesh_127_0_0_2: NEXT_HOP: '),
      { what: 'the fault to be named' },
    );
    const sent = a.godwit('show', 'routes', '--neighbor', PEER, '--sent', '--json');
    expect(objects(sent.out).map(({ prefix }) => prefix)).toEqual(['10.244.1.0/26']);
    expect(a.godwit('show', 'neighbors').out).toMatch(/Mesh_127_0_0_2 +127\.0\.0\.2 .*Established/);
  });

  // Those that change something, or never end, have tests of their own.
  const SAFE = COMMANDS.filter(({ path }) => path[0] === 'show');
  const examples = SAFE.flatMap((definition) =>
    definition.examples.map((example) => ({ example, definition })),
  );
  it.each(examples)('does what the example says: $example', ({ example, definition }) => {
    const words = example
      .replace(/^-n \S+ /, '')
      .replaceAll('10.0.0.2', PEER)
      .split(' ');
    const { code, out, err } = a.godwit(...words);
    expect(Object.keys(definition.exitCodes).map(Number)).toContain(code);
    if (code === 1) {
      // This daemon has no kernel: it says so.
      expect([out, err]).toEqual(['', expect.stringContaining('kernel.enabled is false')]);
      return;
    }
    expect(err).toBe('');
    if (words.includes('--json')) for (const row of objects(out)) expect(row).toBeTypeOf('object');
    else expect(out).not.toBe('');
  });

  it('resets, disables and enables a session, which says why it is down', async () => {
    const state = (): Record<string, unknown> =>
      objects(a.godwit('show', 'neighbors', PEER, '--json').out)[0] ?? {};
    const established = (): Promise<unknown> =>
      waitFor(
        async () => state(),
        ({ state }) => state === 'Established',
        {
          what: 'the session to come back',
          timeoutMs: 30_000,
        },
      );
    expect(a.godwit('reset', PEER, '--soft')).toMatchObject({ code: 0, err: '' });
    expect(state()).toMatchObject({ flaps: 0 });
    expect(a.godwit('disable', PEER, '--reason', 'maintenance').code).toBe(0);
    expect(state()).toMatchObject({ downBecause: expect.stringContaining('maintenance') });
    expect(a.godwit('disable', PEER)).toMatchObject({
      code: 1,
      err: expect.stringContaining('already'),
    });
    expect(a.godwit('enable', PEER).code).toBe(0);
    await established();
    expect(a.godwit('reset', PEER).code).toBe(0);
    await established();
    expect(state()).toMatchObject({ flaps: 2 });
  });

  it('follows events until the daemon ends', async () => {
    const watching = spawn(process.execPath, [GODWIT, '--socket', b.socket, 'watch', '--json']);
    let seen = '';
    watching.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => watching.once('exit', resolve));
    await waitFor(
      async () => {
        b.godwit('reset', '127.0.0.1');
        return seen;
      },
      (text) => text.includes('session-'),
      { what: 'an event of the session' },
    );
    expect(await b.stop()).toBe(0);
    expect(await ended).toBe(69);
    expect(objects(seen).map(({ event }) => event)).toContain('stopping');
  });
});

describe('godwitd, when something is wrong', () => {
  it('goes on without HTTP when its port is taken, and says so', () => {
    expect(a.log).toContain(`127.0.0.1:${taken.port}: EADDRINUSE`);
    expect(a.log).toContain('set http.listen');
    expect(a.godwit('show', 'status').code).not.toBe(69);
  });

  it('never takes the socket of a daemon that answers: 69, and that one goes on', () => {
    const same = new Daemon(root, 'same-socket', { control: { socket: a.socket } });
    const { code, err } = program(GODWITD, ['--config', same.config]);
    expect(code).toBe(69);
    expect(err).toContain(`another daemon answers on ${a.socket}; stop it or set control.socket`);
    expect(a.godwit('show', 'status', '--json').out).toContain('"node":"a"');
  });

  it('never shares a state directory with a daemon that runs: 69, and that one goes on', () => {
    const state = { dir: join(a.dir, 'state') };
    const same = new Daemon(root, 'same-state', { state });
    const { code, err } = program(GODWITD, ['--config', same.config]);
    expect(code).toBe(69);
    expect(err).toMatch(/Another daemon \(process \d+, node a\) uses the state directory/);
    expect(err).toContain(`${state.dir}; stop it, or set state.dir`);
    expect(a.godwit('show', 'status', '--json').out).toContain('"node":"a"');
  });

  it('goes on when its BGP port is taken and says what is wrong; after kill -9 it takes its place again', async () => {
    const resources = join(root, 'resources-of-c');
    mkdirSync(resources);
    const own = [
      calico('BGPConfiguration', 'default', { listenPort: taken.port, bindMode: 'NodeIP' }),
      calico('Node', 'c', { bgp: { ipv4Address: '127.0.0.1/8' } }),
    ];
    writeFileSync(join(resources, 'c.yaml'), own.map((item) => stringify(item)).join('---\n'));
    const c = new Daemon(root, 'c', { datastore: { type: 'file', path: resources } });
    try {
      await c.start();
      const { code, out } = c.godwit('show', 'status');
      expect([code, out]).toEqual([3, expect.stringContaining('Ready:')]);
      expect(out).toMatch(
        new RegExp(`^Not listening on 127\\.0\\.0\\.1:${taken.port}: .*is taken`, 'm'),
      );
      expect(await c.stop('SIGKILL')).toBe('SIGKILL');
      expect(existsSync(c.socket)).toBe(true);
      await c.start();
      expect(c.godwit('show', 'status', '--json').out).toContain('"node":"c"');
    } finally {
      await c.stop('SIGKILL');
    }
  });

  it('exits 78 on an unknown key, with file, line and what was meant', () => {
    const config = join(root, 'bad.yaml');
    writeFileSync(config, 'kernel: { enable: false }\n');
    const { code, err } = program(GODWITD, ['--config', config]);
    expect(code).toBe(78);
    expect(err).toContain(`${config}:1:`);
    expect(err).toContain('Did you mean enabled?');
  });

  it('names a broken resource in problems and events, and keeps what was', async () => {
    const path = join(root, 'resources', 'broken.yaml');
    writeFileSync(path, stringify(calico('IPPool', 'bad', { cidr: '10.0.0.0/40' })));
    const problems = await waitFor(
      async () => a.godwit('show', 'problems'),
      ({ code }) => code === 3,
      { what: 'the problem to show' },
    );
    expect(problems.out).toContain(`${path}:`);
    expect(problems.out).toContain('10.0.0.0/40');
    expect(a.godwit('show', 'events', '--kind', 'resource-rejected').out).toContain('IPPool/bad');
    rmSync(path);
    await waitFor(
      async () => a.godwit('show', 'problems'),
      ({ code }) => code === 0,
      { what: 'the problem to go' },
    );
  });

  it('says in its log level what BGPConfiguration asks for', async () => {
    const path = join(root, 'resources', 'level.yaml');
    const own = calico('BGPConfiguration', 'node.a', { logSeverityScreen: 'Error' });
    writeFileSync(path, stringify(own));
    await waitFor(
      async () => objects(a.godwit('show', 'status', '--json').out)[0]?.['planRevision'],
      (revision) => Number(revision) >= 2,
      { what: 'the plan with the log level' },
    );
    const before = a.log.length;
    expect(a.godwit('disable', PEER).code).toBe(0);
    expect(a.godwit('show', 'events', '--last', '1').out).not.toBe('');
    expect(a.log.slice(before)).not.toContain('"level":40');
  });

  it('stops on SIGTERM with 0 and takes its socket along', async () => {
    expect(await a.stop()).toBe(0);
    expect(existsSync(a.socket)).toBe(false);
    expect(a.godwit('show', 'status').code).toBe(69);
  });
});
