/**
 * What `kernel-writer.test.ts` does to a kernel, in a network namespace of its own: shell and route programmer as in the
 * daemon, without BGP around them. Run as `unshare -n node kernel-writer-scenarios.ts NAME`; prints one line of JSON.
 */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { KernelShell } from '../../src/daemon/kernel-shell.ts';
import { KernelView } from '../../src/fib/kernel-view.ts';
import { routePrefixOf } from '../../src/fib/ownership.ts';
import { RouteProgrammer } from '../../src/fib/route-programmer.ts';
import { RouteShapes, type ShapeId } from '../../src/fib/route-shape.ts';
import { nativeSockets } from '../../src/io/native.ts';
import { KernelSocket } from '../../src/io/netlink-socket.ts';
import { ip } from '../../src/net/ip-address.ts';
import { prefix } from '../../src/net/prefix.ts';
import type { SpeakerInput } from '../../src/speaker/inputs.ts';

function sh(command: string): string {
  return execFileSync('sh', ['-c', command], { encoding: 'utf8' });
}

sh(`ip link set lo up; ip link add v0 type veth peer name v1; ip link set v1 up; ip link set v0 up
    ip address add 10.9.0.1/24 dev v0`);
const deviceIndex = Number.parseInt(sh('ip -o link show v0'), 10);

const view = new KernelView({ tables: [254] });
const shapes = new RouteShapes();
const fib = new RouteProgrammer({ view, shapes, seed: 1 });
fib.setRules({
  table: 254,
  tunnelDevice: 'tunl0',
  ownSubnet: {},
  pools: [{ cidr: prefix('20.0.0.0/8'), name: 'pods', programming: 'direct' }],
  rejected: [],
  metric: { mode: 'none' },
});

const unavailable: string[] = [];
/** CPU milliseconds of the loop's thread, by step. */
const stepMs: number[] = [];
let requestPort = 0;
const shell = new KernelShell({
  submit: onInput,
  tables: [254],
  open: (handlers) => {
    const socket = KernelSocket.open(handlers);
    if (!('kind' in socket)) requestPort = socket.requestPort;
    return socket;
  },
});

const now = (): number => performance.now();

function onInput(input: SpeakerInput): void {
  const began = cpuMs(String(process.pid));
  take(input);
  drive();
  stepMs.push(cpuMs(String(process.pid)) - began);
}

function take(input: SpeakerInput): void {
  switch (input.type) {
    case 'kernelChanged':
      for (const change of input.changes) {
        if (change.what === 'link') fib.onLink(change.link, change.removed, now());
        else if (change.what === 'address') fib.onAddress(change.address, change.removed, now());
        else fib.onKernelRoute(change, now());
      }
      return;
    case 'kernelDumpStarted':
      return fib.onDumpStarted(now());
    case 'kernelDumpDone':
      return fib.onDumpDone(now());
    case 'kernelOverrun':
      return fib.onOverrun(input.reason);
    case 'kernelAck':
      return fib.onAck(input.batch, input.errnos, now());
    case 'kernelUnavailable':
      unavailable.push(input.error.errno);
      return fib.onUnavailable(input.error, now());
    default:
  }
}

/** What `Speaker` does after each input. */
function drive(): void {
  fib.onWake(now());
  if (fib.takeDumpRequest(now()) !== undefined) setImmediate(() => shell.dump());
  const batch = fib.nextBatch(now());
  if (batch !== undefined) shell.send(batch);
  fib.takeJournal();
}

function cpuMs(thread: string): number {
  const line = readFileSync(`/proc/self/task/${thread}/schedstat`, 'utf8');
  return Number(line.split(' ')[0]) / 1e6;
}

/** CPU milliseconds that the writer's thread has used. */
function writerMs(): number {
  const thread = readdirSync('/proc/self/task').find((id) =>
    readFileSync(`/proc/self/task/${id}/comm`, 'utf8').startsWith('godwit-kernel'),
  );
  return thread === undefined ? 0 : cpuMs(thread);
}

const via = (gateway: string): ShapeId =>
  shapes.unicast(4, [
    { gateway: ip(gateway), interfaceIndex: deviceIndex, weight: 1, onlink: false },
  ]);

const nth = (i: number): string => `20.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`;

function want(from: number, to: number, shape: ShapeId): void {
  for (let i = from; i < to; i++) {
    fib.want(routePrefixOf(prefix(nth(i))), { shape, metric: 0, origin: 'test' }, now());
  }
}

