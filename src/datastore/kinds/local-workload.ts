/**
 * LocalWorkload: a workload of this node that asks for a BGP session, as Felix says it in the files of its directory
 * `endpoint-status` (`io/datastores/endpoint-status.ts`), or as somebody writes it where there is no Felix.
 * @see calico model 2.6
 */

import type { Fields } from '../fields.ts';
import type { LocalWorkloadResource } from '../resources.ts';
import { parseNodeAddress } from '../scalars.ts';

export function readLocalWorkload(name: string, spec: Fields): LocalWorkloadResource {
  const workload: LocalWorkloadResource = {
    name,
    peer: spec.text('bgpPeerName'),
    ipv4: readFirst(spec, 'ipv4Nets'),
    ipv6: readFirst(spec, 'ipv6Nets'),
  };
  spec.ignoreRest();
  return workload;
}

/** The first address is the one that the workload speaks from. */
function readFirst(spec: Fields, name: string): LocalWorkloadResource['ipv4'] {
  const nets = spec.list(name, 'an address with its length, as 10.65.0.2/32', (value) =>
    typeof value === 'string' ? parseNodeAddress(value) : undefined,
  );
  return nets[0]?.address;
}
