/** Which daemon the command speaks to: `--socket`, `-n NODE`, `GODWIT_SOCKET`, or the one that runs here. */

import { type Dirent, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const RUN_DIRECTORY = '/run/godwit';
const SOCKET_NAME = 'godwit.sock';
/** `/run/godwit/<fabric>/<node>/godwit.sock`. */
const DEPTH_MAX = 2;

export interface SocketQuestion {
  readonly socket?: string | undefined;
  readonly node?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Where daemons put their sockets when nothing else is said; the first has the usual one. */
  readonly directories?: readonly string[];
}

export type FoundSocket = { readonly path: string } | { readonly error: string };

/** @returns the path, or a sentence that says which sockets there are. */
export function findSocket(question: SocketQuestion): FoundSocket {
  const { socket, node, env, directories = runDirectories() } = question;
  if (socket !== undefined) return { path: socket };
  const named = env['GODWIT_SOCKET'];
  if (node === undefined && named !== undefined && named !== '') return { path: named };
  const found = directories.flatMap((directory) => socketsBelow(directory, DEPTH_MAX)).sort();
  const there =
    found.length === 0 ? `Below ${directories.join(' and ')} there is no socket` : list(found);
  return node === undefined
    ? theOne(found, join(directories[0] ?? RUN_DIRECTORY, SOCKET_NAME))
    : ofNode(found, node, there);
}

function theOne(found: readonly string[], usual: string): FoundSocket {
  if (found.includes(usual) || found.length === 0) return { path: usual };
  if (found.length === 1) return { path: found[0]! };
  return { error: `Several daemons run here; say which with -n NODE or --socket. ${list(found)}` };
}

function ofNode(found: readonly string[], node: string, there: string): FoundSocket {
  const matching = found.filter((path) => path.endsWith(`/${node}/${SOCKET_NAME}`));
  if (matching.length === 1) return { path: matching[0]! };
  if (matching.length === 0) return { error: `No daemon of a node ${node} runs here. ${there}` };
  return { error: `Several daemons are called ${node}; use --socket. ${list(matching)}` };
}

function list(paths: readonly string[]): string {
  return `Sockets: ${paths.join(', ')}`;
}

/** The demonstration fabric of an ordinary user is below /tmp: looked at only when it is the user's own. */
function runDirectories(): readonly string[] {
  const uid = process.getuid?.() ?? 0;
  const own = join(tmpdir(), `godwit-${uid}`);
  const stat = statSync(own, { throwIfNoEntry: false });
  return stat?.uid === uid ? [RUN_DIRECTORY, own] : [RUN_DIRECTORY];
}

function socketsBelow(directory: string, depth: number): string[] {
  let entries: readonly Dirent[];
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch {
    return []; // not there, or not ours to read: as good as none
  }
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.name === SOCKET_NAME) return [path];
    return depth > 0 && entry.isDirectory() ? socketsBelow(path, depth - 1) : [];
  });
}