const turn = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Until everything that is wished for is installed, and nothing is under way. */
async function untilQuiet(): Promise<void> {
  const end = now() + 60_000;
  for (;;) {
    drive();
    const { desired, installed, pending, state } = fib.counts();
    if (state === 'synced' && desired === installed && pending === 0 && shell.underWay === 0)
      return;
    if (now() > end) throw new Error(`not quiet: ${JSON.stringify(fib.counts())}`);
    await turn(1);
  }
}

/** Routes of ours that the kernel has. */
function held(): number {
  return Number(sh('ip route show table main proto 12 root 20.0.0.0/8 | wc -l'));
}

/** Waits for it: what was deleted last is told by an event, which may be read after the answers to the batch. */
async function heldInTheEnd(count: number): Promise<number> {
  const end = now() + 2_000;
  while (held() < count && now() < end) {
    await turn(10);
    await untilQuiet();
  }
  return held();
}

async function start(): Promise<void> {
  fib.begin({ restart: false });
  shell.start();
  await untilQuiet();
}

const SCENARIOS: Readonly<Record<string, () => Promise<unknown>>> = {
  async free() {
    const count = 100_000;
    await start();
    for (let i = 0; i < count; i += 2000) {
      want(i, i + 2000, via('10.9.0.2'));
      drive();
      await turn(0);
    }
    await untilQuiet();
    const writer = writerMs();
    const sorted = stepMs.sort((a, b) => a - b);
    return { held: held(), writer, p99: sorted[Math.floor(sorted.length * 0.99)] };
  },

  async death() {
    await start();
    want(0, 1000, via('10.9.0.2'));
    await untilQuiet();
    nativeSockets().close(fdOfPort(requestPort));
    want(1000, 3000, via('10.9.0.2'));
    await untilQuiet();
    want(0, 500, via('10.9.0.3'));
    await untilQuiet();
    return {
      unavailable,
      held: held(),
      moved: Number(sh('ip route show proto 12 | grep -c 10.9.0.3')),
    };
  },

  async overrun() {
    const count = 20_000;
    await start();
    want(0, count, via('10.9.0.2'));
    drive();
    await turn(20);
    const lines = Array.from(
      { length: 60_000 },
      (_, i) => `route add blackhole 30.0.${i >> 8}.${i & 255}/32`,
    );
    const deleted = Array.from({ length: 100 }, (_, i) => `route delete ${nth(i)}`);
    // Nobody reads the events meanwhile, while our own routes are written on.
    want(count, 2 * count, via('10.9.0.3'));
    drive();
    const input = [...deleted, ...lines].join('\n');
    execFileSync('ip', ['-force', '-batch', '-'], { input, stdio: ['pipe', 'ignore', 'ignore'] });
    await untilQuiet();
    // The loss is told once what was queued before it has been read, which takes longer than writing the routes.
    const end = now() + 20_000;
    while (fib.totals.overruns === 0 && now() < end) await turn(10);
    await untilQuiet();
    return { overruns: fib.totals.overruns, held: held() };
  },

  async foreignDelete() {
    await start();
    let deleted = 0;
    for (let round = 0; round < 20; round++) {
      want(round * 600, (round + 1) * 600, via('10.9.0.2'));
      drive();
      // Before the loop hears of the batch: the thread writes, somebody deletes, and only then both are told.
      const victim = nth(round * 600);
      const end = now() + 2_000;
      while (now() < end) {
        if (sh(`ip route show ${victim}`) === '') continue;
        sh(`ip route delete ${victim}`);
        deleted++;
        break;
      }
      await untilQuiet();
    }
    return { deleted, held: await heldInTheEnd(20 * 600) };
  },
};

/** The descriptor of the netlink socket with this port, as the kernel lists it. */
function fdOfPort(port: number): number {
  const lines = readFileSync('/proc/self/net/netlink', 'utf8').split('\n').slice(1);
  const inode = lines
    .map((line) => line.trim().split(/\s+/))
    .find((words) => Number(words[2]) === port)
    ?.at(-1);
  for (const fd of readdirSync('/proc/self/fd')) {
    if (linkOf(fd) === `socket:[${inode}]`) return Number(fd);
  }
  throw new Error(`no descriptor for port ${port}`);
}

/** The descriptor of the listing itself is gone by now. */
function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

const scenario = SCENARIOS[process.argv[2] ?? ''];
if (scenario === undefined) throw new Error(`No scenario ${process.argv[2]}`);
const result = await scenario();
shell.close();
console.log(JSON.stringify(result));
