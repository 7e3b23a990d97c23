/**
 * A BGP speaker played by hand: it says what the script says, octet by octet where that is the point, and keeps what
 * it hears. By itself it only answers OPEN and keeps the session alive, unless told not to.
 */

import type { SystemError } from '../base/errors.ts';
import { type Millis, secondsToMillis } from '../base/units.ts';
import { type AfiSafi, factsOf } from '../net/afi-safi.ts';
import { type IpAddress, ip, ipFamily, ipv4ToU32 } from '../net/ip-address.ts';
import { type Prefix, prefix } from '../net/prefix.ts';
import { EMPTY_ATTRIBUTES } from '../wire/attributes/codec.ts';
import type { PathAttributes } from '../wire/attributes/path-attributes.ts';
import type { Capability } from '../wire/capabilities/capability.ts';
import { Framer } from '../wire/framer.ts';
import { AS_TRANS, MessageType } from '../wire/iana.ts';
import { KEEPALIVE } from '../wire/keepalive.ts';
import { decodeNotification, encodeNotification, type Notification } from '../wire/notification.ts';
import { decodeOpen, encodeOpen, type OpenMessage } from '../wire/open.ts';
import { decodeRouteRefresh, encodeRouteRefresh } from '../wire/route-refresh.ts';
import { announcement, endOfRibMarker, HeardRoutes, withdrawal } from './messages.ts';
import type { Acceptor, SimNetwork } from './network.ts';
import type { SimHost, SimSocket } from './socket.ts';

export interface PeerGracefulRestart {
  /** Seconds. */
  readonly restartTime: number;
  readonly restarting?: boolean;
  /** Families with the F bit, of both capabilities. */
  readonly forwarding?: readonly AfiSafi[];
  /** The N bit (RFC 8538). */
  readonly notification?: boolean;
  /** Seconds; present: long-lived graceful restart is spoken (RFC 9494). */
  readonly longLivedStaleTime?: number;
}

export interface ScriptedPeerOptions {
  readonly address: string;
  readonly as: number;
  /** Of the speaker under test; equal to `as` for iBGP. */
  readonly remoteAs?: number;
  readonly routerId?: string;
  readonly holdTime?: number;
  readonly families?: readonly AfiSafi[];
  readonly gracefulRestart?: PeerGracefulRestart;
  /** RFC 7313. */
  readonly enhancedRefresh?: boolean;
  /** In place of those made of the above. */
  readonly capabilities?: readonly Capability[];
  /** False: nothing is said that the script does not say. */
  readonly automatic?: boolean;
}

export class ScriptedPeer implements Acceptor {
  readonly host: SimHost;
  readonly address: IpAddress;
  /** Every connection there was, oldest first. */
  readonly conversations: Conversation[] = [];
  readonly failures: SystemError[] = [];
  options: ScriptedPeerOptions;
  readonly #network: SimNetwork;

  constructor(network: SimNetwork, options: ScriptedPeerOptions) {
    this.#network = network;
    this.options = options;
    this.address = ip(options.address);
    this.host =
      network.hostWith(this.address) ?? network.addHost(`peer ${options.address}`, [this.address]);
  }

  /** The newest conversation. */
  get talk(): Conversation {
    const talk = this.conversations.at(-1);
    if (talk === undefined) throw new Error(`${this.address} has no connection`);
    return talk;
  }

  get isEstablished(): boolean {
    return this.conversations.some(({ isEstablished }) => isEstablished);
  }

  listen(port = 179): void {
    this.#network.listen(this.host, { port, addresses: [], acceptor: this });
  }

  unlisten(): void {
    this.#network.unlisten(this);
  }

  call(remote: IpAddress, port = 179): void {
    const dial = { remote: { address: remote, port }, localAddress: this.address };
    this.#network.dial(this.host, dial, {
      onConnected: (socket: SimSocket) => this.#begin(socket),
      onFailed: (error) => this.failures.push(error),
    });
  }

  onAccept(socket: SimSocket): void {
    this.#begin(socket);
  }

  #begin(socket: SimSocket): void {
    this.conversations.push(new Conversation(this.#network, socket, this.options));
  }
}

class Conversation {
  readonly socket: SimSocket;
  readonly heard: HeardRoutes;
  readonly opens: OpenMessage[] = [];
  readonly notifications: Notification[] = [];
  readonly keepalivesAt: Millis[] = [];
  refreshes = 0;
  /** Markers heard (RFC 7313), and how many UPDATEs before each. */
  readonly markers: { readonly subtype: number; readonly updates: number }[] = [];
  /** How it ended: `closed` in order, or an errno; undefined while it stands. */
  ended: string | undefined;
  readonly #network: SimNetwork;
  readonly #options: ScriptedPeerOptions;
  readonly #framer = new Framer();

