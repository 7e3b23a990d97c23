/** LARGE_COMMUNITY, type 32: tags of three 32-bit numbers (RFC 8092). */
import type { ByteWriter } from '../../base/byte-writer.ts';
import { AttributeType } from '../iana.ts';
import { defineAttribute, u32At } from './define.ts';
import { listCheck } from './list-attribute.ts';
import type { LargeCommunity } from './path-attributes.ts';

export const largeCommunityAttribute = defineAttribute<readonly LargeCommunity[]>({
  type: AttributeType.LargeCommunity,
  name: 'LARGE_COMMUNITY',
  category: 'optional-transitive',
  check: listCheck(12), // RFC 8092 §6: a non-zero multiple of 12, or treat-as-withdraw
  decode(value) {
    const communities: LargeCommunity[] = [];
    while (value.remaining > 0) communities.push([value.u32(), value.u32(), value.u32()]);
    return communities;
  },
  encode(communities, out) {
    for (const community of communities) for (const part of community) out.u32(part);
  },
  format: (communities) => communities.map((community) => community.join(':')).join(' '),
});

/** Up to so many are compared each with each; a message of 64 KiB holds 5460, which would take 30 ms. */
const COMPARED_MAX = 64;

/** RFC 8092 §3: the receiver silently removes repeated values. `value` is whole communities, in the order kept. */
export function writeUniqueLargeCommunities(value: Uint8Array, out: ByteWriter): void {
  if (value.length > COMPARED_MAX * 12) return writeUniqueOfMany(value, out);
  for (let at = 0; at < value.length; at += 12) {
    if (!isAmong(value, at)) out.copy(value, at, at + 12);
  }
}

function writeUniqueOfMany(value: Uint8Array, out: ByteWriter): void {
  const seen = new Set<string>();
  for (let at = 0; at < value.length; at += 12) {
    const before = seen.size;
    seen.add(`${u32At(value, at)}:${u32At(value, at + 4)}:${u32At(value, at + 8)}`);
    if (seen.size > before) out.copy(value, at, at + 12);
  }
}

/** Whether the community at `at` stands before it too. */
function isAmong(value: Uint8Array, at: number): boolean {
  const first = u32At(value, at);
  const second = u32At(value, at + 4);
  const third = u32At(value, at + 8);
  for (let i = 0; i < at; i += 12) {
    // The last part first: it differs most often.
    if (
      u32At(value, i + 8) === third &&
      u32At(value, i + 4) === second &&
      u32At(value, i) === first
    ) {
      return true;
    }
  }
  return false;
}
