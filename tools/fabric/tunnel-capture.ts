/**
 * Counting IP protocol 4 at the ports of one node of the fabric: with tcpdump, or with our own proto4-dump inside an
 * ordinary user's namespace, where tcpdump cannot change its groups and gives up (and, without
 * `--check`, where tcpdump is not installed).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExpectedTunnels } from './lab-expect.ts';
import type { Namespace } from './netns.ts';
import { delay, logTail, type Running, startProcess, stopProcess } from './process.ts';
import { findProgram } from './programs.ts';
import { buildHelper } from './tunnel.ts';

/** One protocol 4 packet seen at the port that leads to the node `port`. */
export interface TunnelPacket {
  readonly port: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Counts IP protocol 4 at the port of every node with tcpdump, from now until `stop`. All
 * that a node sends or receives passes its port, also what stays within its rack.
 */
export class TunnelCapture {
  readonly #captures: CaptureList;

  private constructor(captures: CaptureList) {
    this.#captures = captures;
  }

  static async start(
    namespace: Namespace,
    ports: ExpectedTunnels['ports'],
    { dir, record }: { readonly dir: string; readonly record: (running: Running) => void },
  ): Promise<TunnelCapture> {
    const capture = tcpdumpWorks() ? TCPDUMP : [await buildHelper('proto4-dump')];
    const captures = [];
    for (const [node, { device }] of ports) {
      const logPath = join(dir, `proto4-${device}-${Date.now()}.log`);
      const argv = namespace.enter([...capture, device]);
      const running = await startProcess({ name: `proto 4 capture ${device}`, argv, logPath });
      record(running);
      captures.push({ node, running });
    }
    for (const { running } of captures) await untilListening(running);
    return new TunnelCapture(captures);
  }

  /** Ends the capture; throws when the kernel had to drop packets, for then nothing was counted. */
  async stop(): Promise<TunnelPacket[]> {
    await delay(CAPTURE_SETTLE_MS);
    const packets: TunnelPacket[] = [];
    for (const { node, running } of this.#captures) {
      await stopProcess(running, { signal: 'SIGINT' });
      const log = logTail(running.logPath, Number.POSITIVE_INFINITY);
      const dropped = /(\d+) packets dropped by kernel/.exec(log)?.[1];
      if (dropped !== '0') throw new Error(`${running.name}: ${logTail(running.logPath)}`);
      packets.push(...parseTunnelPackets(log).map((one) => ({ port: node, ...one })));
    }
    return packets;
  }
}

type CaptureList = readonly { readonly node: string; readonly running: Running }[];

/** Lines such as `IP 10.10.1.11 > 10.10.2.13: IP 10.244.1.2 > …`; inner addresses are not looked at. */
export function parseTunnelPackets(text: string): { from: string; to: string }[] {
  return [...text.matchAll(/^IP ([0-9.]+) > ([0-9.]+): IP /gm)].map(([, from = '', to = '']) => ({
    from,
    to,
  }));
}

async function untilListening(running: Running): Promise<void> {
  for (let waited = 0; waited < 5_000 && running.ended === undefined; waited += 20) {
    if (logTail(running.logPath).includes('listening on')) return;
    await delay(20);
  }
  throw new Error(`The capture does not listen: ${logTail(running.logPath)}`);
}

/** tcpdump sets its groups when it runs as root, and ends when that is denied. */
function tcpdumpWorks(): boolean {
  if (findProgram('tcpdump') === undefined) return false; // --check insists on it beforehand
  return readFileSync('/proc/self/setgroups', 'utf8').trim() !== 'deny';
}

/** The device follows; `-Z root` because there is no reason to become another user here. */
const TCPDUMP = [
  ...['tcpdump', '-nn', '-l', '-t', '--immediate-mode', '-Z', 'root'],
  ...['ip', 'proto', '4', '-i'],
] as const;

/** The last echo reply has passed the ports before ping ends; this is for the capture to print it. */
const CAPTURE_SETTLE_MS = 300;
