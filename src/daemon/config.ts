/**
 * godwit.yaml and calico-node's environment variables → `Settings`.
 *
 * Every key is optional, an unknown key is an error with the nearest known one, nothing is expanded. What the network
 * looks like is not said here but in Calico's resources. The file wins over the environment.
 */

import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { MetricsOptions } from '../api/metrics.ts';
import type { ConfigError } from '../base/errors.ts';
import { plainDocument, type RawDocument } from '../datastore/documents.ts';
import { asObject, Fields, type Finding, type Findings } from '../datastore/fields.ts';
import {
  type CalicoCompat,
  type DatastoreType,
  managesTunnel,
  outsidePolicyFor,
  type PlanOptions,
} from '../datastore/plan-options.ts';
import type { RouteExtras } from '../fib/kernel-rules.ts';
import { parseYamlFile } from '../io/yaml-documents.ts';
import { type IpAddress, ipFamily, parseIpAddress } from '../net/ip-address.ts';
import { type DatastoreSettings, readDatastore } from './datastore-settings.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { LOG_LEVELS, type LogLevelName } from './log-levels.ts';
import { readPath } from './setting-readers.ts';

const DEFAULT_CONFIG_PATH = '/etc/godwit/godwit.yaml';

/** Largest routing table number: 32 bits (RTA_TABLE). */
const TABLE_MAX = 4_294_967_295;

/** IFNAMSIZ without its terminating zero. */
const INTERFACE_NAME_MAX = 15;
const INTERFACE_NAME = new RegExp(`^[^\\s/]{1,${INTERFACE_NAME_MAX}}$`);
/** What every IPv4 host takes (RFC 1122 §3.3.2); the kernel itself refuses less than 1280 for IPv6. */
const ROUTE_MTU_MIN = 576;

/** A terabyte: more is a slip of the pen. */
const RECORD_MIB_MAX = 1_048_576;

export interface Settings {
  readonly nodeName: string;
  readonly datastore: DatastoreSettings;
  readonly stateDir: string;
  readonly kernel: KernelSettings;
  readonly controlSocket: string;
  /** `auto` already resolved: on for etcd and kubernetes, off for file. `path` is the directory of both. */
  readonly bird: { readonly sockets: boolean; readonly path: string };
  /** Undefined when switched off. */
  readonly http: { readonly address: string; readonly port: number } | undefined;
  readonly metrics: MetricsOptions;
  readonly log: LogSettings;
  readonly record: RecordSettings;
  /** Felix's directory of endpoints that ask for sessions; undefined where no Felix is expected. */
  readonly endpointStatus: string | undefined;
  /** For `planFor`. */
  readonly plan: PlanOptions;
}

export interface KernelSettings {
  readonly enabled: boolean;
  /** 0 with `vrf`, unless set beside it: the one that the VRF has. */
  readonly table: number;
  /** The VRF that the node lives in: its sessions, its links, its routes. */
  readonly vrf?: string;
  readonly tunnelDevice: string;
  /** Whether the tunnel device is ours to make, raise and address; `auto`: with the `file` datastore. */
  readonly manageTunnel: 'auto' | boolean;
  /** `src` and `mtu` of routes; undefined where neither is set, as in Calico. */
  readonly routeExtras?: RouteExtras;
}

export interface LogSettings {
  /** Undefined: what BGPConfiguration's logSeverityScreen says. */
  readonly level: LogLevelName | undefined;
  readonly format: 'auto' | 'pretty' | 'json';
}

export interface RecordSettings {
  /** From the start of the daemon on; otherwise when `godwit record start` says so. */
  readonly enabled: boolean;
  readonly file: string;
  /** Of all parts of a recording together. */
  readonly limitMiB: number;
}

export interface SettingsResult {
  /** Undefined when there is an error among the problems. */
  readonly settings?: Settings;
  readonly problems: readonly ConfigError[];
}

export interface LoadOptions {
  /** `--config`; undefined: the default path, which may be missing. */
  readonly configPath?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads the file and the environment; never throws for what stands in either. */
export async function loadSettings({ configPath, env }: LoadOptions): Promise<SettingsResult> {
  const path = configPath ?? DEFAULT_CONFIG_PATH;
  let text = '';
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? 'EIO';
    if (configPath !== undefined || errno !== 'ENOENT') {
      return { problems: [unreadable(path, errno)] };
    }
  }
  return readSettings({ file: path, text, env, hostName: hostname() });
}

export interface SettingsSource {
  readonly file: string;
  readonly text: string;
  readonly env: LoadOptions['env'];
  readonly hostName: string;
}

