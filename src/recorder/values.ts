/**
 * Values of inputs and effects ↔ JSON text: octets as hex, passwords as placeholders, all else as it is.
 *
 * Hex and not base64: a prefix or a marker can be found in a recording with grep. Invariant: no password of a plan
 * or an effect ever gets into the text; equal passwords have equal placeholders within one `Placeholders`.
 */

import { hashOctets } from '../base/hash.ts';

/** What stands for each password: `password-1` for the first that is met, and so on. */
export class Placeholders {
  readonly #known = new Map<string, string>();

  of(password: string): string {
    const known = this.#known.get(password);
    if (known !== undefined) return known;
    const placeholder = `password-${this.#known.size + 1}`;
    this.#known.set(password, placeholder);
    return placeholder;
  }
}

/** One line without a line break. */
export function encodeValue(value: unknown, placeholders?: Placeholders): string {
  return JSON.stringify(value, function (this: unknown, key: string, given: unknown): unknown {
    // Not `given`: a Buffer has turned itself into an array of numbers by then.
    const raw = (this as Record<string, unknown>)[key];
    if (raw instanceof Uint8Array) return { $hex: hexOf(raw) };
    if (raw instanceof Int32Array) return { $int32: [...raw] };
    if (key === 'password' && placeholders !== undefined) return hidden(raw, placeholders);
    return given;
  });
}

/** @throws {SyntaxError} when `text` is no JSON. */
export function decodeValue(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    const { $hex, $int32 } = value as { readonly $hex?: unknown; readonly $int32?: unknown };
    if (typeof $hex === 'string') return new Uint8Array(Buffer.from($hex, 'hex'));
    if (Array.isArray($int32)) return Int32Array.from($int32 as number[]);
    return value;
  });
}

/** 64 bits of a keyed hash in hex: equal for equal texts, here and wherever the recording is replayed. */
export function digestOfText(text: string): string {
  return digestOfOctets(Buffer.from(text, 'utf8'));
}

export function digestOfOctets(octets: Uint8Array): string {
  const span = { start: 0, end: octets.length };
  return [SEED_HIGH, SEED_LOW].map((seed) => hex32(hashOctets(octets, span, seed))).join('');
}

/** Any two numbers; part of the format. */
const SEED_HIGH = 0x676f6477;
const SEED_LOW = 0x69740001;

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

function hexOf(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex');
}

/** A plan says `{ value }` or `{ missing }`, an effect the text alone. */
function hidden(password: unknown, placeholders: Placeholders): unknown {
  if (typeof password === 'string') return placeholders.of(password);
  const { value } = (password ?? {}) as { readonly value?: unknown };
  return typeof value === 'string' ? { value: placeholders.of(value) } : password;
}
