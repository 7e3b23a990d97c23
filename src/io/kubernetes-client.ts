/**
 * One connection to the Kubernetes API: HTTP/2, so that a node needs one however many kinds it follows, with pings, so
 * that an API that is there and silent is noticed. Opened when it is needed; what failed is said as an `ApiError`, and
 * nothing is tried again in here. @see docs/decisions/0027-kubernetes-datastore.md
 */

import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { type Identity, type KubernetesAccess, KubernetesIdentity } from './kubernetes-access.ts';
import { ApiError, type ApiStatus, errorOf } from './kubernetes-errors.ts';

/** Milliseconds for a connection to stand, and in which something of an answer has to come. */
const CONNECT_MS_MAX = 5000;
const ANSWER_MS_MAX = 10_000;

/** As with etcd: a silent API is noticed after 15 s. */
const PING_MS = 10_000;
const PING_ANSWER_MS = 5000;

/** A page of 500 objects; etcd holds none larger than 1.5 MiB, and one of such size is a line of a watch. */
const ANSWER_OCTETS_MAX = 128 * 1024 * 1024;
const LINE_OCTETS_MAX = 4 * 1024 * 1024;

/** HTTP/2 begins with 64 KiB, which would be a round trip for every few objects. */
const WINDOW_OCTETS = 4 * 1024 * 1024;

export interface ApiRequest {
  readonly path: string;
  readonly method?: 'GET' | 'PUT';
  readonly accept?: string;
  readonly body?: unknown;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

export interface WatchListener {
  /** It has begun. */
  onOpen(): void;
  /** @throws {ApiError} what ends the watch. */
  onEvent(event: WatchEvent): void;
}

export class KubernetesClient {
  readonly #identity: KubernetesIdentity;
  #session: ClientHttp2Session | undefined;
  /** Why the session that is over is over. */
  #why = '';
  #closed = false;

  constructor(access: KubernetesAccess) {
    this.#identity = new KubernetesIdentity(access);
  }

  close(): void {
    this.#closed = true;
    this.#session?.destroy();
  }

  /** @throws {ApiError} */
  async request(request: ApiRequest): Promise<unknown> {
    const stream = await this.#send(request);
    const text = await this.#wholeOf(stream, placeOf(request.path));
    return parse(text, request.path);
  }

