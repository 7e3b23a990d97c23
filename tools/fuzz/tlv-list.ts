/**
 * Where the type-length-values of a stretch of a message stand, as far as they can be followed: path attributes
 * (RFC 4271 §4.3) and the capabilities of an OPEN (RFC 5492 §4). A list that lies is followed until it leaves the stretch.
 */

import type { Draft } from './draft.ts';

/** More are left alone: enough to damage. */
const TLVS_MAX = 256;

export type TlvForm = 'attribute' | 'capability';

const EXTENDED = 0x10;

export class TlvList {
  readonly starts = new Int32Array(TLVS_MAX);
  /** Of the value. */
  readonly values = new Int32Array(TLVS_MAX);
  readonly ends = new Int32Array(TLVS_MAX);
  count = 0;

  scan(draft: Draft, span: { start: number; end: number }, form: TlvForm): void {
    const { octets } = draft;
    const end = Math.min(span.end, draft.length);
    this.count = 0;
    let at = span.start;
    while (at < end && this.count < TLVS_MAX) {
      const head = headLength(octets[at]!, form);
      if (at + head > end) return;
      const length = head === 4 ? draft.u16(at + 2) : octets[at + head - 1]!;
      const next = at + head + length;
      if (next > end) return;
      this.starts[this.count] = at;
      this.values[this.count] = at + head;
      this.ends[this.count] = next;
      this.count++;
      at = next;
    }
  }
}

function headLength(first: number, form: TlvForm): number {
  if (form === 'capability') return 2;
  return (first & EXTENDED) !== 0 ? 4 : 3;
}
