/**
 * One RTM_NEWROUTE or RTM_DELROUTE, read in place: fixed fields as numbers, everything else still octets.
 * One object serves a whole dump, so a table of a million routes is read without allocating per route.
 *
 * Invariant: valid only inside the callback that hands it out; `decodeRoute` and `RouteShapes` copy.
 */

import { ipFamilyOf } from './address.ts';
import { AttributeCursor } from './attributes.ts';
import { MessageType, RouteAttribute, RouteFlag } from './codes.ts';
import { readU32 } from './host-order.ts';
import { MessageCursor } from './message.ts';

/** Octets of `struct rtmsg`. */
export const ROUTE_HEADER_OCTETS = 12;

export class RawRoute {
  /** `removed` for RTM_DELROUTE. */
  change: 'set' | 'removed' = 'set';
  family: 4 | 6 = 4;
  /** The prefix: its first 4 or 16 octets, zeros behind; and its length in bits. */
  readonly destination: Uint8Array = new Uint8Array(16);
  destinationLength = 0;
  table = 0;
  /** RTA_PRIORITY; 0 where the message has none. */
  metric = 0;
  protocol = 0;
  scope = 0;
  /** Code point: index into `ROUTE_TYPES`. */
  typeCode = 0;
  flags = 0;
  /** DSCP or traffic class of the route's key; 0 in all that godwit writes. */
  tos = 0;
  /** Port of the socket whose request caused this; 0 for the kernel itself and in dumps by others. */
  portId = 0;
  sequence = 0;
  /** `nlmsg_flags`. In an event, REPLACE says that an older route with this key went. */
  messageFlags = 0;
  /** The attributes are `octets[attributesStart, attributesEnd)`. */
  octets: Uint8Array = new Uint8Array(0);
  attributesStart = 0;
  attributesEnd = 0;
  readonly #attribute = new AttributeCursor(new Uint8Array(0), 0, 0);

  /**
   * Takes over the current message of `message`; false when that is no route of a table: another
   * family (multicast routing, MPLS), a cache entry, or shorter than its own header.
   */
  load(message: MessageCursor): boolean {
    const { octets, start, end } = message;
    if (end - start < ROUTE_HEADER_OCTETS) return false;
    const family = ipFamilyOf(octets[start]!);
    if (family === undefined) return false;
    this.flags = readU32(octets, start + 8);
    if ((this.flags & RouteFlag.CLONED) !== 0) return false;
    this.family = family;
    this.change = message.type === MessageType.DELROUTE ? 'removed' : 'set';
    this.destinationLength = octets[start + 1]!;
    this.tos = octets[start + 3]!;
    this.table = octets[start + 4]!;
    this.protocol = octets[start + 5]!;
    this.scope = octets[start + 6]!;
    this.typeCode = octets[start + 7]!;
    this.portId = message.portId;
    this.sequence = message.sequence;
    this.messageFlags = message.flags;
    this.octets = octets;
    this.attributesStart = start + ROUTE_HEADER_OCTETS;
    this.attributesEnd = end;
    return this.#loadKey();
  }

  /** A cursor over the attributes; one per route, so finish with it before asking again. */
  attributes(): AttributeCursor {
    return this.#attribute.reset(this.octets, this.attributesStart, this.attributesEnd);
  }

  #loadKey(): boolean {
    const width = this.family === 4 ? 4 : 16;
    if (this.destinationLength > width * 8) return false;
    this.destination.fill(0);
    this.metric = 0;
    const attribute = this.attributes();
    while (attribute.next()) {
      const { type } = attribute;
      if (type === RouteAttribute.DST) {
        if (attribute.length !== width) return false;
        for (let i = 0; i < width; i++)
          this.destination[i] = attribute.octets[attribute.start + i]!;
      } else if (type === RouteAttribute.PRIORITY) this.metric = attribute.u32() ?? 0;
      else if (type === RouteAttribute.TABLE) this.table = attribute.u32() ?? this.table;
    }
    return true;
  }
}

/** Gets each route of a dump or each route event. The route is valid during the call only. */
export interface RouteVisitor {
  onRoute(route: RawRoute): void;
}

const scratchMessage = new MessageCursor();
const scratchRoute = new RawRoute();

/** Visits the routes among the messages in `octets[0, length)`; other messages are passed over. */
export function visitRoutes(octets: Uint8Array, length: number, visitor: RouteVisitor): void {
  const message = scratchMessage.reset(octets, length);
  while (message.next()) {
    if (message.type !== MessageType.NEWROUTE && message.type !== MessageType.DELROUTE) continue;
    if (scratchRoute.load(message)) visitor.onRoute(scratchRoute);
  }
}
