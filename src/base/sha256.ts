/**
 * SHA-256 (FIPS 180-4) for the few places where the pure core must agree with Calico: the router id made from
 * the node name, shortened names. Not for secrets and not fast.
 */

/** @param octets  Any length. @returns 32 octets. */
export function sha256(octets: Uint8Array): Uint8Array {
  const state = Uint32Array.from(INITIAL);
  const padded = pad(octets);
  const schedule = new Uint32Array(64);
  for (let offset = 0; offset < padded.length; offset += 64) {
    compress(state, schedule, padded.subarray(offset, offset + 64));
  }
  const digest = new Uint8Array(32);
  for (let i = 0; i < 8; i++) writeU32(digest, i * 4, state[i]!);
  return digest;
}

/** UTF-8 octets of `text`. */
export function utf8(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'utf8'));
}

export function hex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
}

function pad(octets: Uint8Array): Uint8Array {
  const padded = new Uint8Array((((octets.length + 8) >>> 6) + 1) << 6);
  padded.set(octets);
  padded[octets.length] = 0x80;
  writeU32(padded, padded.length - 8, Math.floor((octets.length * 8) / 2 ** 32));
  writeU32(padded, padded.length - 4, (octets.length * 8) >>> 0);
  return padded;
}

function compress(state: Uint32Array, w: Uint32Array, block: Uint8Array): void {
  for (let t = 0; t < 16; t++) w[t] = readU32(block, t * 4);
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15]!;
    const y = w[t - 2]!;
    const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
    const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
    w[t] = w[t - 16]! + s0 + w[t - 7]! + s1;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let t = 0; t < 64; t++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[t]! + w[t]!) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  for (const [i, value] of [a, b, c, d, e, f, g, h].entries()) state[i] = state[i]! + value;
}

function rotate(x: number, n: number): number {
  return (x >>> n) | (x << (32 - n));
}

function readU32(octets: Uint8Array, at: number): number {
  return (
    ((octets[at]! << 24) | (octets[at + 1]! << 16) | (octets[at + 2]! << 8) | octets[at + 3]!) >>> 0
  );
}

function writeU32(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 24;
  octets[at + 1] = value >>> 16;
  octets[at + 2] = value >>> 8;
  octets[at + 3] = value;
}

/** FIPS 180-4 §5.3.3: fractional parts of the square roots of the first eight primes. */
const INITIAL = primes(8).map((p) => fraction(Math.sqrt(p)));

/** FIPS 180-4 §4.2.2: fractional parts of the cube roots of the first 64 primes. */
const ROUND = Uint32Array.from(primes(64), (p) => fraction(Math.cbrt(p)));

/** The first 32 bits after the point; a double holds 52, of which at most 4 are before it here. */
function fraction(x: number): number {
  return Math.floor((x - Math.floor(x)) * 2 ** 32);
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p !== 0)) found.push(n);
  return found;
}
