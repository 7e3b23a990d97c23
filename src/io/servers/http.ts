/** The HTTP server: node's own, around the pure `api/http/routes.ts`. A handler that throws costs one answer. */

import type { Server } from 'node:http';
import type { SystemError } from '../../base/errors.ts';

/** Not by `import`: that asks for every name at once, `WebSocket` among them, and so loads Node's HTTP client, 5 MB. */
const { createServer } = process.getBuiltinModule('node:http');

/** What `api/http/routes.ts` answers; said here again, for the two do not know each other. */
interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly host: string;
}

interface HttpResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface HttpListen {
  readonly host: string;
  readonly port: number;
}

export class HttpServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static open(
    listen: HttpListen,
    answer: (request: HttpRequest) => Promise<HttpResponse>,
  ): Promise<HttpServer | SystemError> {
    const server = createServer(async (request, response) => {
      const { method = 'GET', url = '/', headers } = request;
      let reply: HttpResponse;
      try {
        reply = await answer({ method, url, host: headers.host ?? '' });
      } catch (error) {
        const body =
          error instanceof Error ? `${error.name}: ${error.message}\n` : 'internal error\n';
        reply = { status: 500, type: 'text/plain; charset=utf-8', body };
      }
      response.writeHead(reply.status, {
        ...reply.headers,
        'content-type': reply.type,
        'content-length': Buffer.byteLength(reply.body),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      response.end(method === 'HEAD' ? undefined : reply.body);
    });
    server.headersTimeout = 5000;
    server.requestTimeout = 10_000;
    server.maxConnections = 256;
    return new Promise((resolve) => {
      // Kept after `listen`: a failing accept (EMFILE) is an error event as well, and must not end the daemon.
      server.on('error', (error: NodeJS.ErrnoException) => {
        const detail = `http.listen ${listen.host}:${listen.port}`;
        resolve({ kind: 'SystemError', call: 'listen', errno: error.code ?? 'EIO', detail });
      });
      server.listen(listen.port, listen.host, () => resolve(new HttpServer(server)));
    });
  }

  /** Where it listens; the port was chosen by the system when 0 was asked for. */
  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
