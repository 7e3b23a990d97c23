/**
 * `npm start`: the demonstration fabric or another containerlab topology, and with `--check` its proof. Exit status 0:
 * everything as is expected of the topology; 1: it is not, and what is wrong was printed; 2 usage, 69 something is
 * missing here, 73 the fabric of this checkout runs already, 78 the topology asks for what is not played here.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT_USAGE } from '../arguments.ts';
import { REPOSITORY } from '../cache-dir.ts';
import { prove } from './check.ts';
import { proveStore } from './check-store.ts';
import { Fabric } from './fabric.ts';
import { type Lab, labTitle, readLab } from './lab-file.ts';
import { LabError } from './lab-yaml.ts';
import { proveOutage } from './outage.ts';
import { MissingError, requirePrograms, rightsHere } from './programs.ts';
import { publishNodes } from './publish-nodes.ts';
import { describeNode, describeProof, describeUse } from './report.ts';
import { RunningError } from './state.ts';
import { requireEtcd } from './store.ts';
import { DEMO, DEMO_FILE } from './topology.ts';
import { INSIDE_ENV, prepareInside, runInUserNamespace } from './user-namespace.ts';

const USAGE = `usage: npm start [-- OPTIONS]
  --check         prove the fabric, take it down and exit: 0 when all is as it should be
  --away S        with --datastore etcd --check: seconds for which etcd is dead (default 10)
  --datastore KIND  file (default): a directory of YAML a node; or etcd: a real one for all
  --nodes KIND    godwit (default), or bird: a rehearsal with BIRD 2 on the nodes
  --name NAME     a fabric beside the checkout's own: other namespaces, other directory
  --peers KIND    found (default): BIRD 2 as ToR and GoBGP outside where found; or godwit
  --pings N       echo requests for each ordered pair of pods and family (default 5)
  --port N        first port of the host to try for metrics and dashboard (default 9179)
  --timeout S     seconds to wait for convergence (default 60)
  --topology FILE  a containerlab topology (default config/containerlab/godwit.clab.yml), with
                  what is expected of it in FILE's neighbor NAME.expect.yml`;

interface Options {
  readonly check: boolean;
  readonly lab: Lab;
  readonly demonstration: boolean;
  readonly awayMs: number;
  readonly datastore: 'file' | 'etcd';
  readonly nodes: 'godwit' | 'bird';
  readonly peers: 'found' | 'godwit';
  /** What tells this fabric from others: the checkout, and the name given. */
  readonly identity: string;
  readonly pings: number;
  readonly port: number;
  readonly timeoutMs: number;
}

class UsageError extends Error {
  override readonly name = 'UsageError';
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return 0;
  const inside = process.env[INSIDE_ENV];
  if (inside !== undefined) {
    await prepareInside();
    return runFabric(options, Number(inside));
  }
  requirePrograms(['ip', 'nsenter', 'ping', ...(options.check ? (['tcpdump'] as const) : [])]);
  const rights = rightsHere();
  if (rights.kind === 'none') throw new MissingError(rights.reason);
  if (rights.kind === 'root') return runFabric(options, 0);
  return runInUserNamespace({ ...options, say });
}

async function runFabric(options: Options, outsideUid: number): Promise<number> {
  const { identity: checkout, datastore } = options;
  if (datastore === 'etcd') requireEtcd();
  const fabric = new Fabric({ ...options, checkout, outsideUid, say });
  const interrupted = whenInterrupted();
  let closePort: (() => Promise<void>) | undefined;
  try {
    const work = async (): Promise<number> => {
      await fabric.up();
      const status = await converge(fabric, options);
      if (status !== 0 || options.check) return status;
      const published = await publishNodes(fabric, { port: options.port, outsideUid });
      closePort = published.close;
      say(describeUse(fabric, published.port));
      return RUNS_ON;
    };
    const working = work();
    // Once interrupted, its end is of no interest: what it began is undone below.
    working.catch(() => undefined);
    const status = await Promise.race([working, interrupted]);
    if (status !== RUNS_ON) return status;
    await interrupted;
    return 0;
  } finally {
    say('Taking the fabric down');
    await closePort?.();
    await fabric.down();
  }
}

