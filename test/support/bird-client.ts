/** Talks to a BIRD control socket by hand, so that tests see the octets and not what a client makes of them. */
import { connect, type Socket } from 'node:net';

/** Milliseconds within which a reply must end. */
const REPLY_MS_MAX = 10_000;

export class BirdClient {
  readonly #socket: Socket;
  /** What was received and not given out yet. */
  #text = '';
  /** Begin of the first line that was not looked at. */
  #searched = 0;
  #wake: () => void = () => undefined;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#text += text;
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /** Connects and gives the greeting along. */
  static async open(path: string): Promise<{ client: BirdClient; greeting: string }> {
    const socket = connect(path);
    const client = new BirdClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return { client, greeting: await client.reply() };
  }

  /** One command on a connection of its own: the whole reply with its codes. */
  static async ask(path: string, command: string): Promise<string> {
    const { client } = await BirdClient.open(path);
    try {
      return await client.command(command);
    } finally {
      client.close();
    }
  }

  command(line: string): Promise<string> {
    this.send(`${line}\n`);
    return this.reply();
  }

  send(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  /** Up to the next last line (`CCCC text`); what came before the end when the other side closes. */
  async reply(): Promise<string> {
    const deadline = performance.now() + REPLY_MS_MAX;
    for (;;) {
      const end = this.#endOfReply();
      if (end > 0) return this.#take(end);
      if (this.#closed) return this.#take(this.#text.length);
      if (performance.now() > deadline) throw new Error(`No end of the reply: ${this.#text}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, 100);
      });
    }
  }

  /** Whatever is there and was not part of a reply. */
  get rest(): string {
    return this.#text;
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Past the last line of the reply; 0 while it is not there. Looks at each line once: replies may be long. */
  #endOfReply(): number {
    for (;;) {
      const end = this.#text.indexOf('\n', this.#searched) + 1;
      if (end === 0) return 0;
      if (/^\d{4} /.test(this.#text.slice(this.#searched, this.#searched + 5))) return end;
      this.#searched = end;
    }
  }

  #take(length: number): string {
    const taken = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    this.#searched = 0;
    return taken;
  }
}
