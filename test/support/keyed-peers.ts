/**
 * A program: many BGP peers with TCP-MD5 keys in one process, each from an address of its own. They dial, say OPEN and
 * KEEPALIVE, and listen for nothing else. Keys are read again whenever the file with them changes, and go onto the
 * connections that stand, as RFC 4808 asks of both sides.
 *
 * Usage: keyed-peers.ts HOST AS KEYS: KEYS is a JSON object from address to password (empty: none).
 */
import { readFileSync } from 'node:fs';
import type { TcpConnection } from '../../src/io/tcp.ts';
import { dial } from '../../src/io/tcp-dial.ts';
import { ip, ipv4ToU32 } from '../../src/net/ip-address.ts';
import { KEEPALIVE } from '../../src/wire/keepalive.ts';
import { encodeOpen } from '../../src/wire/open.ts';

const HOLD_SECONDS = 9;
const [host = '', as = '0', keysPath = ''] = process.argv.slice(2);

type Keys = Readonly<Record<string, string>>;
const readKeys = (): Keys => JSON.parse(readFileSync(keysPath, 'utf8')) as Keys;

let keys = readKeys();
const connections = new Map<string, TcpConnection>();

for (const address of Object.keys(keys)) call(address);

setInterval(() => {
  const next = readKeys();
  for (const [address, key] of Object.entries(next)) {
    if (key === keys[address]) continue;
    const error = connections.get(address)?.setMd5Key(key);
    console.log(`${address} has another key${error === undefined ? '' : `: ${error.errno}`}`);
  }
  keys = next;
}, 100);

function call(address: string): void {
  const key = keys[address] ?? '';
  const local = ip(address);
  const again = (): void => void setTimeout(() => call(address), 1000);
  const md5 = key === '' ? {} : { md5Key: key };
  const remote = { address: ip(host), port: 179 };
  dial(
    { remote, local, connectTimeoutMs: 3000, ...md5 },
    {
      onConnected: (pending) => {
        let timer: NodeJS.Timeout | undefined;
        const connection = pending.open({
          // Whatever comes first is the OPEN, or means that none is wanted.
          onOctets: () => {
            timer ??= setInterval(() => connection.write(KEEPALIVE), 1000);
          },
          onWritable: () => undefined,
          onClosed: () => {
            clearInterval(timer);
            connections.delete(address);
            again();
          },
        });
        connections.set(address, connection);
        connection.write(open(address));
        connection.write(KEEPALIVE);
      },
      onFailed: again,
    },
  );
}

function open(address: string): Uint8Array {
  return encodeOpen({
    version: 4,
    myAs: Number(as),
    holdTime: HOLD_SECONDS,
    bgpIdentifier: ipv4ToU32(ip(address)),
    capabilities: [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'fourOctetAs', asn: Number(as) },
    ],
  });
}
