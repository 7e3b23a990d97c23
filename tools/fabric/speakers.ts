/**
 * The daemons of the fabric: how each kind is started in its namespace and asked for its sessions.
 * FRR and OpenBGPD, which want more around them, have files of their own.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FoundPeer, findPeer, type PeerName } from '../../test/support/peers.ts';
import { REPOSITORY } from '../cache-dir.ts';
import { parseProtocols } from './birdc.ts';
import type { Namespace } from './netns.ts';
import { delay, logTail, type Running, run, runOk, startProcess } from './process.ts';
import { MissingError } from './programs.ts';
import { godwitYaml, type ResourceFiles } from './resources.ts';

/** One session as its daemon tells it, whichever daemon that is. */
export interface SessionSeen {
  readonly address: string;
  readonly as: number;
  readonly state: string;
  /** Why it is not Established, where the daemon says so. */
  readonly reason: string | undefined;
}

export interface Speaker {
  readonly member: string;
  /** What plays the part: `godwit`, `BIRD 2.0.12`, `gobgp version 3.10.0`. */
  readonly software: string;
  readonly running: Running;
  /** Further processes of the same speaker. */
  readonly beside?: readonly Running[];
  sessions(): Promise<SessionSeen[]>;
}

export interface SpeakerPlace {
  readonly member: string;
  readonly namespace: Namespace;
  /** Directory of the member; made here. */
  readonly dir: string;
  /** Called as soon as the process runs, so that it is cleaned up whatever happens next. */
  readonly record: (running: Running) => void;
}

/** Address of a node's metrics and dashboard, inside its namespace. */
export const NODE_HTTP = '127.0.0.1:9179';

export const GODWITD = join(REPOSITORY, 'src/bin/godwitd.ts');
export const GODWIT = join(REPOSITORY, 'src/bin/godwit.ts');

/** The programs of this checkout, or those that are installed in the folder `GODWIT_PROGRAMS`. */
function program(name: 'godwitd' | 'godwit'): readonly string[] {
  const installed = process.env['GODWIT_PROGRAMS'];
  if (installed !== undefined) return [join(installed, name)];
  return [process.execPath, name === 'godwitd' ? GODWITD : GODWIT];
}

/**
 * @param source  What is to stand in the directory of its resources, or the members of etcd that have them.
 * @param base  The godwit.yaml of its container, of which everything but places is kept.
 */
export async function startGodwit(
  place: SpeakerPlace,
  source: ResourceFiles | { readonly endpoints: readonly string[] },
  base?: string,
): Promise<Speaker> {
  const { member, namespace, dir, record } = place;
  const endpoints = Array.isArray(source['endpoints']) ? source['endpoints'] : undefined;
  mkdirSync(join(dir, 'resources'), { recursive: true });
  for (const [name, text] of endpoints === undefined ? Object.entries(source) : []) {
    writeFileSync(join(dir, 'resources', name), text as string);
  }
  const config = join(dir, 'godwit.yaml');
  const places = {
    dir,
    httpListen: NODE_HTTP,
    ...(endpoints === undefined ? {} : { endpoints }),
    ...(base === undefined ? {} : { base }),
  };
  writeFileSync(config, godwitYaml(member, places));
  const argv = namespace.enter([...program('godwitd'), '--config', config]);
  const logPath = join(dir, 'godwit.log');
  const running = await startProcess({ name: `godwitd ${member}`, argv, logPath });
  record(running);
  const socket = join(dir, 'godwit.sock');
  return { member, software: 'godwit', running, sessions: () => godwitSessions(socket) };
}

/** One JSON object a line, as `godwit show neighbors --json` prints them. */
interface NeighborLine {
  readonly address: string;
  readonly remoteAs: number;
  readonly state: string;
  readonly downBecause?: string;
  readonly lastError?: string;
}

async function godwitSessions(socket: string): Promise<SessionSeen[]> {
  const ask = [...program('godwit'), '--socket', socket, 'show', 'neighbors', '--json'];
  return parseNeighborLines(await runOk(ask, { timeoutMs: 10_000 }));
}

/** Exported for its test. */
export function parseNeighborLines(text: string): SessionSeen[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const neighbor = JSON.parse(line) as NeighborLine;
    const { address, remoteAs, state } = neighbor;
    return { address, as: remoteAs, state, reason: neighbor.downBecause ?? neighbor.lastError };
  });
}