/** Waits, prints each node, proves. Returns the exit status. */
async function converge(fabric: Fabric, options: Options): Promise<number> {
  const started = performance.now();
  const seconds = (): string => ((performance.now() - started) / 1000).toFixed(1);
  const amiss = await fabric.waitConverged(options.timeoutMs);
  if (amiss.length > 0) {
    say(`\nNot converged after ${seconds()} s:\n  ${amiss.join('\n  ')}`);
    say(fabric.logTails());
    return 1;
  }
  say(`Converged ${seconds()} s after the daemons started`);
  for (const { name } of fabric.nodes) say(await describeNode(fabric, name));
  const proof = await prove(fabric, options.pings);
  say(describeProof(fabric, proof));
  const failures = [...proof.failures];
  if (options.check && fabric.store !== undefined) {
    const stored = await proveStore(fabric, fabric.store, options.awayMs);
    for (const line of stored.lines) say(line);
    failures.push(...stored.failures);
  }
  for (const outage of options.check ? fabric.expected.outages : []) {
    const died = await proveOutage(fabric, outage);
    say(died.line);
    failures.push(...died.failures);
  }
  if (failures.length === 0) {
    say('Check passed');
    return 0;
  }
  say(`\nCheck failed:\n  ${failures.join('\n  ')}`);
  say(fabric.logTails());
  return 1;
}

/** Settles at the first SIGINT, SIGTERM, SIGHUP or lost reader; further ones change nothing. */
function whenInterrupted(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve(INTERRUPTED));
    }
    // EPIPE: whoever read what we say has gone, as a terminal that was closed.
    process.stdout.on('error', () => resolve(INTERRUPTED));
  });
}

function readOptions(): Options | undefined {
  const { values } = parse();
  if (values.help === true) {
    say(USAGE);
    return undefined;
  }
  const datastore = readChoice('datastore', values.datastore, ['file', 'etcd']);
  const nodes = readChoice('nodes', values.nodes, ['godwit', 'bird']);
  const peers = readChoice('peers', values.peers, ['found', 'godwit']);
  const file = resolve(values.topology ?? DEMO_FILE);
  const demonstration = file === DEMO_FILE;
  const lab = demonstration ? DEMO : readLab(file);
  if (!demonstration && (datastore !== 'file' || nodes !== 'godwit' || peers !== 'found')) {
    throw new UsageError(
      '--datastore, --nodes and --peers change the demonstration; with --topology the file says who is what',
    );
  }
  // Different topologies of one checkout run side by side.
  const title = values.name ?? (demonstration ? undefined : labTitle(lab));
  return {
    awayMs: readNumber('away', values.away ?? '10', { min: 4, max: 3600 }) * 1000,
    check: values.check === true,
    datastore,
    demonstration,
    lab,
    nodes,
    peers,
    identity: title === undefined ? REPOSITORY : `${REPOSITORY}#${title}`,
    pings: readNumber('pings', values.pings ?? '5', { min: 1, max: 1000 }),
    port: readNumber('port', values.port ?? '9179', { min: 1, max: 65_000 }),
    timeoutMs: readNumber('timeout', values.timeout ?? '60', { min: 1, max: 3600 }) * 1000,
  };
}

/** One of `choices`, the first by default. */
function readChoice<const T extends string>(
  name: string,
  value: string | undefined,
  choices: readonly [T, T],
): T {
  const choice = choices.find((one) => one === (value ?? choices[0]));
  if (choice !== undefined) return choice;
  throw new UsageError(`--${name} is ${choices.join(' or ')}, not ${JSON.stringify(value)}`);
}

function parse(): { values: ParsedValues } {
  try {
    return parseArgs({
      options: {
        away: { type: 'string' },
        check: { type: 'boolean' },
        datastore: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        name: { type: 'string' },
        nodes: { type: 'string' },
        peers: { type: 'string' },
        pings: { type: 'string' },
        port: { type: 'string' },
        timeout: { type: 'string' },
        topology: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

interface ParsedValues {
  readonly away?: string;
  readonly check?: boolean;
  readonly datastore?: string;
  readonly help?: boolean;
  readonly name?: string;
  readonly nodes?: string;
  readonly peers?: string;
  readonly pings?: string;
  readonly port?: string;
  readonly timeout?: string;
  readonly topology?: string;
}

function readNumber(name: string, text: string, range: { min: number; max: number }): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= range.min && value <= range.max) return value;
  throw new UsageError(
    `--${name} is a whole number from ${range.min} to ${range.max}, not "${text}"`,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function statusOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT_USAGE;
  if (error instanceof MissingError) return 69;
  if (error instanceof RunningError) return 73;
  if (error instanceof LabError) return 78;
  return 1;
}

/** As a shell reports a program that SIGINT ended. */
const INTERRUPTED = 130;
const RUNS_ON = -1;

try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = statusOf(error);
  const expected = process.exitCode !== 1;
  process.stderr.write(`${expected ? (error as Error).message : (error as Error).stack}\n`);
  if (error instanceof UsageError) process.stderr.write(`${USAGE}\n`);
}
