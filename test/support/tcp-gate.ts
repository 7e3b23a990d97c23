/** A relay on loopback that can be shut: what a partition looks like to a client, without root. */

import { connect, createServer, type Server, type Socket } from 'node:net';

export class TcpGate {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;
  readonly #gate: { open: boolean };

  private constructor(server: Server, sockets: Set<Socket>, gate: { open: boolean }) {
    this.#server = server;
    this.#sockets = sockets;
    this.#gate = gate;
    this.port = (server.address() as { port: number }).port;
  }

  static async open(target: number): Promise<TcpGate> {
    const sockets = new Set<Socket>();
    const gate = { open: true };
    const server = createServer((client) => {
      const upstream = connect(target, '127.0.0.1');
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(from);
        from.on('data', (octets) => gate.open && to.write(octets));
        from.on('error', () => from.destroy());
        from.on('close', () => {
          sockets.delete(from);
          if (gate.open) to.destroy();
        });
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TcpGate(server, sockets, gate);
  }

  /** Takes connections and octets and passes nothing on, as a network that drops everything. */
  shut(): void {
    this.#gate.open = false;
  }

  /** What was in between is lost: connections of before are reset. */
  reopen(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#gate.open = true;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
