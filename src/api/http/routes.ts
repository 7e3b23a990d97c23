/**
 * The HTTP API as a pure function from request to response: health and JSON. No sockets.
 *
 * The Host header is checked, so that a web page cannot reach a daemon on loopback by rebinding a name. One answer is
 * one page: a table of a million routes is walked by asking again with `cursor`.
 */

import { InvalidRequest } from '../../base/errors.ts';
import { GodwitService } from '../grpc/service.ts';
import type { NeighborMessage } from '../messages.ts';
import type { DaemonPort } from '../ports.ts';

export interface HttpRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Of the Host header; empty when there is none. */
  readonly host: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** Further header fields. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * `metrics` asks the caller for the metrics text, which only it can wait for. Of what yields, others may have their turn
 * at each yield.
 */
export type HttpAnswer = HttpResponse | Generator<undefined, HttpResponse> | 'metrics';

export interface Endpoint {
  readonly path: string;
  readonly summary: string;
  /** Query parameters with their values, for the index and the reference. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly answer: (api: Sources, query: Query) => HttpAnswer;
}

interface Sources {
  readonly daemon: DaemonPort;
  readonly service: GodwitService;
}
type Query = Readonly<Record<string, string>>;

/** Rows in one answer: some hundred KB and some milliseconds. */
const ROWS_PER_ANSWER_MAX = 1000;
const EVENTS_USUAL = 100;
const EVENTS_PER_ANSWER_MAX = 2000;

const PAGE = {
  limit: `1 to ${ROWS_PER_ANSWER_MAX}`,
  cursor: 'what `next` of the answer before said; an answer without `next` is the last',
};
const FAMILY = { family: 'ipv4 | ipv6' };

export const ENDPOINTS: readonly Endpoint[] = [
  {
    path: '/metrics',
    summary: 'Prometheus metrics',
    parameters: {},
    answer: () => 'metrics',
  },
  {
    path: '/livez',
    summary: '200 while the process can answer',
    parameters: {},
    answer: () => text(200, 'ok\n'),
  },
  {
    path: '/readyz',
    summary:
      '200 when what is known is in the kernel and told to the neighbors; 503 with the reasons',
    parameters: {},
    answer: ready,
  },
  {
    path: '/api/v1/status',
    summary: 'Identity, datastore, kernel, readiness: a Status',
    parameters: {},
    answer: ({ service }) => json(200, service.getStatus()),
  },
  {
    path: '/api/v1/neighbors',
    summary: 'Sessions: a list of Neighbor',
    parameters: { name: 'name or address', ...FAMILY },
    answer: ({ service }, query) => neighborsAnswer(service.listNeighbors(query)),
  },
  {
    path: '/api/v1/routes',
    summary: 'Routes with all their paths: `{ routes: Route[], next? }`',
    parameters: {
      prefix: 'only this one',
      neighbor: 'name or address: only paths received from it',
      direction: 'in | out: with neighbor, what was told to it instead',
      ...FAMILY,
      ...PAGE,
    },
    answer: ({ service }, query) =>
      json(200, service.pageOfRoutes({ ...query, limit: limitOf(query) })),
  },
  {
    path: '/api/v1/kernel',
    summary: 'Kernel routes: `{ routes: KernelRoute[], next? }`',
    parameters: { differing: 'true: only where wanted and held differ', ...FAMILY, ...PAGE },
    answer: ({ service }, query) => {
      const differing = query['differing'] === 'true';
      return json(200, service.pageOfKernelRoutes({ ...query, differing, limit: limitOf(query) }));
    },
  },
  {
    path: '/api/v1/kernel-proof',
    summary: 'The last comparison of the kernel with what is known of it: a KernelProof',
    parameters: {},
    answer: ({ service }) => json(200, service.getKernelProof()),
  },
  {
    path: '/api/v1/problems',
    summary: 'What is wrong or without effect in the configuration: a list of Problem',
    parameters: {},
    answer: ({ service }) => json(200, [...service.listProblems()]),
  },
  {
    path: '/api/v1/events',
    summary: 'What happened, oldest first: a list of Event',
    parameters: { last: `1 to ${EVENTS_PER_ANSWER_MAX}, ${EVENTS_USUAL} when not said` },
    answer: ({ daemon }, query) => {
      const last = positive(query, 'last') ?? EVENTS_USUAL;
      return json(200, daemon.events.recent(Math.min(last, EVENTS_PER_ANSWER_MAX)));
    },
  },
];

export class HttpApi {
  readonly #sources: Sources;
  readonly #hosts: ReadonlySet<string>;

