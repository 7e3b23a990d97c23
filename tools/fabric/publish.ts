/**
 * One port of the host for all nodes: `/` lists them, `/node-a/metrics` is the node's `/metrics`.
 * Bound to loopback, and like the daemon's own server it answers to local names only.
 */
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { ListenOptions } from 'node:net';

export interface PublishedNode {
  readonly name: string;
  /** Unix socket of the relay in the node's namespace. */
  readonly socketPath: string;
  /** What the node's own server expects in the Host header. */
  readonly host: string;
}

export interface Published {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves on `port` of 127.0.0.1, or on the next free one. */
export async function publishOnPort(
  nodes: readonly PublishedNode[],
  port: number,
): Promise<Published> {
  for (let candidate = port; candidate < port + PORTS_TRIED; candidate++) {
    const server = makeServer(nodes);
    if (await listens(server, { host: '127.0.0.1', port: candidate })) {
      return { port: candidate, close: () => closeServer(server) };
    }
  }
  throw new Error(`No free port on 127.0.0.1 from ${port} to ${port + PORTS_TRIED - 1}`);
}

/** Serves on a Unix socket: inside a user namespace the host's ports are out of reach. */
export async function publishOnSocket(
  nodes: readonly PublishedNode[],
  path: string,
): Promise<() => Promise<void>> {
  const server = makeServer(nodes);
  if (!(await listens(server, { path }))) throw new Error(`Another process listens on ${path}`);
  return () => closeServer(server);
}

/** Whether `server` got its address; false when another has it. */
export function listens(
  server: { listen(o: ListenOptions): unknown; once(e: string, f: (x: Error) => void): unknown },
  options: ListenOptions,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.once('listening', () => resolve(true));
    server.listen(options);
  });
}

function makeServer(nodes: readonly PublishedNode[]): Server {
  return createServer((incoming, answer) => {
    if (!isLocalName(incoming.headers.host)) return refuse(answer, 403, 'Unknown host name');
    const [, name, rest] = /^\/([^/?]+)(.*)$/.exec(incoming.url ?? '/') ?? [];
    if (name === undefined) return sendIndex(answer, nodes);
    const node = nodes.find((one) => one.name === name);
    if (node === undefined) return refuse(answer, 404, `No node ${JSON.stringify(name)} here`);
    forward(incoming, answer, { node, path: rest === undefined || rest === '' ? '/' : rest });
  });
}

function forward(
  incoming: IncomingMessage,
  answer: ServerResponse,
  { node, path }: { readonly node: PublishedNode; readonly path: string },
): void {
  const { socketPath, host } = node;
  const headers = { ...incoming.headers, host };
  const upstream = request({ socketPath, path, method: incoming.method ?? 'GET', headers });
  upstream.on('response', (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(answer);
  });
  upstream.on('error', (error) => {
    if (answer.headersSent) answer.destroy();
    else refuse(answer, 502, `${node.name} does not answer: ${error.message}`);
  });
  incoming.pipe(upstream);
}

function sendIndex(answer: ServerResponse, nodes: readonly PublishedNode[]): void {
  const rows = nodes.map(({ name }) => {
    const links = ['metrics', 'livez', 'readyz'].map((p) => `<a href="/${name}/${p}">${p}</a>`);
    return `<li><a href="/${name}/">${name}</a>: ${links.join(' · ')}</li>`;
  });
  answer.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  answer.end(`<!doctype html><title>godwit fabric</title><h1>godwit fabric</h1>
<ul>
${rows.join('\n')}
</ul>
`);
}

function refuse(answer: ServerResponse, status: number, text: string): void {
  answer.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  answer.end(`${text}\n`);
}

// A page of another site that resolves its own name to 127.0.0.1 must not read our metrics.
function isLocalName(host: string | undefined): boolean {
  return host !== undefined && /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host);
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Several checkouts side by side, and a godwit of the machine's own on the first one. */
const PORTS_TRIED = 20;
