/** CLUSTER_LIST, type 10: the clusters that a reflected route passed, nearest first (RFC 4456 §8). */
import { ipv4FromU32 } from '../../net/ip-address.ts';
import { AttributeType } from '../iana.ts';
import { defineAttribute } from './define.ts';
import { listCheck } from './list-attribute.ts';
import { discardFromExternal } from './u32-attribute.ts';

const checkList = listCheck(4);

export const clusterListAttribute = defineAttribute<readonly number[]>({
  type: AttributeType.ClusterList,
  name: 'CLUSTER_LIST',
  category: 'optional-non-transitive',
  // RFC 7606 §7.10: discarded from an external peer; else a non-zero multiple of 4, or treat-as-withdraw.
  check: (value) => discardFromExternal(value) ?? checkList(value),
  decode(value) {
    const clusters: number[] = [];
    while (value.remaining > 0) clusters.push(value.u32());
    return clusters;
  },
  encode(clusters, out) {
    for (const cluster of clusters) out.u32(cluster);
  },
  format: (clusters) => clusters.map(ipv4FromU32).join(' '),
});
