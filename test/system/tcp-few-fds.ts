/**
 * A listener in a process with few file descriptors, for `tcp.test.ts`: prints its port, then each errno it
 * meets, and `all` once it has taken as many callers as its argument says, letting go of them when it runs out.
 */

import type { TcpConnection } from '../../src/io/tcp.ts';
import { TcpListener } from '../../src/io/tcp-listener.ts';
import { ip } from '../../src/net/ip-address.ts';

const wanted = Number(process.argv[2]);
const held: TcpConnection[] = [];
let taken = 0;
const ignore = (): void => undefined;
const listener = TcpListener.open(
  { address: ip('127.0.0.1'), port: 0 },
  {
    onIncoming: (pending) => {
      held.push(pending.open({ onOctets: ignore, onWritable: ignore, onClosed: ignore }));
      taken++;
      if (taken === wanted) {
        console.log('all');
        process.exit(0);
      }
    },
    onError: ({ errno, detail }) => {
      console.log(`${errno}: ${detail}`);
      for (const connection of held.splice(0)) connection.reset();
    },
  },
);
if ('kind' in listener) throw new Error(JSON.stringify(listener));
console.log(listener.local.port);
