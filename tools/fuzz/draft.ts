/**
 * A message under construction: octets that grow and shrink in place, in one buffer that is reused for all.
 * Invariant: `length` never exceeds the longest message there is (RFC 8654).
 */

export const DRAFT_LENGTH_MAX = 65_535;

export class Draft {
  readonly octets = new Uint8Array(DRAFT_LENGTH_MAX);
  length = 0;

  load(message: Uint8Array): void {
    this.octets.set(message);
    this.length = message.length;
  }

  view(): Uint8Array {
    return this.octets.subarray(0, this.length);
  }

  u16(at: number): number {
    return (this.octets[at]! << 8) | this.octets[at + 1]!;
  }

  setU16(at: number, value: number): void {
    this.octets[at] = value >>> 8;
    this.octets[at + 1] = value;
  }

  /** Makes `room` octets out of the `old` ones at `at`. False, and nothing done, when that would be too long. */
  resize(at: number, old: number, room: number): boolean {
    const length = this.length - old + room;
    if (length > DRAFT_LENGTH_MAX) return false;
    this.octets.copyWithin(at + room, at + old, this.length);
    this.length = length;
    return true;
  }

  /** Puts `octets` in place of the `old` ones at `at`. */
  splice(at: number, old: number, octets: Uint8Array): boolean {
    if (!this.resize(at, old, octets.length)) return false;
    this.octets.set(octets, at);
    return true;
  }

  cut(length: number): void {
    this.length = Math.min(this.length, length);
  }

  /** The length field of the header says the truth. */
  fixLength(): void {
    if (this.length >= 18) this.setU16(16, this.length);
  }
}
