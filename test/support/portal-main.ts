/** The program behind `portal.ts`: `portal-main.ts SOCKET`, run inside a namespace. It knows no BGP. */
import { connect, createServer, type Socket } from 'node:net';
import { type PortalAnswer, type PortalRequest, readLine } from './portal.ts';

const path = process.argv[2];
if (path === undefined) throw new Error('usage: portal-main.ts SOCKET');

createServer({ allowHalfOpen: true }, (outer) => {
  outer.on('error', () => outer.destroy()); // the test has gone; what it held ends with it
  void readLine(outer).then(
    (line) => serve(outer, JSON.parse(line) as PortalRequest),
    () => outer.destroy(),
  );
}).listen(path);

function serve(outer: Socket, request: PortalRequest): void {
  const answer = (what: PortalAnswer): void => void outer.write(`${JSON.stringify(what)}\n`);
  if ('dial' in request) {
    const { host, port, from } = request.dial;
    const local = from === undefined ? {} : { localAddress: from };
    const inner = connect({ host, port, ...local, allowHalfOpen: true, noDelay: true });
    const onError = (error: NodeJS.ErrnoException): void => {
      answer({ errno: error.code ?? error.message });
      outer.end();
    };
    inner.once('error', onError);
    inner.once('connect', () => {
      inner.off('error', onError);
      answer('connected');
      join(outer, inner);
    });
    return;
  }
  const { host, port } = request.accept;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (inner) => {
    server.close();
    answer('connected');
    join(outer, inner);
  });
  server.once('error', (error: NodeJS.ErrnoException) => {
    answer({ errno: error.code ?? error.message });
    outer.end();
  });
  outer.once('close', () => server.close());
  server.listen(port, host, () => answer('listening'));
}

function join(outer: Socket, inner: Socket): void {
  inner.pipe(outer);
  outer.pipe(inner);
  inner.on('error', () => outer.destroy());
  outer.on('close', () => inner.destroy());
  inner.on('close', () => outer.end());
}
