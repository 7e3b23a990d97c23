/** The links of the network namespace that this process is in, read once; sysfs may be that of another one. */

import type { SystemError } from '../base/errors.ts';
import type { InterfaceAddress } from '../netlink/address.ts';
import type { KernelDump } from '../netlink/dump-request.ts';
import type { KernelVisitor } from '../netlink/events.ts';
import type { Link } from '../netlink/link.ts';
import { DumpQueue } from './netlink-dump.ts';

/** In the kernel's order. */
export async function readLinks(): Promise<readonly Link[] | SystemError> {
  const links: Link[] = [];
  const error = await read(
    { kind: 'links' },
    { ...NOTHING, onLink: (_, link) => links.push(link) },
  );
  return error ?? links;
}

/** Of both families, also those of links that are down. */
export async function readAddresses(): Promise<readonly InterfaceAddress[] | SystemError> {
  const addresses: InterfaceAddress[] = [];
  const onAddress = (_: unknown, address: InterfaceAddress) => addresses.push(address);
  const error = await read({ kind: 'addresses' }, { ...NOTHING, onAddress });
  return error ?? addresses;
}

const NOTHING: KernelVisitor = {
  onLink: () => undefined,
  onAddress: () => undefined,
  onRoute: () => undefined,
};

/** What changes meanwhile may be in it or not: whoever asks once has to bear that. */
function read(dump: KernelDump, visitor: KernelVisitor): Promise<SystemError | undefined> {
  const dumps = DumpQueue.open();
  if ('kind' in dumps) return Promise.resolve(dumps);
  return new Promise((resolve) => {
    dumps.dump(dump, visitor, ({ error }) => {
      dumps.close();
      resolve(error);
    });
  });
}
