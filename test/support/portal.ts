/**
 * A hole into a namespace for TCP: `PortalServer` runs there as a program (`portal-main.ts`), and the
 * test reaches it by a Unix socket, which namespaces share. Each Unix connection becomes one TCP
 * connection, dialled or accepted, whose octets and end are passed on as they are.
 */
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { REPOSITORY } from '../../tools/cache-dir.ts';
import type { Namespace } from '../../tools/fabric/netns.ts';
import type { NetworkLab } from './netns.ts';
import { waitFor } from './wait-for.ts';

/** First line of a Unix connection, as JSON. */
export type PortalRequest =
  | { readonly dial: { readonly host: string; readonly port: number; readonly from?: string } }
  | { readonly accept: { readonly host: string; readonly port: number } };

/** Its answer: `listening` and then, like for a dial, `connected` or an errno. */
export type PortalAnswer = 'listening' | 'connected' | { readonly errno: string };

export class Portal {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  static async open(lab: NetworkLab, namespace: Namespace, name: string): Promise<Portal> {
    const path = join(lab.dir, `${name}.portal`);
    const argv = [process.execPath, join(REPOSITORY, 'test/support/portal-main.ts'), path];
    await lab.spawn(namespace, { name: `${name}-portal`, argv });
    const portal = new Portal(path);
    await waitFor(
      () => portal.#connect(),
      (socket) => {
        socket.destroy();
        return true;
      },
      { what: `the portal of ${name}`, intervalMs: 20 },
    );
    return portal;
  }

  /** A TCP connection from inside the namespace; rejects with the errno when it is refused. */
  async dial(to: { host: string; port: number; from?: string }): Promise<Socket> {
    const socket = await this.#ask({ dial: to });
    await expectAnswer(socket, 'connected');
    return socket;
  }

  /** Listens in the namespace until one call comes. */
  async accept(at: { host: string; port: number }): Promise<{ readonly call: Promise<Socket> }> {
    const socket = await this.#ask({ accept: at });
    await expectAnswer(socket, 'listening');
    return { call: expectAnswer(socket, 'connected').then(() => socket) };
  }

  async #ask(request: PortalRequest): Promise<Socket> {
    const socket = await this.#connect();
    socket.write(`${JSON.stringify(request)}\n`);
    return socket;
  }

  #connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path: this.#path, allowHalfOpen: true });
      socket.once('connect', () => resolve(socket));
      socket.once('error', reject);
    });
  }
}

/** Reads one line and leaves what comes behind it in the socket. */
async function expectAnswer(socket: Socket, wanted: 'listening' | 'connected'): Promise<void> {
  const answer = JSON.parse(await readLine(socket)) as PortalAnswer;
  if (answer === wanted) return;
  socket.destroy();
  throw new Error(typeof answer === 'object' ? answer.errno : answer);
}

/** One line of a socket that nobody reads yet; what follows it is put back. */
export function readLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = Buffer.alloc(0);
    const onEnd = (): void => reject(new Error('the portal closed without an answer'));
    const onReadable = (): void => {
      for (;;) {
        const chunk = socket.read() as Buffer | null;
        if (chunk === null) return;
        text = Buffer.concat([text, chunk]);
        const at = text.indexOf('\n');
        if (at < 0) continue;
        socket.off('readable', onReadable);
        socket.off('end', onEnd);
        if (at + 1 < text.length) socket.unshift(text.subarray(at + 1));
        resolve(text.subarray(0, at).toString('utf8'));
        return;
      }
    };
    socket.on('readable', onReadable);
    socket.once('end', onEnd);
  });
}
