/** COMMUNITIES, type 8: tags of 32 bits (RFC 1997). */
import { AttributeType, wellKnownCommunityName } from '../iana.ts';
import { defineAttribute } from './define.ts';
import { listCheck } from './list-attribute.ts';

export const communitiesAttribute = defineAttribute<readonly number[]>({
  type: AttributeType.Communities,
  name: 'COMMUNITIES',
  category: 'optional-transitive',
  check: listCheck(4), // RFC 7606 §7.8: a non-zero multiple of 4, or treat-as-withdraw
  decode(value) {
    const communities: number[] = [];
    while (value.remaining > 0) communities.push(value.u32());
    return communities;
  },
  encode(communities, out) {
    for (const community of communities) out.u32(community);
  },
  format: (communities) => communities.map(formatCommunity).join(' '),
});

/** `65000:100`, or the name of a well-known one. */
export function formatCommunity(community: number): string {
  return wellKnownCommunityName(community) ?? `${community >>> 16}:${community & 0xffff}`;
}
