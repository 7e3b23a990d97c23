/**
 * The fabric for an ordinary user: the same program once more, in a user, network and mount
 * namespace of its own (`unshare -Urnm`) where it is root. This process stays outside and lends it
 * one port of the host.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect, createServer, type Server, Socket } from 'node:net';
import { run, runOk } from './process.ts';
import { MissingError, requirePrograms } from './programs.ts';
import { listens } from './publish.ts';
import { hostSocket } from './publish-nodes.ts';
import { fabricDir } from './state.ts';
import { fabricNames } from './topology.ts';

/** Set for the program inside; its value is the user's number outside. */
export const INSIDE_ENV = 'GODWIT_FABRIC_OUTSIDE_UID';

/** Runs the fabric inside a user namespace and returns its exit status. */
export async function runInUserNamespace(options: {
  /** First port of the host to try. */
  readonly port: number;
  readonly identity: string;
  readonly say: (line: string) => void;
}): Promise<number> {
  const { port, identity, say } = options;
  requirePrograms(['unshare']);
  const uid = process.getuid?.() ?? 0;
  const probe = await run(['unshare', '-Urnm', 'true']);
  if (probe.code !== 0) {
    throw new MissingError(
      `Not root, and this system lets nobody else make namespaces (${probe.stderr.trim()}). ` +
        'Run it as root: sudo npm start. (A simulated fabric comes with a later version.)',
    );
  }
  say('Not root: the fabric runs in a user namespace (unshare -Urnm)');
  const server = await lendPort(port, hostSocket(fabricDir(fabricNames(identity).id, uid)));
  say(`Metrics, once it runs: http://127.0.0.1:${server.port}/`);
  const script = process.argv[1] ?? '';
  const args = ['-Urnm', '--', process.execPath, script, ...process.argv.slice(2)];
  const env = { ...process.env, [INSIDE_ENV]: String(uid) };
  const stdio: ('inherit' | 'pipe')[] = ['inherit', 'inherit', 'inherit', 'pipe'];
  const child = spawn('unshare', args, { stdio, env, detached: true });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => child.kill(signal));
  }
  const status = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
  server.close();
  return status;
}

/**
 * First steps inside: a /run of its own, where iproute2 may keep its namespaces, and an end to the
 * fabric when the process outside is gone, however it went.
 */
export async function prepareInside(): Promise<void> {
  await runOk(['mount', '-t', 'tmpfs', '-o', 'mode=0755', 'tmpfs', '/run']);
  mkdirSync('/run/netns');
  // Descriptor 3 is the pipe that runInUserNamespace() made; it ends with that process.
  const outside = new Socket({ fd: 3 });
  outside.on('error', () => process.kill(process.pid, 'SIGTERM'));
  outside.on('end', () => process.kill(process.pid, 'SIGTERM'));
  outside.resume();
  outside.unref();
}

interface LentPort {
  readonly port: number;
  close(): void;
}

/** Listens on the first free port of the host from `first` on; each connection goes to `path`. */
async function lendPort(first: number, path: string): Promise<LentPort> {
  for (let port = first; port < first + PORTS_TRIED; port++) {
    const server: Server = createServer((caller) => {
      const inside = connect({ path });
      caller.pipe(inside).pipe(caller);
      // Before the fabric is up nobody listens there: the caller sees a closed connection.
      inside.on('error', () => caller.destroy());
      caller.on('error', () => inside.destroy());
    });
    if (await listens(server, { host: '127.0.0.1', port })) {
      return { port, close: () => server.close() };
    }
  }
  throw new Error(`No free port on 127.0.0.1 from ${first} to ${first + PORTS_TRIED - 1}`);
}

const PORTS_TRIED = 20;
