/** OpenBGPD in a fabric: on Linux it has no kernel routes, so it serves as a reflector or as a peer that only talks. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withAccounts } from '../../test/support/interop/accounts.ts';
import { run, runOk, startProcess } from './process.ts';
import {
  requirePeer,
  type SessionSeen,
  type Speaker,
  type SpeakerPlace,
  untilAnswers,
} from './speakers.ts';

/** A user of no account on the machine; it exists inside the mount namespace only. */
const ACCOUNT = { name: '_openbgpd', id: 64_179 };

/** @param config  Its bgpd.conf; the control socket is moved into the member's directory. */
export async function startOpenbgpd(place: SpeakerPlace, config: string): Promise<Speaker> {
  const { member, namespace, dir, record } = place;
  const openbgpd = requirePeer('openbgpd');
  const at = (file: string): string => join(dir, file);
  mkdirSync(at('run/openbgpd'), { recursive: true });
  // It insists on a folder in /run, so it gets a /run of its own, with its files there.
  const text = `socket "/run/bgpd.sock"\n${config}`;
  writeFileSync(at('run/bgpd.conf'), text, { mode: 0o600 }); // it refuses a file that others may read
  const enter = withAccounts(dir, [ACCOUNT], { '/run': at('run') });
  const argv = namespace.enter(enter([openbgpd.daemon, '-d', '-f', '/run/bgpd.conf']));
  const logPath = at('bgpd.log');
  const running = await startProcess({ name: `bgpd ${member}`, argv, logPath });
  record(running);
  const ask = [openbgpd.client, '-s', at('run/bgpd.sock'), '-j', 'show', 'neighbor'];
  await untilAnswers(() => run(ask), running);
  const sessions = async (): Promise<SessionSeen[]> => parseOpenbgpdNeighbors(await runOk(ask));
  return { member, software: openbgpd.version, running, sessions };
}

interface OpenbgpdNeighbor {
  readonly remote_addr?: string;
  readonly remote_as?: string | number;
  readonly state?: string;
  readonly last_error?: string;
}

export function parseOpenbgpdNeighbors(text: string): SessionSeen[] {
  const { neighbors = [] } = JSON.parse(text) as { readonly neighbors?: OpenbgpdNeighbor[] };
  return neighbors.map((one) => ({
    address: one.remote_addr ?? '?',
    as: Number(one.remote_as ?? 0),
    state: one.state ?? 'unknown',
    reason: one.last_error,
  }));
}
