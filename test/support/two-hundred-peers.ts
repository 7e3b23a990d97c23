/**
 * Many peers in one process, run inside a namespace: `two-hundred-peers.ts NODE COUNT BLOCK`.
 *
 * All connect at once. The first three are bad: one never reads, one sends an octet a second, one sends
 * NOTIFICATIONs in a loop. The others announce a block each and count what they are told. Prints JSON lines:
 * `converged` once, and afterwards, while the last peer announces and withdraws without end, `alive` every second.
 */
import { connect, type Socket } from 'node:net';
import { Framer } from '../../src/wire/framer.ts';
import { MessageType } from '../../src/wire/iana.ts';
import { KEEPALIVE } from '../../src/wire/keepalive.ts';
import { encodeNotification, notification } from '../../src/wire/notification.ts';
import { encodeOpen } from '../../src/wire/open.ts';
import { rawUpdate, rawWithdrawal, readUpdate, usualCapabilities } from './raw-peer.ts';
import { asOfPeer, blockOfPeer, peerAddress } from './two-hundred.ts';

const [node, countText, block] = process.argv.slice(2);
if (node === undefined || countText === undefined || block === undefined) {
  throw new Error('usage: two-hundred-peers.ts NODE COUNT BLOCK');
}
const count = Number(countText);
const BAD = 3;
const CONTEXT = {
  as4: true,
  peerType: 'ebgp',
  addPathReceive: { 'ipv4-unicast': false, 'ipv6-unicast': false },
  extendedNextHop: false,
} as const;
/** Prefixes that the last peer announces and withdraws over and over. */
const FLAPPING = Array.from({ length: 100 }, (_, i) => `10.246.${i}.0/26`);
const FLAP_EVERY_MS = 100;

const began = performance.now();
const since = (): number => Math.round(performance.now() - began);
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

function openOf(index: number): Uint8Array {
  const as = asOfPeer(index);
  return encodeOpen({
    version: 4,
    myAs: as,
    holdTime: 90,
    bgpIdentifier: 0x0a_0a_00_00 + index,
    capabilities: usualCapabilities(as),
  });
}

function dial(index: number): Socket {
  const to = { host: node!, port: 179, localAddress: peerAddress(index), noDelay: true };
  const socket = connect(to);
  socket.on('error', () => socket.destroy()); // a reset is what some of these peers are asking for
  return socket;
}

class Peer {
  readonly index: number;
  readonly socket: Socket;
  readonly #framer = new Framer();
  readonly #told = new Set<string>();
  readonly #wanted: number;
  establishedMs: number | undefined;
  convergedMs: number | undefined;
  updates = 0;

  constructor(index: number, wanted: number) {
    this.index = index;
    this.#wanted = wanted;
    this.socket = dial(index);
    this.socket.on('connect', () => this.socket.write(openOf(index)));
    this.socket.on('data', (octets) => {
      this.#framer.feed(octets, (type, message) => {
        this.#onMessage(type, message);
        return true;
      });
    });
    this.socket.on('close', () => say({ lost: peerAddress(index), afterMs: since() }));
    setInterval(() => this.socket.write(KEEPALIVE), 20_000);
  }

  #onMessage(type: number, message: Uint8Array): void {
    if (type === MessageType.Open) this.socket.write(KEEPALIVE);
    if (type === MessageType.Keepalive && this.establishedMs === undefined) {
      this.establishedMs = since();
      this.#announce([blockOfPeer(this.index)]);
    }
    if (type !== MessageType.Update) return;
    this.updates++;
    if (this.convergedMs !== undefined) return;
    for (const prefix of readUpdate(message, CONTEXT).announced) this.#told.add(prefix);
    if (this.#told.size >= this.#wanted) this.convergedMs = since();
  }

  flap(): void {
    this.#announce(FLAPPING);
    setTimeout(() => this.socket.write(rawWithdrawal(FLAPPING)), FLAP_EVERY_MS / 2);
  }

  #announce(prefixes: readonly string[]): void {
    const nextHop = peerAddress(this.index);
    this.socket.write(rawUpdate({ asPath: [asOfPeer(this.index)], nextHop, prefixes }));
  }
}

/** Becomes Established without ever reading what it is told. */
function neverReads(index: number): void {
  const socket = dial(index);
  socket.on('connect', () => {
    socket.write(openOf(index));
    socket.write(KEEPALIVE);
    setInterval(() => socket.write(KEEPALIVE), 20_000);
  });
}

function octetASecond(index: number): void {
  const socket = dial(index);
  const octets = openOf(index);
  let at = 0;
  setInterval(() => socket.write(octets.subarray(at, ++at)), 1_000);
}

let notificationLoops = 0;
function notificationsInALoop(index: number): void {
  const socket = dial(index);
  socket.on('connect', () => {
    socket.write(openOf(index));
    socket.end(encodeNotification(notification(6, 0)));
  });
  socket.resume();
  socket.on('close', () => {
    notificationLoops++;
    setTimeout(() => notificationsInALoop(index), 10);
  });
}

neverReads(0);
octetASecond(1);
notificationsInALoop(2);
// The node's block, and those of all good peers but one's own.
const wanted = 1 + (count - BAD) - 1;
const peers = Array.from({ length: count - BAD }, (_, i) => new Peer(BAD + i, wanted));

const poll = setInterval(() => {
  if (peers.some(({ convergedMs }) => convergedMs === undefined)) return;
  clearInterval(poll);
  const established = peers.map((peer) => peer.establishedMs ?? 0);
  const converged = peers.map((peer) => peer.convergedMs ?? 0);
  say({
    event: 'converged',
    peers: peers.length,
    establishedMsMax: Math.max(...established),
    convergedMsMax: Math.max(...converged),
  });
  const flapping = peers.at(-1)!;
  setInterval(() => flapping.flap(), FLAP_EVERY_MS);
  setInterval(() => {
    const updates = peers.reduce((sum, peer) => sum + peer.updates, 0);
    say({ event: 'alive', notificationLoops, updates });
  }, 1_000);
}, 5);
