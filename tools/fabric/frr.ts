/** FRR in a fabric: zebra and bgpd with one configuration, each taking what it knows; what they choose is in the kernel. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withAccounts } from '../../test/support/interop/accounts.ts';
import { vty } from '../../test/support/interop/frr-vty.ts';
import { delay, logTail, type Running, startProcess } from './process.ts';
import { requirePeer, type SessionSeen, type Speaker, type SpeakerPlace } from './speakers.ts';

/** It insists on users that only its package makes; inside a fabric's namespaces they are root. */
const ACCOUNTS = ['frr', 'frrvty'].map((name) => ({ name, id: 0 }));
const SOCKET_MS_MAX = 10_000;

export async function startFrr(place: SpeakerPlace, config: string): Promise<Speaker> {
  const { member, namespace, dir, record } = place;
  const frr = requirePeer('frr');
  mkdirSync(dir, { recursive: true });
  const at = (file: string): string => join(dir, file);
  const enter = withAccounts(dir, ACCOUNTS);
  const start = async (name: 'zebra' | 'bgpd', program: string): Promise<Running> => {
    writeFileSync(at(`${name}.conf`), config);
    const argv = enter([
      ...[program, '-z', at('zserv.api'), '--vty_socket', dir, '--log', 'stdout'],
      ...['-f', at(`${name}.conf`), '-i', at(`${name}.pid`)],
    ]);
    const logPath = at(`${name}.log`);
    const inside = namespace.enter(argv);
    const running = await startProcess({ name: `${name} ${member}`, argv: inside, logPath });
    record(running);
    for (let waited = 0; waited < SOCKET_MS_MAX && running.ended === undefined; waited += 50) {
      if (existsSync(at(`${name}.vty`))) return running;
      await delay(50);
    }
    throw new Error(`${running.name} does not open its socket: ${logTail(logPath)}`);
  };
  const zebra = await start('zebra', frr.others['zebra'] ?? 'zebra');
  const bgpd = await start('bgpd', frr.daemon);
  const sessions = async (): Promise<SessionSeen[]> =>
    parseFrrNeighbors(await vty(at('bgpd.vty'), ['show bgp neighbors json']));
  return { member, software: `FRR (${frr.version})`, running: bgpd, beside: [zebra], sessions };
}

interface FrrNeighbor {
  readonly remoteAs?: number;
  readonly bgpState?: string;
  readonly lastResetDueTo?: string;
}

/** `show bgp neighbors json`: an object by address, with some entries that are no neighbors. */
export function parseFrrNeighbors(text: string): SessionSeen[] {
  const all = Object.entries(JSON.parse(text) as Record<string, FrrNeighbor>);
  return all
    .filter(([, one]) => typeof one === 'object' && one.bgpState !== undefined)
    .map(([address, { remoteAs = 0, bgpState = 'unknown', lastResetDueTo }]) => ({
      address,
      as: remoteAs,
      state: bgpState,
      reason: lastResetDueTo,
    }));
}
