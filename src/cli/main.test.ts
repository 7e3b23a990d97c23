import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GodwitService } from '../api/grpc/service.ts';
import { smallCluster, TestDaemon } from '../api/testing/daemon.ts';
import { GrpcServer } from '../io/servers/grpc.ts';
import { COMMANDS } from './commands/table.ts';
import { main } from './main.ts';

let root: string;
let socket: string;
let server: GrpcServer;
const daemon = TestDaemon.of(smallCluster(3));

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'godwit-cli-'));
  socket = join(root, 'godwit.sock');
  const opened = await GrpcServer.open(socket, new GodwitService(daemon));
  if ('kind' in opened) throw new Error(opened.detail);
  server = opened;
});

afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function godwit(...argv: readonly string[]): Promise<Result> {
  let out = '';
  let err = '';
  const streams = {
    write: (text: string) => {
      out += text;
    },
    writeError: (text: string) => {
      err += text;
    },
  };
  const code = await main(argv, { GODWIT_SOCKET: socket }, streams);
  return { code, out, err };
}

function objects(text: string): unknown[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

describe('godwit', () => {
  it.each(COMMANDS.map(({ path }) => path.join(' ')))(
    'explains %s with its examples and exit codes',
    async (path) => {
      const { code, out } = await godwit(...path.split(' '), '--help');
      const definition = COMMANDS.find((candidate) => candidate.path.join(' ') === path)!;
      expect(code).toBe(0);
      expect(out).toContain(definition.summary.split(' ').slice(0, 4).join(' '));
      for (const example of definition.examples) expect(out).toContain(`godwit ${example}`);
      for (const exit of Object.keys(definition.exitCodes)) expect(out).toMatch(`  ${exit}  `);
      for (const name of Object.keys(definition.options)) expect(out).toContain(`--${name}`);
    },
  );

  it('gives routes sorted, with the reason of each loser, and 4 for a prefix it does not know', async () => {
    const { code, out } = await godwit('show', 'routes');
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(' ')[1])).toEqual([
      '10.100.0.0/26',
      '10.100.0.64/26',
      '10.100.0.128/26',
      'fd00:10:244::/122',
      undefined,
    ]);
    const six = await godwit('show', 'routes', '--family', 'ipv6', '--json');
    expect(objects(six.out)).toMatchObject([
      { prefix: 'fd00:10:244::/122', family: 'ipv6-unicast' },
    ]);
    expect(await godwit('show', 'routes', '192.0.2.0/24')).toEqual({
      code: 4,
      out: '192.0.2.0/24 is not known\n',
      err: '',
    });
    expect(await godwit('show', 'routes', '--neighbor', '10.0.0.2')).toMatchObject({
      code: 0,
      out: 'No path of 10.0.0.2 is held\n',
    });
  });

  it('says 3 while the daemon is not ready, 0 when it is', async () => {
    const { code, out } = await godwit('show', 'status');
    expect([code, out]).toEqual([0, expect.stringMatching(/^Ready: +yes$/m)]);
    expect(objects((await godwit('show', 'status', '--json')).out)).toMatchObject([
      { node: 'a', ready: true, neighborsConfigured: 1 },
    ]);
  });

  it('says an empty list in a sentence, and as no line with --json', async () => {
    expect((await godwit('show', 'problems')).out).toBe('No problems\n');
    expect((await godwit('show', 'problems', '--json')).out).toBe('');
    expect((await godwit('show', 'kernel')).out).toBe('No kernel routes are wanted or held\n');
    expect((await godwit('show', 'neighbors', '--family', 'ipv6')).out).toBe(
      'No neighbor carries ipv6\n',
    );
    expect((await godwit('show', 'events', '--kind', 'stopping')).out).toContain('Nothing of that');
  });

  it('says why there is nothing to prove where the kernel is not ours to write', async () => {
    const { code, err } = await godwit('show', 'kernel', '--diff');
    expect([code, err]).toEqual([1, expect.stringContaining('kernel.enabled is false')]);
  });

  it('shows neighbors as a table, and one in detail', async () => {
    const table = await godwit('show', 'neighbors');
    expect(table.out.split('\n')[1]).toMatch(/^Mesh_10_0_0_2 +10\.0\.0\.2 +64512 .* 0\/\d+ +- /);
    const detail = await godwit('show', 'neighbors', '10.0.0.2');
    expect(detail.out).toMatch(/^Neighbor: +Mesh_10_0_0_2 \(iBGP/);
    expect(await godwit('show', 'neighbors', 'x')).toMatchObject({ code: 1, out: '' });
  });

  it('prints events with their fields as an object', async () => {
    const { out } = await godwit('show', 'events', '--kind', 'peer-added', '--json');
    expect(objects(out)).toMatchObject([
      { event: 'peer-added', fields: { peer: 'Mesh_10_0_0_2' }, text: expect.any(String) },
    ]);
  });

  it.each([
    [['shwo'], 'Did you mean show?'],
    [['show', 'neighbours'], 'Did you mean neighbors?'],
    [['show', 'routes', '--limit', '-1'], 'Write a whole number'],
    [['show', 'routes', '--family', 'ipx'], 'Allowed choices are ipv4, ipv6'],
    [['reset'], "missing required argument 'name or address'"],
    [['show', 'status', 'extra'], 'too many arguments'],
    [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish'],
    [[], 'Usage: godwit'],
  ])('exits 64 on %j with a sentence', async (argv, sentence) => {
    const { code, out, err } = await godwit(...argv);
    expect([code, out]).toEqual([64, '']);
    expect(err).toContain(sentence);
  });

  it('exits 69 when no daemon answers, and says where it looked', async () => {
    const { code, err } = await godwit('--socket', join(root, 'none'), 'show', 'status');
    expect([code, err]).toEqual([69, expect.stringContaining(join(root, 'none'))]);
  });

  it('exits 1 with the daemon’s own sentence when it refuses', async () => {
    expect(await godwit('release')).toEqual({ code: 1, out: '', err: 'No change is held back\n' });
    expect(await godwit('enable', '10.0.0.2')).toMatchObject({ code: 1 });
    expect(await godwit('disable', '10.0.0.2', '--reason', 'work')).toMatchObject({ code: 0 });
    expect((await godwit('show', 'neighbors')).out).toContain('work');
    expect(await godwit('enable', '10.0.0.2')).toMatchObject({ code: 0 });
  });

  it('writes first resources with init, for the node that -n names', async () => {
    const dir = join(root, 'resources');
    const words = ['-n', 'node-x', 'init', '--dir', dir, '--interface', 'lo'];
    expect(await godwit(...words)).toMatchObject({ code: 0, err: '' });
    expect(readdirSync(dir).sort()).toEqual(['cluster.yaml', 'node-x.yaml']);
    const again = await godwit(...words);
    expect([again.code, again.err]).toEqual([73, expect.stringContaining('--force')]);
  });

  it('prints its version', async () => {
    expect(await godwit('--version')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^godwit \d+\.\d+\.\d+\n$/),
    });
  });
});
