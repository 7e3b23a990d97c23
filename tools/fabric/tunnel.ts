/**
 * tunl0 on each node: the kernel's own IP-in-IP device where it has one, otherwise the stand-in of
 * `tools/ipip-standin`, a separate program that the daemon neither starts nor knows.
 */
import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, REPOSITORY } from '../cache-dir.ts';
import type { Namespace } from './netns.ts';
import { TUNNEL_MTU } from './network.ts';
import { delay, logTail, type Running, run, runOk, startProcess } from './process.ts';
import { MissingError, requirePrograms } from './programs.ts';

const TUNNEL_DEVICE = 'tunl0';

export type TunnelKind = 'kernel' | 'stand-in';

/** Makes the kernel's tunl0 in `namespace`; false when this kernel has no IP-in-IP. */
async function addKernelTunnel(namespace: Namespace): Promise<boolean> {
  const add = ['ip', '-n', namespace.name, 'link', 'add', TUNNEL_DEVICE, 'type', 'ipip'];
  const result = await run(add);
  if (result.code === 0) return true;
  // With the module loaded the kernel makes tunl0 in every new namespace by itself.
  if (/File exists/.test(result.stderr)) return true;
  if (/Unknown device type|Operation not supported|not supported/.test(result.stderr)) return false;
  throw new Error(`Cannot make ${TUNNEL_DEVICE} in ${namespace.name}: ${result.stderr.trim()}`);
}

/** Builds a program of tools/ipip-standin when absent or older than its source; returns its path. */
export async function buildHelper(name: 'ipip-standin' | 'proto4-dump'): Promise<string> {
  const source = join(REPOSITORY, 'tools/ipip-standin', `${name}.c`);
  const binary = join(cacheDir('ipip-standin'), name);
  if (mtime(binary) > mtime(source)) return binary;
  requirePrograms(['cc']);
  // Built aside and renamed, so that a copy that runs is replaced and never written to.
  await runOk(['cc', '-O2', '-Wall', '-o', `${binary}.new`, source]);
  await runOk(['mv', '-f', `${binary}.new`, binary]);
  return binary;
}

interface StandInPlace {
  readonly namespace: Namespace;
  readonly localAddress: string;
  readonly binary: string;
  readonly logPath: string;
}

/** Starts the stand-in in a namespace and waits until its device is there. */
async function startStandIn(place: StandInPlace): Promise<Running> {
  const { namespace, localAddress, binary, logPath } = place;
  const peer = mayOpenTun() ? [] : [await addVethTunnel(namespace)];
  const argv = namespace.enter([binary, localAddress, TUNNEL_DEVICE, ...peer]);
  const running = await startProcess({ name: 'ipip-standin', argv, logPath });
  for (let waited = 0; waited < READY_MS_MAX; waited += 20) {
    if (running.ended !== undefined) break;
    if (logTail(logPath).includes('ready')) return running;
    await delay(20);
  }
  throw new MissingError(`The IP-in-IP stand-in did not start: ${logTail(logPath, 3)}`);
}

/** A veth pair whose near end is tunl0, for who may not open /dev/net/tun. Returns the far end. */
async function addVethTunnel(namespace: Namespace): Promise<string> {
  const peer = `${TUNNEL_DEVICE}-far`;
  await namespace.batch([
    // A tunnel has no neighbors to resolve: `via NODE dev tunl0 onlink` must not send ARP.
    `link add ${TUNNEL_DEVICE} arp off type veth peer name ${peer} arp off`,
    `link set ${peer} up`,
  ]);
  await namespace.sysctl({ [`net.ipv6.conf.${peer}.disable_ipv6`]: '1' });
  return peer;
}

/** Asked by opening it: inside a user namespace the file's mode is that of the system outside. */
function mayOpenTun(): boolean {
  try {
    closeSync(openSync('/dev/net/tun', 'r+'));
    return true;
  } catch {
    return false; // EACCES, ENOENT, EPERM: whatever it is, the other way is open
  }
}

/** Address and MTU of tunl0, as Felix would set them. */
async function configureTunnel(namespace: Namespace, address: string): Promise<void> {
  await namespace.batch([
    `address add ${address}/32 dev ${TUNNEL_DEVICE}`,
    `link set ${TUNNEL_DEVICE} mtu ${TUNNEL_MTU} up`,
  ]);
  await namespace.sysctl({ [`net.ipv4.conf.${TUNNEL_DEVICE}.rp_filter`]: '0' });
}

/**
 * tunl0 of one node, with its address: the kernel's own, or the stand-in's, whose process is given to `record`.
 * Returns which of the two it is.
 */
export async function makeTunnel(
  namespace: Namespace,
  node: {
    readonly localAddress: string;
    readonly tunnelAddress: string;
    readonly logPath: string;
    readonly record: (running: Running) => void;
  },
): Promise<TunnelKind> {
  const kernel = await addKernelTunnel(namespace);
  if (!kernel) {
    const binary = await buildHelper('ipip-standin');
    const { localAddress, logPath } = node;
    node.record(await startStandIn({ namespace, localAddress, binary, logPath }));
  }
  await configureTunnel(namespace, node.tunnelAddress);
  return kernel ? 'kernel' : 'stand-in';
}

function mtime(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

const READY_MS_MAX = 3_000;
