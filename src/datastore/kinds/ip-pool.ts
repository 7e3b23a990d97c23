/** IPPool: where pod addresses come from and how packets between nodes are carried. @see calico model 1.4 */

import { prefixFamily, prefixLength } from '../../net/prefix.ts';
import type { Fields } from '../fields.ts';
import type { IpPoolResource } from '../resources.ts';
import { readCidr } from './common.ts';

const MODES = ['Never', 'Always', 'CrossSubnet'] as const;

const BLOCK_SIZE = {
  4: { min: 20, max: 32, usual: 26 },
  6: { min: 116, max: 128, usual: 122 },
} as const;

export function readIpPool(name: string, spec: Fields): IpPoolResource | undefined {
  const cidr = spec.required('cidr', readCidr(spec, 'cidr', true), 'Write a CIDR');
  const ipipMode = spec.oneOf('ipipMode', MODES) ?? 'Never';
  const vxlanMode = spec.oneOf('vxlanMode', MODES) ?? 'Never';
  const disableBgpExport = spec.boolean('disableBGPExport') ?? false;
  const family = cidr === undefined ? 4 : prefixFamily(cidr);
  const range = BLOCK_SIZE[family];
  const blockSize = spec.integer('blockSize', range) ?? range.usual;
  // Calico model 1.4: `disabled` stops the allocation of addresses, never the routing.
  spec.ignore('disabled', 'natOutgoing', 'nodeSelector', 'namespaceSelector');
  spec.ignore('assignmentMode', 'allowedUses', 'nat-outgoing', 'ipip');
  if (cidr === undefined) return undefined;
  if (ipipMode !== 'Never' && vxlanMode !== 'Never') {
    spec.report('vxlanMode', {
      code: 'Exclusive',
      message: 'May not be set together with ipipMode',
      remedy: 'Set one of them to Never',
      value: vxlanMode,
    });
  }
  if (ipipMode !== 'Never' && family === 6) {
    spec.report('ipipMode', {
      code: 'BadValue',
      message: 'IP-in-IP carries IPv4 alone',
      remedy: 'Write Never',
      value: ipipMode,
    });
  }
  if (blockSize < prefixLength(cidr)) {
    spec.report('blockSize', {
      code: 'BadValue',
      message: `A block of /${blockSize} is larger than the pool ${cidr}`,
      remedy: `Write ${prefixLength(cidr)} or more`,
      value: blockSize,
    });
  }
  return { name, cidr, ipipMode, vxlanMode, disableBgpExport, blockSize };
}
