/**
 * Reads the host: /proc, the kernel by netlink, and what Node knows. Whatever cannot be read is simply not known. Not sysfs:
 * it shows the links of the namespace that it was mounted in.
 */

import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { nativeSockets } from '../../io/native.ts';
import { networkNamespace } from '../../io/network-namespace.ts';
import { readAddresses, readLinks } from '../../io/read-links.ts';
import type { HostFacts, LinkFacts } from './facts.ts';

const SYSCTLS = [
  'net.ipv4.ip_forward',
  'net.ipv6.conf.all.forwarding',
  'net.ipv4.neigh.default.gc_thresh3',
  'net.core.optmem_max',
];
/** As /proc/PID/comm has them. */
const SPEAKERS = new Set(['bird', 'bird6', 'bgpd', 'gobgpd', 'exabgp', 'rustybgpd', 'holod']);
const NETWORKD_FOLDERS = ['/etc/systemd', '/run/systemd', '/usr/lib/systemd'];

/** `status` of adjtimex(2), STA_UNSYNC. */
const CLOCK_UNSET = 0x40;

export async function readHost(): Promise<HostFacts> {
  return {
    sysctl: new Map(
      [...SYSCTLS, ...reversePaths()].flatMap((name) => {
        const value = readText(join('/proc/sys', ...name.split('.')));
        return value === undefined ? [] : [[name, value] as const];
      }),
    ),
    links: await links(),
    networkNamespace: networkNamespace(),
    clockIsSet: clockIsSet(),
    speakers: otherSpeakers(),
    networkd: networkd(),
    nodeVersion: process.versions.node,
    kernelRelease: release(),
    now: new Date(),
  };
}

/** Names of interfaces may have dots: those are none of ours, and would be other files. */
function reversePaths(): string[] {
  const links = listed('/proc/sys/net/ipv4/conf').filter((name) => !name.includes('.'));
  return links.map((name) => `net.ipv4.conf.${name}.rp_filter`);
}

async function links(): Promise<LinkFacts[]> {
  const [found, addresses] = await Promise.all([readLinks(), readAddresses()]);
  if ('kind' in found || 'kind' in addresses) return [];
  return found.map(({ index, name, mtu, up }) => {
    const own = addresses.filter(({ interfaceIndex }) => interfaceIndex === index);
    const duplicates = own.flatMap((one) => (one.duplicate ? [one.address] : []));
    const all = own.map(({ address }) => address);
    return { name, mtu, up, addresses: all, duplicates };
  });
}

function clockIsSet(): boolean | undefined {
  const status = nativeSockets().clockStatus();
  return status < 0 ? undefined : (status & CLOCK_UNSET) === 0;
}

function otherSpeakers(): string[] {
  const own = readLink('/proc/self/ns/net');
  const found = listed('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    const name = readText(`/proc/${pid}/comm`) ?? '';
    return SPEAKERS.has(name) && readLink(`/proc/${pid}/ns/net`) === own;
  });
  return found.map((pid) => `${readText(`/proc/${pid}/comm`)} (process ${pid})`);
}

function networkd(): HostFacts['networkd'] {
  if (!existsSync('/run/systemd/netif/state')) return 'absent';
  const files = NETWORKD_FOLDERS.flatMap((folder) => [
    join(folder, 'networkd.conf'),
    ...listed(join(folder, 'networkd.conf.d')).map((name) => join(folder, 'networkd.conf.d', name)),
  ]);
  const texts = files.map((path) => readText(path) ?? '');
  const isKept = texts.some((text) =>
    /^\s*ManageForeignRoutes\s*=\s*(no|false|0|off)\s*$/im.test(text),
  );
  return isKept ? 'keeps-foreign-routes' : 'flushes-foreign-routes';
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined; // not there, or not for us: not known either way
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