  /** Resolves when the server has ended the watch, as it does every few minutes. @throws {ApiError} */
  async watch(request: ApiRequest, listener: WatchListener, signal: AbortSignal): Promise<void> {
    const stream = await this.#send(request);
    const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL);
    if (signal.aborted) return cancel();
    // The signal outlives many watches.
    signal.addEventListener('abort', cancel);
    listener.onOpen();
    let rest = '';
    stream.setEncoding('utf8');
    stream.setTimeout(0);
    try {
      for await (const chunk of stream) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop()!;
        if (rest.length > LINE_OCTETS_MAX)
          throw new ApiError('refused', `${request.path}: a line without end`);
        for (const line of lines) if (line !== '') listener.onEvent(eventOf(line, request.path));
      }
      // An end in order has no half of a line, and says so; a connection that is gone does neither.
      const cut = rest !== '' || stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR;
      if (cut && !signal.aborted) throw this.#explain(undefined, placeOf(request.path));
    } catch (error) {
      if (!signal.aborted) throw this.#explain(error, placeOf(request.path));
    } finally {
      signal.removeEventListener('abort', cancel);
      cancel();
    }
  }

  /** The stream of an answer that is good. */
  async #send({ path, method = 'GET', accept, body }: ApiRequest): Promise<ClientHttp2Stream> {
    const identity = await this.#identity.now();
    const session = this.#sessionFor(identity);
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const stream = session.request(
      {
        ...identity.headers,
        ':method': method,
        ':path': path,
        accept: accept ?? 'application/json',
        'user-agent': 'godwit',
        ...(payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': payload.length }),
      },
      { endStream: payload === undefined },
    );
    if (payload !== undefined) stream.end(payload);
    const late = new ApiError('unreachable', `${identity.server} does not answer`);
    stream.setTimeout(ANSWER_MS_MAX, () => stream.destroy(late));
    const { code, retryAfterMs } = await this.#headersOf(stream, identity.server);
    if (code >= 200 && code < 300) return stream;
    const status = statusOf(await this.#wholeOf(stream, placeOf(path)));
    const error = errorOf(code, status, identity.server);
    if (error.kind === 'unauthorized') this.#forget(session);
    throw error.retryAfterMs === undefined && retryAfterMs !== undefined
      ? new ApiError(error.kind, error.message, retryAfterMs)
      : error;
  }

  /** Who we are may have changed: the certificate of a connection counts for as long as that stands. */
  #forget(session: ClientHttp2Session): void {
    this.#identity.forget();
    if (this.#session === session) this.#session = undefined;
    session.close();
  }

  #headersOf(
    stream: ClientHttp2Stream,
    at: string,
  ): Promise<{ readonly code: number; readonly retryAfterMs: number | undefined }> {
    return new Promise((resolve, reject) => {
      stream.once('response', (headers) => {
        const wait = Number(headers['retry-after']);
        const retryAfterMs = Number.isFinite(wait) ? wait * 1000 : undefined;
        resolve({ code: Number(headers[':status']), retryAfterMs });
      });
      stream.on('error', (error) => reject(this.#explain(error, at)));
      stream.once('close', () => reject(this.#explain(undefined, at)));
    });
  }

  async #wholeOf(stream: ClientHttp2Stream, at: string): Promise<string> {
    const chunks: Buffer[] = [];
    let octets = 0;
    try {
      for await (const chunk of stream) {
        octets += (chunk as Buffer).length;
        if (octets > ANSWER_OCTETS_MAX)
          throw new ApiError('refused', `${at}: an answer without end`);
        chunks.push(chunk as Buffer);
      }
    } catch (error) {
      throw this.#explain(error, at);
    }
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw this.#explain(undefined, at);
    return Buffer.concat(chunks).toString('utf8');
  }

  #sessionFor({ server, tls }: Identity): ClientHttp2Session {
    const known = this.#session;
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    if (this.#closed) throw new ApiError('unreachable', 'stopped');
    const session = connect(server, {
      ...tls,
      settings: { initialWindowSize: WINDOW_OCTETS, enablePush: false },
      maxSessionMemory: 256,
    });
    this.#session = session;
    this.#why = '';
    const leave = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    const over = (): void => {
      clearTimeout(silent);
      clearInterval(pings);
      leave();
    };
    const end = (why: string): void => {
      if (this.#session === session && this.#why === '') this.#why = why;
      // With an error, or what is under way would seem to have ended in order.
      if (!session.destroyed) session.destroy(new Error(why));
    };
    const silent = setTimeout(() => end(`${server} does not answer`), CONNECT_MS_MAX);
    const pings = setInterval(() => ping(session, () => end(`${server} does not answer`)), PING_MS);
    session.on('connect', () => {
      clearTimeout(silent);
      session.setLocalWindowSize(WINDOW_OCTETS);
    });
    session.on('error', (error: NodeJS.ErrnoException) => end(`${server}: ${whatFailed(error)}`));
    // The server goes away in order: what is under way ends, what is new needs another connection.
    session.on('goaway', leave);
    session.on('close', over);
    return session;
  }

  #explain(error: unknown, at: string): ApiError {
    if (error instanceof ApiError) return error;
    const why = this.#why !== '' ? this.#why : undefined;
    const said = error instanceof Error ? whatFailed(error) : 'the connection ended';
    return new ApiError('unreachable', why ?? `${at}: ${said}`);
  }
}

/** Without what was asked of it. */
function placeOf(path: string): string {
  return path.split('?', 1)[0]!;
}

function ping(session: ClientHttp2Session, onSilence: () => void): void {
  if (session.connecting || session.closed || session.destroyed) return;
  const silent = setTimeout(onSilence, PING_ANSWER_MS);
  const sent = session.ping(() => clearTimeout(silent));
  if (!sent) clearTimeout(silent);
}

function whatFailed(error: NodeJS.ErrnoException): string {
  // What Node says of a peer that speaks HTTP/1.1.
  if (error.code === 'ERR_HTTP2_ERROR' || error.code === 'ERR_HTTP2_PROTOCOL_ERROR') {
    return `${error.message}: it does not speak HTTP/2`;
  }
  return /\(caused by: (.*)\)$/.exec(error.message)?.[1] ?? error.message;
}

function eventOf(line: string, at: string): WatchEvent {
  const event = parse(line, at) as WatchEvent;
  if (event.type !== 'ERROR') return event;
  const status = event.object as ApiStatus;
  throw errorOf(status.code ?? 500, status, at);
}

function parse(text: string, at: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError('refused', `${at} is answered with what is not JSON`);
  }
}

/** Who answers instead of the API, such as a proxy, does so in another form. */
function statusOf(text: string): ApiStatus {
  try {
    return JSON.parse(text) as ApiStatus;
  } catch {
    return { message: text.slice(0, 200) };
  }
}
