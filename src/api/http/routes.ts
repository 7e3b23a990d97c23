/**
 * The HTTP API as a pure function from request to response: metrics, health, JSON. No sockets.
 *
 * The Host header is checked, so that a web page cannot reach a daemon on loopback by rebinding a name.
 */

import { GodwitService, InvalidRequest } from '../grpc/service.ts';
import type { DaemonPort } from '../ports.ts';

export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly host: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Routes answered at once over HTTP; the CLI streams the rest. */
const ROUTES_PER_ANSWER_MAX = 1000;

export class HttpApi {
  readonly #daemon: DaemonPort;
  readonly #service: GodwitService;
  readonly #hosts: ReadonlySet<string>;

  /** @param hosts  Host names, without port, under which this server may be asked. Empty: any. */
  constructor(daemon: DaemonPort, hosts: ReadonlySet<string>) {
    this.#daemon = daemon;
    this.#service = new GodwitService(daemon);
    this.#hosts = hosts;
  }

  async answer(request: HttpRequest): Promise<HttpResponse> {
    const host = request.host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    if (this.#hosts.size > 0 && !this.#hosts.has(host)) {
      return text(
        421,
        `This server is not ${host}. Ask it by one of: ${[...this.#hosts].join(', ')}\n`,
      );
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return text(405, 'Only GET is answered here; commands go through the control socket\n');
    }
    const url = new URL(request.url, 'http://localhost');
    try {
      return await this.#get(url);
    } catch (error) {
      if (error instanceof InvalidRequest) return json(400, { error: error.message });
      throw error;
    }
  }

  async #get(url: URL): Promise<HttpResponse> {
    const query = Object.fromEntries(url.searchParams) as Record<string, string>;
    switch (url.pathname) {
      case '/metrics':
        return {
          status: 200,
          type: 'text/plain; version=0.0.4; charset=utf-8',
          body: await this.#daemon.metricsText(),
        };
      case '/livez':
        return text(200, 'ok\n');
      case '/readyz':
        return this.#ready();
      case '/api/v1/status':
        return json(200, this.#service.getStatus());
      case '/api/v1/neighbors':
        return json(200, [...this.#service.listNeighbors(query)]);
      case '/api/v1/routes':
        return json(200, rows(this.#service.listRoutes({ ...query, limit: limitOf(query) })));
      case '/api/v1/kernel':
        return json(
          200,
          rows(
            this.#service.listKernelRoutes({
              ...query,
              limit: limitOf(query),
              differing: query['differing'] === 'true',
            }),
          ),
        );
      case '/api/v1/problems':
        return json(200, [...this.#service.listProblems()]);
      case '/api/v1/events':
        return json(
          200,
          this.#daemon.events.recent(Math.min(Number(query['last'] ?? 100) || 100, 2000)),
        );
      case '/':
        return text(200, INDEX);
      default:
        return text(404, `Nothing is at ${url.pathname}\n\n${INDEX}`);
    }
  }

  /** Ready: what is known is in the kernel and told to the neighbors (DESIGN 4). */
  #ready(): HttpResponse {
    const { ready, notReadyBecause } = this.#daemon.view.status();
    return ready ? text(200, 'ready\n') : text(503, `not ready: ${notReadyBecause.join('; ')}\n`);
  }
}

const INDEX = `godwit
/metrics                    Prometheus metrics
/livez /readyz              health
/api/v1/status              identity, datastore, kernel, readiness
/api/v1/neighbors           sessions            ?name= ?family=
/api/v1/routes              Loc-RIB             ?family= ?prefix= ?neighbor= ?direction=in|out ?limit=
/api/v1/kernel              kernel routes       ?family= ?differing=true ?limit=
/api/v1/problems            what is wrong in the configuration
/api/v1/events              what happened       ?last=
`;

function limitOf(query: Record<string, string>): number {
  const limit = Number(query['limit'] ?? ROUTES_PER_ANSWER_MAX);
  if (!Number.isInteger(limit) || limit < 1)
    throw new InvalidRequest(`limit "${query['limit']}" is not a positive number`);
  return Math.min(limit, ROUTES_PER_ANSWER_MAX);
}

function rows<T>(generator: Generator<T | undefined>): T[] {
  return [...generator].filter((row) => row !== undefined) as T[];
}

function text(status: number, body: string): HttpResponse {
  return { status, type: 'text/plain; charset=utf-8', body };
}

function json(status: number, value: unknown): HttpResponse {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}
