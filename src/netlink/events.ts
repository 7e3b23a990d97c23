/**
 * What the kernel tells: the messages of a dump or of the multicast groups, each handed to the method that is
 * for it. Whether a message is news or part of a dump is the caller's knowledge.
 *
 * Two silences that readers must know (Linux 6.18, `test/system/netlink.test.ts`): when a link goes down,
 * IPv4 routes through it vanish without RTM_DELROUTE; and a route stays when the address that made
 * its gateway reachable goes, without a word. What stands after either is known by a dump only.
 */

import { decodeInterfaceAddress, type InterfaceAddress } from './address.ts';
import { MessageType } from './codes.ts';
import { decodeLink, type Link } from './link.ts';
import { MessageCursor } from './message.ts';
import { RawRoute, type RouteVisitor } from './raw-route.ts';

/** `set` covers new and changed: the kernel does not tell them apart. */
export type KernelChange = 'set' | 'removed';

export interface KernelVisitor extends RouteVisitor {
  onLink(change: KernelChange, link: Link): void;
  onAddress(change: KernelChange, address: InterfaceAddress): void;
}

const scratchMessage = new MessageCursor();
const scratchRoute = new RawRoute();

/** Visits the messages in `octets[0, length)` in order; what is of no known kind is passed over. */
export function visitKernelMessages(
  octets: Uint8Array,
  length: number,
  visitor: KernelVisitor,
): void {
  const message = scratchMessage.reset(octets, length);
  while (message.next()) visitKernelMessage(message, visitor);
}

/** Visits the current message of `message`. */
export function visitKernelMessage(message: MessageCursor, visitor: KernelVisitor): void {
  const { type, octets, start, end } = message;
  switch (type) {
    case MessageType.NEWROUTE:
    case MessageType.DELROUTE:
      if (scratchRoute.load(message)) visitor.onRoute(scratchRoute);
      return;
    case MessageType.NEWLINK:
    case MessageType.DELLINK: {
      const link = decodeLink(octets, start, end);
      const change = type === MessageType.NEWLINK ? 'set' : 'removed';
      if (link !== undefined) visitor.onLink(change, link);
      return;
    }
    case MessageType.NEWADDR:
    case MessageType.DELADDR: {
      const address = decodeInterfaceAddress(octets, start, end);
      const change = type === MessageType.NEWADDR ? 'set' : 'removed';
      if (address !== undefined) visitor.onAddress(change, address);
    }
  }
}
