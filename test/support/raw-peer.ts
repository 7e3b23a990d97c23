/**
 * A BGP peer made by hand: says exactly the octets a test wants, and reads back what it is told.
 * It has no state machine; what it encodes and decodes it does with `src/wire`.
 */
import type { Duplex } from 'node:stream';
import type { Prefix } from '../../src/net/prefix.ts';
import type { Capability } from '../../src/wire/capabilities/capability.ts';
import { Framer } from '../../src/wire/framer.ts';
import { MessageType } from '../../src/wire/iana.ts';
import { KEEPALIVE } from '../../src/wire/keepalive.ts';
import { decodeNlri } from '../../src/wire/nlri.ts';
import { decodeNotification, type Notification } from '../../src/wire/notification.ts';
import { decodeOpen, encodeOpen, type OpenMessage } from '../../src/wire/open.ts';
import { locateUpdate, type UpdateContext, updateLayout } from '../../src/wire/update.ts';

export interface RawOpen {
  /** The 2-octet field. */
  readonly as: number;
  readonly holdTime?: number;
  /** Unsigned 32 bits; every raw peer needs its own. */
  readonly identifier: number;
  /** None at all unless given. */
  readonly capabilities?: readonly Capability[];
}

/** Announced or withdrawn in one UPDATE; both empty is End-of-RIB. */
export interface RawUpdate {
  readonly announced: readonly Prefix[];
  readonly withdrawn: readonly Prefix[];
  /** All octets, header included. */
  readonly octets: Uint8Array;
}

/** What a peer with AS 65001 and up and 4-octet AS numbers usually says. */
export function usualCapabilities(asn: number): Capability[] {
  return [
    { kind: 'multiprotocol', afi: 1, safi: 1 },
    { kind: 'fourOctetAs', asn },
  ];
}

export class RawPeer {
  readonly #socket: Duplex;
  readonly #framer = new Framer();
  readonly #messages: Uint8Array[] = [];
  #wake: (() => void)[] = [];
  #ended = false;
  #keepalives: NodeJS.Timeout | undefined;
  readonly context: UpdateContext;

  constructor(socket: Duplex, options: { readonly as4?: boolean } = {}) {
    this.#socket = socket;
    this.context = {
      as4: options.as4 ?? true,
      peerType: 'ebgp',
      addPathReceive: { 'ipv4-unicast': false, 'ipv6-unicast': false },
      extendedNextHop: false,
    };
    socket.on('data', (octets: Buffer) => {
      this.#framer.feed(octets, (_type, message) => {
        this.#messages.push(message.slice());
        return true;
      });
      this.#stir();
    });
    const onEnd = (): void => {
      this.#ended = true;
      clearInterval(this.#keepalives);
      this.#stir();
    };
    socket.on('end', onEnd);
    socket.on('close', onEnd);
    socket.on('error', onEnd); // a reset is an end like any other here
  }

  send(...octets: readonly Uint8Array[]): void {
    this.#socket.write(Buffer.concat(octets));
  }

  sendOpen(open: RawOpen): void {
    this.send(
      encodeOpen({
        version: 4,
        myAs: open.as,
        holdTime: open.holdTime ?? 90,
        bgpIdentifier: open.identifier,
        capabilities: open.capabilities ?? [],
      }),
    );
  }

  /** OPENs and KEEPALIVEs in both directions. Returns the OPEN of the other side. */
  async establish(open: RawOpen): Promise<OpenMessage> {
    this.sendOpen(open);
    const theirs = decodeOpen(await this.next(MessageType.Open));
    this.send(KEEPALIVE);
    await this.next(MessageType.Keepalive);
    return theirs;
  }

  /** From now on a KEEPALIVE at every interval, until the connection ends. */
  keepAlive(everyMs: number): void {
    this.#keepalives = setInterval(() => this.send(KEEPALIVE), everyMs);
  }

  /** The next message of this type; others before it are dropped. Fails at the end or in time. */
  async next(type: MessageType, timeoutMs = 10_000): Promise<Uint8Array> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      for (let message = this.#messages.shift(); message; message = this.#messages.shift()) {
        if (message[18] === type) return message;
        if (message[18] === MessageType.Notification) {
          const { code, subcode } = decodeNotification(message);
          throw new Error(`NOTIFICATION ${code}/${subcode} instead of a message of type ${type}`);
        }
      }
      if (this.#ended) throw new Error(`The connection ended before a message of type ${type}`);
      if (!(await this.#stirred(end - performance.now()))) {
        throw new Error(`No message of type ${type} within ${timeoutMs} ms`);
      }
    }
  }

  async notification(timeoutMs = 10_000): Promise<Notification> {
    return decodeNotification(await this.next(MessageType.Notification, timeoutMs));
  }

  async update(timeoutMs = 10_000): Promise<RawUpdate> {
    return readUpdate(await this.next(MessageType.Update, timeoutMs), this.context);
  }

  /** Reads UPDATEs until all of `prefixes` have been announced. */
  async untilAnnounced(prefixes: readonly string[], timeoutMs = 10_000): Promise<void> {
    const missing = new Set(prefixes);
    while (missing.size > 0) {
      for (const prefix of (await this.update(timeoutMs)).announced) missing.delete(prefix);
    }
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves when the other side has closed. */
  async untilEnded(timeoutMs = 10_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!this.#ended) {
      if (!(await this.#stirred(end - performance.now()))) {
        throw new Error(`The connection did not end within ${timeoutMs} ms`);
      }
    }
  }

  /** Reads no more: TCP's window closes. */
  stopReading(): void {
    this.#socket.pause();
  }

  close(): void {
    clearInterval(this.#keepalives);
    this.#socket.destroy();
  }

  #stir(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  /** False when time ran out first. */
  #stirred(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), Math.max(0, timeoutMs));
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }
}

