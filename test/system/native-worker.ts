/** What `native.test.ts` runs in a Worker: live polls of every kind, which it then terminates. */

import { parentPort } from 'node:worker_threads';
import { KernelSocket } from '../../src/io/netlink-socket.ts';
import { dial } from '../../src/io/tcp-dial.ts';
import { TcpListener } from '../../src/io/tcp-listener.ts';
import { ip } from '../../src/net/ip-address.ts';

const ignore = (): void => undefined;
const events = { onLink: ignore, onAddress: ignore, onRoute: ignore };
const kernel = KernelSocket.open({ events, onOverrun: ignore, onError: ignore });
const listener = TcpListener.open(
  { address: ip('127.0.0.1'), port: 0 },
  {
    onIncoming: (pending) =>
      pending.open({ onOctets: ignore, onWritable: ignore, onClosed: ignore }),
    onError: ignore,
  },
);
if ('kind' in kernel || 'kind' in listener) throw new Error('The sockets did not open');
dial(
  { remote: listener.local, connectTimeoutMs: 5_000 },
  { onConnected: () => parentPort?.postMessage('up'), onFailed: ignore },
);
