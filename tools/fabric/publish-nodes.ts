/**
 * Makes the nodes' HTTP ports reachable from the host: a relay in each namespace, one server in
 * front. Inside a user namespace the server listens on a Unix socket for the process outside.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Fabric } from './fabric.ts';
import { delay, logTail, startProcess } from './process.ts';
import { type PublishedNode, publishOnPort, publishOnSocket } from './publish.ts';
import { NODE_HTTP } from './speakers.ts';

export interface PublishedFabric {
  /** `undefined`: the process outside the user namespace has the port and has said which. */
  readonly port: number | undefined;
  close(): Promise<void>;
}

export async function publishNodes(
  fabric: Fabric,
  { port, outsideUid }: { readonly port: number; readonly outsideUid: number },
): Promise<PublishedFabric> {
  const nodes: PublishedNode[] = [];
  for (const node of fabric.nodes) {
    const socketPath = join(fabric.memberDir(node.name), 'http.sock');
    await startRelay(fabric, { member: node.name, socketPath });
    nodes.push({ name: node.name, socketPath, host: NODE_HTTP });
  }
  if (outsideUid === 0) return publishOnPort(nodes, port);
  const close = await publishOnSocket(nodes, hostSocket(fabric.dir));
  return { port: undefined, close };
}

/** Where the server inside a user namespace meets the one outside. */
export function hostSocket(fabricDir: string): string {
  return join(fabricDir, 'http.sock');
}

async function startRelay(
  fabric: Fabric,
  { member, socketPath }: { readonly member: string; readonly socketPath: string },
): Promise<void> {
  const [host = '', port = ''] = NODE_HTTP.split(':');
  const relay = [process.execPath, join(import.meta.dirname, 'relay.ts'), socketPath, host, port];
  const argv = fabric.network.of(member).enter(relay);
  const logPath = join(fabric.memberDir(member), 'relay.log');
  const running = await startProcess({ name: `relay ${member}`, argv, logPath });
  fabric.record(running);
  for (let waited = 0; waited < READY_MS_MAX && running.ended === undefined; waited += 20) {
    if (existsSync(socketPath)) return;
    await delay(20);
  }
  throw new Error(`The relay of ${member} did not start: ${logTail(logPath)}`);
}

const READY_MS_MAX = 5_000;