/** Pure but for its types: the text of the file and the environment → settings. */
export function readSettings({ file, text, env, hostName }: SettingsSource): SettingsResult {
  const parsed = parseYamlFile(file, text);
  if (!parsed.ok) return { problems: [parsed.error] };
  const problems: ConfigError[] = [];
  const document = parsed.documents[0] ?? plainDocument(file, {});
  const extra = parsed.documents[1];
  if (extra !== undefined) problems.push(secondDocument(extra));
  const value = asObject(document.value);
  if (value === undefined) return { problems: [notAnObject(document)] };
  const findings: Findings = { document, resource: undefined, unknownKeys: 'error', problems };
  const environment = readEnvironment(env, problems);
  const settings = read(new Fields(findings, [], value), environment, hostName);
  const failed = problems.some((problem) => problem.severity === 'error');
  return failed ? { problems } : { settings, problems };
}

function read(root: Fields, environment: Environment, hostName: string): Settings {
  const nodeName = root.text('nodeName') ?? environment.nodeName ?? hostName.toLowerCase();
  const datastore = readDatastore(section(root, 'datastore'), environment);
  const kernel = readKernel(root);
  const state = section(root, 'state');
  const stateDir = readPath(state, 'dir') ?? '/var/lib/godwit';
  const control = section(root, 'control');
  const controlSocket = readPath(control, 'socket') ?? '/run/godwit/godwit.sock';
  const bird = section(root, 'bird');
  const sockets = bird.oneOf('sockets', ['auto', 'on', 'off']) ?? 'auto';
  const birdPath = readPath(bird, 'path') ?? '/var/run/calico';
  const http = readHttp(root);
  const metrics = readMetrics(root);
  const log = readLog(root, environment);
  const record = readRecord(root, stateDir);
  const compat = section(root, 'compat');
  const calico = compat.oneOf('calico', ['auto', 'v3.31', 'v3.32', 'v3.33']) ?? 'auto';
  const policy = section(root, 'policy');
  const outside = policy.oneOf('outside', ['auto', 'calico', 'least-privilege']) ?? 'auto';
  for (const part of [state, control, bird, compat, policy, root]) part.finish();
  return {
    nodeName,
    datastore,
    stateDir,
    kernel,
    controlSocket,
    bird: {
      sockets: sockets === 'auto' ? datastore.type !== 'file' : sockets === 'on',
      path: birdPath,
    },
    http,
    metrics,
    log,
    record,
    endpointStatus: endpointStatusOf(datastore.type, environment),
    plan: planOptions({ datastore: datastore.type, calico, outside, kernel, environment }),
  };
}

/** Beside files there is no Felix, unless somebody says where. */
function endpointStatusOf(
  datastore: DatastoreType,
  { endpointStatusPrefix }: Environment,
): string | undefined {
  const prefix = endpointStatusPrefix ?? (datastore === 'file' ? undefined : '/var/run/calico');
  return prefix === undefined ? undefined : `${prefix}/endpoint-status`;
}

interface PlanParts {
  readonly datastore: DatastoreType;
  readonly calico: CalicoCompat;
  readonly outside: 'auto' | PlanOptions['outside'];
  readonly kernel: KernelSettings;
  readonly environment: Environment;
}

function planOptions({ datastore, calico, outside, kernel, environment }: PlanParts): PlanOptions {
  const { routerId, secretNamespace, kubernetesNode, advertiseClusterIps, usePodCidr } =
    environment;
  return {
    datastore,
    compat: calico,
    outside: outsidePolicyFor(outside, datastore),
    table: kernel.table,
    ...(kernel.vrf === undefined ? {} : { vrf: kernel.vrf }),
    tunnelDevice: kernel.tunnelDevice,
    ...(kernel.enabled && managesTunnel(kernel.manageTunnel, datastore)
      ? { manageTunnel: true }
      : {}),
    ...(kernel.routeExtras === undefined ? {} : { routeExtras: kernel.routeExtras }),
    ...(routerId === undefined ? {} : { routerId }),
    ...(secretNamespace === undefined ? {} : { secretNamespace }),
    ...(usePodCidr ? { usePodCidr } : {}),
    ...(kubernetesNode === undefined ? {} : { kubernetesNode }),
    ...(advertiseClusterIps === undefined ? {} : { advertiseClusterIps }),
  };
}

/** A section that is not written has all its defaults. */
function section(root: Fields, name: string): Fields {
  return root.object(name) ?? new Fields(root.findings, [name], {});
}

function readKernel(root: Fields): KernelSettings {
  const fields = section(root, 'kernel');
  const what = `the name of an interface: 1 to ${INTERFACE_NAME_MAX} characters, no blank, no /`;
  const tunnelDevice = fields.parsed('tunnelDevice', what, (value) =>
    isInterfaceName(value) ? value : undefined,
  );
  const vrf = fields.parsed('vrf', what, (value) => (isInterfaceName(value) ? value : undefined));
  const manageTunnel = fields.parsed('manageTunnel', 'auto, true or false', (value) =>
    value === 'auto' || typeof value === 'boolean' ? value : undefined,
  );
  if (vrf !== undefined && manageTunnel === true) fields.report('manageTunnel', TUNNEL_IN_VRF);
  const kernel: KernelSettings = {
    enabled: fields.boolean('enabled') ?? true,
    table: fields.integer('table', { min: 1, max: TABLE_MAX }) ?? (vrf === undefined ? 254 : 0),
    ...(vrf === undefined ? {} : { vrf }),
    tunnelDevice: tunnelDevice ?? 'tunl0',
    manageTunnel: vrf === undefined ? (manageTunnel ?? 'auto') : false,
    ...readRouteExtras(fields),
  };
  fields.finish();
  return kernel;
}