  /** @param hosts  Host names, without port, under which this server may be asked. Empty: any. */
  constructor(daemon: DaemonPort, hosts: ReadonlySet<string>) {
    this.#sources = { daemon, service: new GodwitService(daemon) };
    this.#hosts = hosts;
  }

  answer(request: HttpRequest): HttpAnswer {
    const host = request.host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    if (this.#hosts.size > 0 && !this.#hosts.has(host.toLowerCase())) {
      const names = [...this.#hosts].join(', ');
      return text(421, `This server is not "${host}". Ask it by one of: ${names}\n`);
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const body = 'Only GET is answered here; commands go through the control socket\n';
      return { ...text(405, body), headers: { allow: 'GET, HEAD' } };
    }
    const [path = '', search = ''] = request.url.split(/\?(.*)/s, 2);
    if (path === '/') return text(200, indexText());
    const endpoint = ENDPOINTS.find((candidate) => candidate.path === path);
    if (endpoint === undefined) return text(404, `Nothing is at ${path}\n\n${indexText()}`);
    try {
      return endpoint.answer(this.#sources, queryOf(endpoint, search));
    } catch (error) {
      if (error instanceof InvalidRequest) return json(400, { error: error.message });
      throw error;
    }
  }
}

/** All of an answer at once, for who lets nobody have a turn in between. */
export function wholeResponse(
  answer: HttpResponse | Generator<undefined, HttpResponse>,
): HttpResponse {
  if ('status' in answer) return answer;
  for (;;) {
    const { done, value } = answer.next();
    if (done === true) return value;
  }
}

/** The metrics text as a response. */
export function metricsResponse(body: string): HttpResponse {
  return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body };
}

/** Ready: what is known is in the kernel and told to the neighbors (DESIGN 4). */
function ready({ daemon }: Sources): HttpResponse {
  const { ready, notReadyBecause } = daemon.view.status();
  return ready ? text(200, 'ready\n') : text(503, `not ready: ${notReadyBecause.join('; ')}\n`);
}

/** With the first neighbor, so that what is wrong with the request is said at once. */
function neighborsAnswer(
  neighbors: Generator<NeighborMessage | undefined>,
): Generator<undefined, HttpResponse> {
  const first = neighbors.next();
  return rest();

  function* rest(): Generator<undefined, HttpResponse> {
    const texts: string[] = [];
    for (let next = first; next.done !== true; next = neighbors.next()) {
      if (next.value === undefined) yield;
      else texts.push(JSON.stringify(next.value));
    }
    return jsonText(200, `[${texts.join(',')}]`);
  }
}

function indexText(): string {
  const lines = ENDPOINTS.map(({ path, summary, parameters }) => {
    const names = Object.keys(parameters).map((name) => `?${name}=`);
    return [path.padEnd(20), summary.replaceAll('`', ''), ...names].join(' ');
  });
  return `godwit\n${lines.join('\n')}\n`;
}

/** An unknown or repeated parameter is a mistake that must not look like an answer. */
function queryOf({ path, parameters }: Endpoint, search: string): Query {
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(search)) {
    if (!Object.hasOwn(parameters, name)) {
      const known = Object.keys(parameters).join(', ') || 'none';
      throw new InvalidRequest(`${path} has no parameter "${name}"; known: ${known}`);
    }
    if (Object.hasOwn(query, name)) throw new InvalidRequest(`"${name}" is given twice`);
    query[name] = value;
  }
  return query;
}

function limitOf(query: Query): number {
  return Math.min(positive(query, 'limit') ?? ROWS_PER_ANSWER_MAX, ROWS_PER_ANSWER_MAX);
}

function positive(query: Query, name: string): number | undefined {
  const written = query[name];
  if (written === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(written)) {
    throw new InvalidRequest(`${name} "${written}" is not a positive whole number`);
  }
  return Number(written);
}

function text(status: number, body: string): HttpResponse {
  return { status, type: 'text/plain; charset=utf-8', body };
}

function json(status: number, value: unknown): HttpResponse {
  return jsonText(status, JSON.stringify(value));
}

function jsonText(status: number, value: string): HttpResponse {
  return { status, type: 'application/json; charset=utf-8', body: `${value}\n` };
}
