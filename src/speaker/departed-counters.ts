/**
 * What neighbors that were removed had counted, so that a sum over the mesh never goes down: Prometheus would take that
 * for a restart of the process.
 */

import type { MessageCounters, Peer } from './peer.ts';

const none = (): MessageCounters => ({
  open: 0,
  update: 0,
  keepalive: 0,
  notification: 0,
  routeRefresh: 0,
});

export class DepartedCounters {
  readonly messages = { received: none(), sent: none() };
  readonly octets = { received: 0, sent: 0 };
  established = 0;
  flaps = 0;

  add(peer: Peer): void {
    addMessages(this.messages.received, peer.received);
    addMessages(this.messages.sent, peer.sent);
    this.octets.received += peer.octetsReceived;
    this.octets.sent += peer.octetsSent;
    this.established += peer.established;
    this.flaps += peer.flaps;
  }
}

function addMessages(sum: MessageCounters, more: MessageCounters): void {
  sum.open += more.open;
  sum.update += more.update;
  sum.keepalive += more.keepalive;
  sum.notification += more.notification;
  sum.routeRefresh += more.routeRefresh;
}
