/**
 * One client of a BIRD control socket: splits lines, runs one reply at a time, writes as fast as the client reads.
 *
 * While a reply runs nothing is read, so a client that sends without reading fills its own buffers, not ours.
 */

import type { Socket } from 'node:net';

/** Text, a place for a turn of the loop, or something to wait for; `api/bird/reply.ts` says it as well. */
type Piece = string | undefined | ((resume: (answer: string) => void) => void);

export interface LineSession {
  greeting(): string;
  /** Ends with the last line of the reply as a piece of its own. */
  request(line: string): Generator<Piece, void, string>;
  tooLong(): string;
  close(): void;
}

/** As BIRD's own buffer: no command is longer. */
const LINE_OCTETS_MAX = 4096;
/** What is collected before it is written. */
const CHUNK_OCTETS = 16_384;
/** The longest time that a reply is made for without a turn of the loop, in milliseconds. */
const SLICE_MS = 3;
/** Octets of unread lines (`echo`) after which further ones are counted instead. */
const UNREAD_OCTETS_MAX = 65_536;
/** A reply that fits one read of bird_exporter's is written whole; of a longer one the last line goes alone. */
const ONE_READ_OCTETS = 4096;

export interface BirdConnectionParts {
  readonly socket: Socket;
  readonly session: (push: (line: string) => void) => LineSession;
  readonly sliceMs?: number;
  readonly onRequest: () => void;
  readonly onClose: () => void;
  readonly onBug: (error: unknown) => void;
}

export class BirdConnection {
  /** When it last asked or read. */
  activeAt = performance.now();
  readonly #parts: BirdConnectionParts;
  readonly #socket: Socket;
  readonly #session: LineSession;
  #unread = '';
  #reply: Generator<Piece, void, string> | undefined;
  #chunk = '';
  /** The newest piece, held back until it is known whether it is the last. */
  #held = '';
  #written = 0;
  #ended = false;
  #lost = 0;

  constructor(parts: BirdConnectionParts) {
    this.#parts = parts;
    this.#socket = parts.socket;
    this.#session = parts.session((line) => this.#push(line));
  }

  start(): void {
    const socket = this.#socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#onText(text));
    socket.on('end', () => {
      this.#ended = true;
      if (this.#reply === undefined) socket.end();
    });
    socket.on('drain', () => {
      this.activeAt = performance.now();
    });
    // Whatever breaks a connection ends it; `close` follows.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#reply = undefined;
      this.#session.close();
      this.#parts.onClose();
    });
    // A write of its own: bird_exporter takes the greeting with a single read.
    socket.write(this.#session.greeting());
  }

  /** After the reply that runs, if one does. */
  finish(): void {
    this.#ended = true;
    if (this.#reply === undefined) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #onText(text: string): void {
    this.activeAt = performance.now();
    this.#unread += text;
    if (this.#reply === undefined) this.#next();
  }

  /** Begins the next request that is there, or waits for one. */
  #next(): void {
    const end = this.#unread.indexOf('\n');
    if ((end < 0 ? this.#unread.length : end) > LINE_OCTETS_MAX) {
      this.#unread = '';
      this.#socket.end(this.#session.tooLong());
      this.#socket.resume(); // what still comes is thrown away, so that the answer is not lost to a reset
      this.#socket.removeAllListeners('data');
      this.#socket.on('data', () => undefined);
      return;
    }
    if (end < 0) {
      this.#socket.resume();
      if (this.#ended) this.#socket.end();
      return;
    }
    const line = this.#unread.slice(0, end).replaceAll('\r', '');
    this.#unread = this.#unread.slice(end + 1);
    this.#socket.pause();
    this.#parts.onRequest();
    this.#written = 0;
    this.#reply = this.#session.request(line);
    this.#run('');
  }

  /** Goes on with the reply for a slice. */
  #run(answer: string): void {
    const reply = this.#reply;
    if (reply === undefined || this.#socket.destroyed) return;
    const until = performance.now() + (this.#parts.sliceMs ?? SLICE_MS);
    try {
      for (let next = reply.next(answer); ; next = reply.next('')) {
        if (next.done === true) return this.#finishReply();
        const piece = next.value;
        if (typeof piece === 'function') return this.#wait(piece);
        if (piece !== undefined) {
          this.#chunk += this.#held;
          this.#held = piece;
        }
        if (this.#chunk.length >= CHUNK_OCTETS) return this.#flush(() => this.#run(''));
        if (performance.now() >= until) {
          setImmediate(() => this.#run(''));
          return;
        }
      }
    } catch (error) {
      // A bug of ours costs this client, not the daemon.
      this.#parts.onBug(error);
      this.destroy();
    }
  }

  #wait(piece: (resume: (answer: string) => void) => void): void {
    // What came before may be waited for by the client as well.
    this.#chunk += this.#held;
    this.#held = '';
    this.#flush(() => piece((answer) => setImmediate(() => this.#run(answer))));
  }

  #finishReply(): void {
    const last = this.#held;
    this.#held = '';
    const whole = this.#written === 0 && this.#chunk.length + last.length <= ONE_READ_OCTETS;
    if (whole) this.#chunk += last;
    this.#flush(() => {
      // In a read of its own, as far as the client keeps up: a last line in two halves is not recognized by some.
      if (whole) return this.#requestDone();
      setImmediate(() => {
        if (!this.#socket.destroyed) this.#socket.write(last);
        this.#requestDone();
      });
    });
  }

  #requestDone(): void {
    this.#reply = undefined;
    this.#next();
  }

  /** Writes what is collected and goes on once the socket has taken it. */
  #flush(then: () => void): void {
    const text = this.#chunk;
    this.#chunk = '';
    if (text === '') return then();
    this.#written += text.length;
    if (this.#socket.write(text)) setImmediate(then);
    else this.#socket.once('drain', then);
  }

  #push(line: string): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    if (this.#socket.writableLength > UNREAD_OCTETS_MAX) {
      this.#lost++;
      return;
    }
    const lost = this.#lost === 0 ? '' : `+<${this.#lost} messages lost>\n`;
    this.#lost = 0;
    this.#socket.write(lost + line);
  }
}
