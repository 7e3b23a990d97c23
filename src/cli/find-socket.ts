/** Which daemon the command speaks to: `--socket`, `-n NODE`, `GODWIT_SOCKET`, or the one that runs here. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const RUN_DIRECTORY = '/run/godwit';
const SOCKET_NAME = 'godwit.sock';

export interface SocketQuestion {
  readonly socket?: string | undefined;
  readonly node?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Where daemons put their sockets when nothing else is said. */
  readonly runDirectory?: string;
}

/** @returns the path, or a sentence that says which sockets there are. */
export function findSocket({
  socket,
  node,
  env,
  runDirectory = RUN_DIRECTORY,
}: SocketQuestion): { path: string } | { error: string } {
  if (socket !== undefined) return { path: socket };
  const named = env['GODWIT_SOCKET'];
  if (node === undefined && named !== undefined && named !== '') return { path: named };
  const found = socketsBelow(runDirectory, 2).sort();
  if (node === undefined) {
    const usual = join(runDirectory, SOCKET_NAME);
    if (found.includes(usual) || found.length === 0) return { path: usual };
    if (found.length === 1) return { path: found[0]! };
    return {
      error: `Several daemons run here; say which with -n NODE or --socket. ${list(found, runDirectory)}`,
    };
  }
  const matching = found.filter((path) => path.endsWith(`/${node}/${SOCKET_NAME}`));
  if (matching.length === 1) return { path: matching[0]! };
  if (matching.length > 1)
    return {
      error: `Several daemons are called ${node}; use --socket. ${list(matching, runDirectory)}`,
    };
  return { error: `No daemon of a node ${node} runs here. ${list(found, runDirectory)}` };
}

function list(paths: readonly string[], runDirectory: string): string {
  return paths.length === 0
    ? `There is no socket below ${runDirectory}`
    : `Sockets: ${paths.join(', ')}`;
}

/** `/run/godwit/godwit.sock` and `/run/godwit/<fabric>/<node>/godwit.sock`. */
function socketsBelow(directory: string, depth: number): string[] {
  let entries: ReturnType<typeof entriesOf>;
  try {
    entries = entriesOf(directory);
  } catch {
    return []; // not there, or not ours to read: as good as none
  }
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.name === SOCKET_NAME) return [path];
    return depth > 0 && entry.isDirectory() ? socketsBelow(path, depth - 1) : [];
  });
}

function entriesOf(directory: string) {
  return readdirSync(directory, { withFileTypes: true });
}