/** Prefixes of an UPDATE, of either family. */
export function readUpdate(octets: Uint8Array, context: UpdateContext): RawUpdate {
  const layout = updateLayout();
  locateUpdate(octets, context, layout);
  const { withdrawn, nlri, mpReach, mpUnreach } = layout;
  const list = (field: typeof nlri): Prefix[] =>
    field.count > 0 ? decodeNlri(octets, field).map(({ prefix }) => prefix) : [];
  return {
    announced: [...list(nlri), ...(mpReach.present ? list(mpReach.nlri) : [])],
    withdrawn: [...list(withdrawn), ...(mpUnreach.present ? list(mpUnreach.nlri) : [])],
    octets,
  };
}

/** An UPDATE that announces IPv4 prefixes, with the least attributes. */
export function rawUpdate(options: {
  readonly asPath: readonly number[];
  readonly nextHop: string;
  readonly prefixes: readonly string[];
  /** 2 for a peer that knows no larger AS numbers. */
  readonly asOctets?: 2 | 4;
  /** Further attributes, whole. */
  readonly more?: readonly number[];
}): Uint8Array {
  const { asPath, nextHop, prefixes, asOctets = 4, more = [] } = options;
  const numbers = asPath.flatMap((asn) =>
    [24, 16, 8, 0].slice(4 - asOctets).map((shift) => (asn >>> shift) & 0xff),
  );
  const attributes = [
    ...[0x40, 1, 1, 0], // ORIGIN IGP
    // Inside the AS it is empty: a segment of no length would be malformed.
    ...(asPath.length === 0
      ? [0x40, 2, 0]
      : [0x40, 2, numbers.length + 2, 2, asPath.length, ...numbers]),
    ...[0x40, 3, 4, ...nextHop.split('.').map(Number)],
    ...more,
  ];
  const body = [0, 0, attributes.length >>> 8, attributes.length & 0xff, ...attributes];
  return message(MessageType.Update, [...body, ...nlri(prefixes)]);
}

/** An UPDATE that withdraws IPv4 prefixes; End-of-RIB when there are none. */
export function rawWithdrawal(prefixes: readonly string[]): Uint8Array {
  const octets = nlri(prefixes);
  const body = [octets.length >>> 8, octets.length & 0xff, ...octets, 0, 0];
  return message(MessageType.Update, body);
}

/** Header and `body`. */
export function message(type: number, body: readonly number[]): Uint8Array {
  const length = 19 + body.length;
  return Uint8Array.of(...Array(16).fill(0xff), length >>> 8, length & 0xff, type, ...body);
}

function nlri(prefixes: readonly string[]): number[] {
  return prefixes.flatMap((text) => {
    const [address = '', length = '0'] = text.split('/');
    const octets = address.split('.').map(Number);
    return [Number(length), ...octets.slice(0, (Number(length) + 7) >>> 3)];
  });
}