  constructor(network: SimNetwork, socket: SimSocket, options: ScriptedPeerOptions) {
    this.#network = network;
    this.socket = socket;
    this.#options = options;
    const remoteAs = options.remoteAs ?? options.as;
    this.heard = new HeardRoutes({
      as4: this.#as4,
      peerType: remoteAs === options.as ? 'ibgp' : 'ebgp',
    });
    socket.open({
      onOctets: (octets) =>
        this.#framer.feed(octets, (type, message) => this.#onMessage(type, message)),
      onWritable: () => undefined,
      onClosed: (error) => {
        this.ended = error?.errno ?? 'closed';
      },
    });
    if (this.#automatic) this.open();
  }

  get isEstablished(): boolean {
    return (
      this.ended === undefined &&
      this.socket.isOpen &&
      this.opens.length > 0 &&
      this.keepalivesAt.length > 0
    );
  }

  send(octets: Uint8Array): void {
    this.socket.write(octets);
  }

  open(change: Partial<OpenMessage> = {}): void {
    const { as, holdTime = 90, routerId = this.#options.address } = this.#options;
    this.send(
      encodeOpen({
        version: 4,
        myAs: as > 0xffff ? AS_TRANS : as,
        holdTime,
        bgpIdentifier: ipv4ToU32(ip(routerId)),
        capabilities: this.#capabilities,
        ...change,
      }),
    );
  }

  keepalive(): void {
    this.send(KEEPALIVE);
  }

  notify(notification: Notification): void {
    this.send(encodeNotification(notification));
  }

  /** Announces with this peer's AS and address, unless told otherwise. */
  announce(prefixes: readonly string[], change: Partial<PathAttributes> = {}): void {
    const values = prefixes.map(prefix);
    this.send(
      announcement(values, {
        family: familyOf(values[0]!),
        attributes: this.attributes(change),
        as4: this.#as4,
      }),
    );
  }

  withdraw(prefixes: readonly string[]): void {
    const values = prefixes.map(prefix);
    this.send(withdrawal(values, familyOf(values[0]!)));
  }

  endOfRib(family: AfiSafi = 'ipv4-unicast'): void {
    this.send(endOfRibMarker(family));
  }

  /** @param subtype  1 and 2: the beginning and the end of one (RFC 7313). */
  refresh(family: AfiSafi = 'ipv4-unicast', subtype = 0): void {
    const { afi, safi } = factsOf(family);
    this.send(encodeRouteRefresh({ afi, safi, subtype }));
  }

  attributes(change: Partial<PathAttributes> = {}): PathAttributes {
    const { as, address, remoteAs = as } = this.#options;
    const internal = remoteAs === as;
    return {
      ...EMPTY_ATTRIBUTES,
      asPath: internal ? [] : [{ type: 2, asns: [as] }],
      nextHop: ip(address),
      ...(internal ? { localPref: 100 } : {}),
      ...change,
    };
  }

  get #automatic(): boolean {
    return this.#options.automatic !== false;
  }

  get #as4(): boolean {
    return this.#capabilities.some(({ kind }) => kind === 'fourOctetAs');
  }

  get #capabilities(): readonly Capability[] {
    const { capabilities, as, gracefulRestart, enhancedRefresh } = this.#options;
    if (capabilities !== undefined) return capabilities;
    const families = this.#families;
    return [
      ...families.map((family): Capability => ({ kind: 'multiprotocol', ...codes(family) })),
      { kind: 'routeRefresh' },
      { kind: 'fourOctetAs', asn: as },
      ...(gracefulRestart === undefined ? [] : gracefulRestartOf(gracefulRestart, families)),
      ...(enhancedRefresh === true ? [{ kind: 'enhancedRouteRefresh' } as const] : []),
    ];
  }

  get #families(): readonly AfiSafi[] {
    const { families, address } = this.#options;
    return families ?? [ipFamily(ip(address)) === 4 ? 'ipv4-unicast' : 'ipv6-unicast'];
  }

  #onMessage(type: number, message: Uint8Array): boolean {
    switch (type) {
      case MessageType.Open:
        this.opens.push(decodeOpen(message));
        if (this.#automatic) this.#confirm();
        break;
      case MessageType.Keepalive:
        this.keepalivesAt.push(this.#network.clock.now);
        break;
      case MessageType.Update:
        this.heard.hear(message);
        break;
      case MessageType.Notification:
        this.notifications.push(decodeNotification(message));
        break;
      case MessageType.RouteRefresh:
        this.#hearRefresh(decodeRouteRefresh(message).subtype);
    }
    return true;
  }

  #hearRefresh(subtype: number): void {
    if (subtype === 0) this.refreshes++;
    else this.markers.push({ subtype, updates: this.heard.updates });
  }

  /** KEEPALIVE now, and in time from then on. */
  #confirm(): void {
    this.keepalive();
    const { holdTime = 90 } = this.#options;
    const agreed = Math.min(holdTime, this.opens.at(-1)?.holdTime ?? holdTime);
    if (agreed === 0) return;
    const again = (): void => {
      if (!this.socket.isOpen) return;
      this.keepalive();
      this.#network.clock.after(secondsToMillis(agreed / 3), again);
    };
    this.#network.clock.after(secondsToMillis(agreed / 3), again);
  }
}

function familyOf(value: Prefix): AfiSafi {
  return value.includes(':') ? 'ipv6-unicast' : 'ipv4-unicast';
}

function codes(family: AfiSafi): { readonly afi: number; readonly safi: number } {
  const { afi, safi } = factsOf(family);
  return { afi, safi };
}

function gracefulRestartOf(
  given: PeerGracefulRestart,
  families: readonly AfiSafi[],
): readonly Capability[] {
  const { restartTime, restarting = false, forwarding = [], notification = false } = given;
  const kept = families.map((family) => ({
    ...codes(family),
    forwarding: forwarding.includes(family),
  }));
  const { longLivedStaleTime: staleTime } = given;
  const short: Capability = {
    kind: 'gracefulRestart',
    restarting,
    notification,
    restartTime,
    families: kept,
  };
  if (staleTime === undefined) return [short];
  const long = kept.map((family) => ({ ...family, staleTime }));
  return [short, { kind: 'longLivedGracefulRestart', families: staleTime === 0 ? [] : long }];
}
