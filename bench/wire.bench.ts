/**
 * The UPDATE path by hand against binary-parser and smart-buffer, on the same messages.
 *
 * `node bench/wire.bench.ts` prints nanoseconds a prefix or a message; docs/decisions/0002 quotes them. Everything is
 * run in one process, best of several rounds, so compare rows, not machines.
 */
import { Parser } from 'binary-parser';
import { SmartBuffer } from 'smart-buffer';
import { ByteWriter } from '../src/base/byte-writer.ts';
import { ip } from '../src/net/ip-address.ts';
import { canonicalise, isVerbatim, judgeAttributes } from '../src/wire/attributes/canonical.ts';
import { EMPTY_ATTRIBUTES, encodeAttributes } from '../src/wire/attributes/codec.ts';
import { attributeFacts, emptyAttributeFacts } from '../src/wire/attributes/facts.ts';
import { rewriteAttributes } from '../src/wire/attributes/rewrite.ts';
import { writeWireAttributes } from '../src/wire/attributes/to-wire.ts';
import { Framer } from '../src/wire/framer.ts';
import { beginMessage, endMessage } from '../src/wire/header.ts';
import { MessageType } from '../src/wire/iana.ts';
import { forEachNlri } from '../src/wire/nlri.ts';
import { NlriWriter } from '../src/wire/nlri-writer.ts';
import { decodeOpen, encodeOpen } from '../src/wire/open.ts';
import { locateUpdate, type UpdateContext, updateLayout } from '../src/wire/update.ts';

const ROUNDS = 7;
const CONTEXT: UpdateContext = {
  as4: true,
  peerType: 'ebgp',
  addPathReceive: { 'ipv4-unicast': false, 'ipv6-unicast': false },
  extendedNextHop: false,
};

const CANONICAL = encodeAttributes(
  {
    ...EMPTY_ATTRIBUTES,
    asPath: [{ type: 2, asns: [65001, 3356, 1299, 64512] }],
    nextHop: ip('192.0.2.1'),
    med: 10,
    communities: [0x0d1c0064, 0x0d1c0065, 0x05130001],
  },
  'ipv4-unicast',
);

/** An UPDATE of `count` /24s. */
function updateOf(count: number): Uint8Array {
  const nlri = new Uint8Array(count * 4);
  const writer = new NlriWriter();
  writer.open(nlri, { at: 0, end: nlri.length, addPath: false });
  for (let i = 0; i < count; i++) writer.ipv4((0x0a000000 + i * 256) | 0, 24, 0);
  const out = new ByteWriter(4096);
  const start = beginMessage(MessageType.Update, out);
  out.u16(0);
  out.u16(CANONICAL.length);
  out.bytes(CANONICAL);
  out.bytes(nlri);
  endMessage(start, out);
  return out.finish();
}

// Folded into a number that is printed, so that nothing measured is optimised away.
let sink = 0;
function fold(value: number): true {
  sink = (sink + value) | 0;
  return true;
}

const layout = updateLayout();
const visit = (addressOffset: number, length: number): void => {
  sink = (sink + addressOffset * 33 + length) | 0;
};

function byHand(message: Uint8Array): void {
  locateUpdate(message, CONTEXT, layout);
  forEachNlri(message, layout.nlri, visit);
}

const nlriParser = new Parser().uint8('length').buffer('address', {
  length: (item: { length: number }) => (item.length + 7) >>> 3,
});
const attributeParser = new Parser()
  .endianness('big')
  .uint8('flags')
  .uint8('type')
  .uint8('length')
  .buffer('value', { length: 'length' });
const updateParser = new Parser()
  .endianness('big')
  .buffer('header', { length: 19 })
  .uint16('withdrawnLength')
  .array('withdrawn', { type: nlriParser, lengthInBytes: 'withdrawnLength' })
  .uint16('attributesLength')
  .array('attributes', { type: attributeParser, lengthInBytes: 'attributesLength' })
  .array('nlri', { type: nlriParser, readUntil: 'eof' });

function byBinaryParser(message: Uint8Array): void {
  const { nlri } = updateParser.parse(message) as {
    nlri: { length: number; address: Uint8Array }[];
  };
  for (const { address, length } of nlri) sink = (sink + address.length * 33 + length) | 0;
}