const TUNNEL_IN_VRF: Finding = {
  code: 'BadValue',
  message: 'Not together with vrf: the device tunl0 looks its own packets up in the main table',
  remedy:
    'Make a device of your own (ip link add tun-blue type ipip local ADDRESS dev eth0, then master the VRF) and name it in tunnelDevice',
  value: true,
};

function isInterfaceName(value: unknown): value is string {
  return typeof value === 'string' && INTERFACE_NAME.test(value);
}

function readRouteExtras(kernel: Fields): { routeExtras?: RouteExtras } {
  const sources = section(kernel, 'preferredSource');
  const addressOf = (name: 'ipv4' | 'ipv6', family: 4 | 6): IpAddress | undefined =>
    sources.parsed(name, `an IPv${family} address of this node`, (value) => {
      const address = typeof value === 'string' ? parseIpAddress(value) : undefined;
      return address !== undefined && ipFamily(address) === family ? address : undefined;
    });
  const ipv4Source = addressOf('ipv4', 4);
  const ipv6Source = addressOf('ipv6', 6);
  const mtu = kernel.integer('routeMtu', { min: ROUTE_MTU_MIN, max: 65_535 });
  sources.finish();
  if (ipv4Source === undefined && ipv6Source === undefined && mtu === undefined) return {};
  return {
    routeExtras: {
      ...(ipv4Source === undefined ? {} : { ipv4Source }),
      ...(ipv6Source === undefined ? {} : { ipv6Source }),
      ...(mtu === undefined ? {} : { mtu }),
    },
  };
}

function readHttp(root: Fields): Settings['http'] {
  const fields = section(root, 'http');
  const what = 'ADDRESS:PORT, [IPV6]:PORT, or off';
  const listen = fields.parsed('listen', what, (value) => {
    if (value === 'off' || value === false) return 'off' as const;
    return typeof value === 'string' ? parseListen(value) : undefined;
  });
  fields.finish();
  if (listen === 'off') return undefined;
  return listen ?? { address: '127.0.0.1', port: 9179 };
}

function readMetrics(root: Fields): MetricsOptions {
  const fields = section(root, 'metrics');
  const metrics: MetricsOptions = {
    mesh: fields.oneOf('mesh', ['aggregate', 'each']) ?? 'aggregate',
    birdExporter: fields.boolean('birdExporter') ?? false,
  };
  fields.finish();
  return metrics;
}

function parseListen(text: string): { address: string; port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return undefined;
  return { address: match[1] ?? match[2]!, port };
}

function readLog(root: Fields, environment: Environment): LogSettings {
  const fields = section(root, 'log');
  const level = fields.oneOf('level', LOG_LEVELS) ?? environment.logLevel;
  const format = fields.oneOf('format', ['auto', 'pretty', 'json']) ?? 'auto';
  fields.finish();
  return { level, format };
}

function readRecord(root: Fields, stateDir: string): RecordSettings {
  const fields = section(root, 'record');
  const record: RecordSettings = {
    enabled: fields.boolean('enabled') ?? false,
    file: readPath(fields, 'file') ?? `${stateDir}/recording.jsonl`,
    limitMiB: fields.integer('limitMiB', { min: 1, max: RECORD_MIB_MAX }) ?? 256,
  };
  fields.finish();
  return record;
}

function unreadable(path: string, errno: string): ConfigError {
  return {
    kind: 'ConfigError',
    severity: 'error',
    code: 'UnreadableFile',
    file: path,
    message: errno === 'ENOENT' ? 'The file does not exist' : `Cannot be read: ${errno}`,
    remedy: 'Name another with --config',
  };
}

function secondDocument(document: RawDocument): ConfigError {
  return {
    kind: 'ConfigError',
    severity: 'error',
    code: 'SecondDocument',
    file: document.file,
    ...(document.positionOf([]) ?? {}),
    message: 'A second document in the file of the daemon',
    remedy: "Calico's resources belong into the directory of datastore.path",
  };
}

function notAnObject(document: RawDocument): ConfigError {
  return {
    kind: 'ConfigError',
    severity: 'error',
    code: 'BadValue',
    file: document.file,
    ...(document.positionOf([]) ?? {}),
    message: 'Not an object of settings',
    remedy: 'Write lines such as nodeName: node-a',
  };
}