/** Expected sessions of `node`, name by address, that are absent or not Established. */
export function missingSessions(
  node: string,
  wanted: ReadonlyMap<string, string>,
  seen: readonly SessionSeen[],
): string[] {
  return [...wanted].flatMap(([address, peer]) => {
    const session = seen.find((one) => one.address === address);
    if (session?.state === 'Established') return [];
    const what = session === undefined ? 'not configured' : session.state;
    const why = session?.reason === undefined ? '' : ` (${session.reason})`;
    return [`${node}: session with ${peer} ${address} is ${what}${why}`];
  });
}

export async function startBird(place: SpeakerPlace, config: string): Promise<Speaker> {
  const { member, namespace, dir, record } = place;
  const bird = requirePeer('bird2');
  mkdirSync(dir, { recursive: true });
  const conf = join(dir, 'bird.conf');
  const socket = join(dir, 'bird.ctl');
  const logPath = join(dir, 'bird.log');
  writeFileSync(conf, config);
  const argv = namespace.enter([bird.daemon, '-f', '-c', conf, '-s', socket]);
  const env = { ...process.env, ...bird.env };
  const running = await startProcess({ name: `bird ${member}`, argv, logPath, env });
  record(running);
  const sessions = async (): Promise<SessionSeen[]> => {
    const text = await runOk([bird.client, '-s', socket, 'show', 'protocols', 'all'], { env });
    return parseProtocols(text).flatMap((one) =>
      one.proto !== 'BGP'
        ? []
        : [
            {
              address: one.neighborAddress ?? '?',
              as: one.neighborAs ?? 0,
              state: one.bgpState ?? one.info,
              reason: one.lastError ?? one.info,
            },
          ],
    );
  };
  return { member, software: bird.version, running, sessions };
}

export interface GobgpStart {
  readonly toml: string;
  /** Arguments of `gobgp`, each run once the daemon answers. */
  readonly announce: readonly (readonly string[])[];
}

export async function startGobgp(place: SpeakerPlace, start: GobgpStart): Promise<Speaker> {
  const { member, namespace, dir, record } = place;
  const gobgp = requirePeer('gobgpd');
  mkdirSync(dir, { recursive: true });
  const conf = join(dir, 'gobgp.toml');
  const logPath = join(dir, 'gobgp.log');
  writeFileSync(conf, start.toml);
  const argv = namespace.enter([gobgp.daemon, '-f', conf, '--api-hosts', '127.0.0.1:50051']);
  const env = { ...process.env, ...gobgp.env };
  const running = await startProcess({ name: `gobgpd ${member}`, argv, logPath, env });
  record(running);
  const ask = async (args: readonly string[]): Promise<string> =>
    runOk(namespace.enter([gobgp.client, ...args]), { env });
  await untilAnswers(() => run(namespace.enter([gobgp.client, 'global']), { env }), running);
  for (const args of start.announce) await ask(args);
  const sessions = async (): Promise<SessionSeen[]> =>
    parseGobgpNeighbors(await ask(['neighbor', '-j']));
  return { member, software: gobgp.version, running, sessions };
}

interface GobgpNeighbor {
  readonly state: {
    readonly neighbor_address: string;
    readonly peer_asn?: number;
    readonly session_state?: number;
  };
}

/** `gobgp neighbor -j`: states are numbers from 1 (Idle) to 6 (Established) in RFC 4271's order. */
export function parseGobgpNeighbors(text: string): SessionSeen[] {
  return (JSON.parse(text) as GobgpNeighbor[]).map(({ state }) => ({
    address: state.neighbor_address,
    as: state.peer_asn ?? 0,
    state: GOBGP_STATES[state.session_state ?? 0] ?? 'unknown',
    reason: undefined,
  }));
}

const GOBGP_STATES = [
  'unknown',
  'Idle',
  'Connect',
  'Active',
  'OpenSent',
  'OpenConfirm',
  'Established',
] as const;

/** Waits until a daemon that has been started answers its client. */
export async function untilAnswers(
  ask: () => Promise<{ readonly code: number | undefined; readonly stderr: string }>,
  running: Running,
): Promise<void> {
  let said = '';
  for (let waited = 0; waited < ANSWER_MS_MAX && running.ended === undefined; waited += 100) {
    const result = await ask();
    if (result.code === 0) return;
    said = result.stderr.trim();
    await delay(100);
  }
  throw new Error(`${running.name} does not answer (${said}): ${logTail(running.logPath)}`);
}

/** @throws {MissingError} */
export function requirePeer(name: PeerName): FoundPeer {
  const peer = findPeer(name);
  if ('missing' in peer) throw new MissingError(peer.missing);
  return peer;
}

/** A daemon that has not opened its control interface by then will not do so. */
const ANSWER_MS_MAX = 10_000;