function bySmartBuffer(message: Uint8Array): void {
  const input = SmartBuffer.fromBuffer(
    Buffer.from(message.buffer, message.byteOffset, message.length),
  );
  input.readOffset = 19;
  input.readBuffer(input.readUInt16BE());
  const end = input.readUInt16BE() + input.readOffset;
  while (input.readOffset < end) {
    const flags = input.readUInt8();
    const type = input.readUInt8();
    const value = input.readBuffer(flags & 16 ? input.readUInt16BE() : input.readUInt8());
    sink = (sink + type + value.length) | 0;
  }
  while (input.remaining() > 0) {
    const length = input.readUInt8();
    const address = input.readBuffer((length + 7) >>> 3);
    sink = (sink + address.length * 33 + length) | 0;
  }
}

/** Best time of one call in nanoseconds. */
function measure(run: () => unknown, calls: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / calls);
  }
  return best;
}

function report(what: string, nanoseconds: number, unit: string): void {
  console.log(`${what.padEnd(58)} ${nanoseconds.toFixed(1).padStart(9)} ns a ${unit}`);
}

function benchDecode(): void {
  for (const count of [1, 10, 900]) {
    const message = updateOf(count);
    const calls = Math.ceil(200_000 / count);
    for (const [name, decode] of [
      ['by hand', byHand],
      ['binary-parser', byBinaryParser],
      ['smart-buffer', bySmartBuffer],
    ] as const) {
      const time = measure(() => decode(message), calls);
      report(`UPDATE of ${count}: locate and walk, ${name}`, time / count, 'prefix');
    }
  }
}

function benchFramer(): void {
  const messages = Array.from({ length: 14 }, () => updateOf(900));
  const stream = new Uint8Array(Buffer.concat(messages));
  const framer = new Framer();
  const whole = measure(() => framer.feed(stream, (_, message) => fold(message.length)), 2000);
  report('framer, 64 KiB chunk of full messages', whole / messages.length, 'message');
}

function benchAttributes(): void {
  const message = updateOf(1);
  const out = new ByteWriter(1024);
  locateUpdate(message, CONTEXT, layout);
  const input = { message, layout, context: CONTEXT, part: 'classic' } as const;
  const run = (what: string, body: () => void): void => {
    report(
      what,
      measure(() => {
        out.reset();
        body();
        sink = (sink + out.length) | 0;
      }, 200_000),
      'set',
    );
  };
  run('canonicalise (7606 checks, sort, copy)', () => void canonicalise(input, out));
  run('judge alone, of octets that are canonical as they came', () => {
    judgeAttributes(input);
    if (!isVerbatim(input)) throw new Error('not verbatim');
  });
  const facts = emptyAttributeFacts();
  run('attributeFacts', () => attributeFacts(CANONICAL, facts));
  const span = { octets: CANONICAL, start: 0, end: CANONICAL.length };
  const rewrite = {
    family: 'ipv4-unicast',
    prepend: [64512],
    nextHop: Uint8Array.of(192, 0, 2, 2),
    med: 'drop',
    localPref: 'drop',
    removeOriginatorAndCluster: true,
  } as const;
  run('rewriteAttributes (prepend, next hop)', () => rewriteAttributes(span, rewrite, out));
  run('writeWireAttributes, 4-octet AS', () => writeWireAttributes(CANONICAL, true, out));
  run('writeWireAttributes, 2-octet AS', () => writeWireAttributes(CANONICAL, false, out));
}

function benchWrite(): void {
  const target = new Uint8Array(4096);
  const writer = new NlriWriter();
  const time = measure(() => {
    writer.open(target, { at: 0, end: target.length, addPath: false });
    for (let i = 0; i < 900; i++) writer.ipv4((0x0a000000 + i * 256) | 0, 24, 0);
    sink = (sink + writer.at) | 0;
  }, 500);
  report('NlriWriter.ipv4', time / 900, 'prefix');
}

function benchOpen(): void {
  const open = {
    version: 4,
    myAs: 64512,
    holdTime: 90,
    bgpIdentifier: 1,
    capabilities: [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'routeRefresh' },
      { kind: 'fourOctetAs', asn: 64512 },
    ],
  } as const;
  const octets = encodeOpen(open);
  report(
    'OPEN, encode (smart-buffer)',
    measure(() => fold(encodeOpen(open).length), 20_000),
    'message',
  );
  report(
    'OPEN, decode (binary-parser)',
    measure(() => fold(decodeOpen(octets).myAs), 20_000),
    'message',
  );
}

benchDecode();
benchWrite();
benchFramer();
benchAttributes();
benchOpen();
console.log(`(${sink})`);
