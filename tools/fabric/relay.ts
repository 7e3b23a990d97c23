/**
 * Runs inside a node's namespace and connects a Unix socket, which namespaces share, with the
 * node's HTTP port, which they do not: `relay.ts SOCKET HOST PORT`. It understands no HTTP.
 */
import { connect, createServer } from 'node:net';

const [socketPath, host, port] = process.argv.slice(2);
if (socketPath === undefined || host === undefined || port === undefined) {
  throw new Error('usage: relay.ts SOCKET HOST PORT');
}

const server = createServer((inside) => {
  const outside = connect({ host, port: Number(port) });
  inside.pipe(outside).pipe(inside);
  // A refused or broken connection on one side closes the other; the proxy in front reports it.
  inside.on('error', () => outside.destroy());
  outside.on('error', () => inside.destroy());
});
server.listen(socketPath);
