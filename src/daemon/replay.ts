/**
 * `godwitd --replay FILE`: a recording through the core of this very program, with what it gives and the tables that
 * come of it as JSON lines on stdout, and sentences on stderr. Touches nothing but the file.
 */

import { kernelRouteMessage, neighborMessage, routeMessage } from '../api/messages.ts';
import { ExitCode } from '../io/exit-codes.ts';
import { type PlacedLine, recordingLines } from '../io/recording-lines.ts';
import { AFI_SAFIS } from '../net/afi-safi.ts';
import { parseLine } from '../recorder/lines.ts';
import { Replay, type Replayed } from '../recorder/replay.ts';
import { encodeValue } from '../recorder/values.ts';
import type { SpeakerView } from '../speaker/snapshot.ts';

export interface ReplayArguments {
  readonly path: string;
  /** End at the first step that gave something else, with exit code 3. */
  readonly compare: boolean;
  /** Print every step with its effects. */
  readonly effects: boolean;
}

interface Streams {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/** Routes looked at once; printing them is what takes time. */
const ROUTES_PER_PAGE = 1000;

/** @returns the exit code. */
export async function runReplay(given: ReplayArguments, streams: Streams): Promise<number> {
  const replaying = new Replaying(given, streams);
  try {
    let before: PlacedLine | undefined;
    let goOn = true;
    for await (const line of recordingLines(given.path, runOf)) {
      goOn = before === undefined || replaying.take(before);
      before = line;
      if (!goOn) break;
    }
    if (goOn && before !== undefined) replaying.takeLast(before);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    streams.err(`${given.path} cannot be read: ${code}`);
    return ExitCode.DataError;
  }
  return replaying.finish();
}

class Replaying {
  readonly #given: ReplayArguments;
  readonly #streams: Streams;
  readonly #replay = new Replay();
  #compared = 0;
  #uncompared = 0;
  #different = 0;
  #exitCode: number = ExitCode.Done;

  constructor(given: ReplayArguments, streams: Streams) {
    this.#given = given;
    this.#streams = streams;
  }

  /** @returns whether to go on. */
  take(placed: PlacedLine): boolean {
    const replayed = this.#replay.feed(placed.text);
    const place = `${placed.file}:${placed.line}`;
    switch (replayed.kind) {
      case 'header':
        return true;
      case 'changed':
        // What follows a gap of one line says nothing about the program.
        this.#streams.err(`${place}: was changed after it was recorded`);
        this.#exitCode = ExitCode.NotSo;
        return false;
      case 'end':
        this.#streams.err(`The recording ends at ${place}: ${replayed.reason}`);
        return false;
      case 'stop':
        this.#streams.err(`${place}: cannot be replayed further: ${replayed.because}`);
        this.#exitCode = ExitCode.DataError;
        return false;
      case 'step':
        return this.#onStep(replayed, place);
      case 'poll':
        return this.#ended(replayed.threw, place, this.#count(replayed.differs, true, place));
    }
  }

  /** A daemon that was killed leaves half a line. */
  takeLast(placed: PlacedLine): void {
    if (this.#replay.header === undefined || typeof parseLine(placed.text) !== 'string') {
      this.take(placed);
      return;
    }
    this.#streams.err(`The recording ends amid ${placed.file}:${placed.line}`);
  }

  finish(): number {
    const { view, header } = this.#replay;
    if (view === undefined || header === undefined) {
      if (this.#exitCode === ExitCode.Done) this.#streams.err(`${this.#given.path} is empty`);
      return ExitCode.DataError;
    }
    for (const line of tableLines(view)) this.#streams.out(line);
    const { node, software, begun } = header;
    const rest = this.#uncompared === 0 ? '' : `, ${this.#uncompared} without anything to compare`;
    this.#streams.err(
      `Recording of node ${node} by ${software}, begun ${begun}: ${this.#compared} lines compared${rest}, ${this.#different} differ`,
    );
    return this.#exitCode;
  }

  #onStep(step: Extract<Replayed, { kind: 'step' }>, place: string): boolean {
    const { line, effects, threw } = step;
    if (this.#given.effects) {
      const gave = threw === undefined ? { effects } : { threw };
      this.#streams.out(encodeValue({ place, at: line.at, input: line.input, ...gave }));
    }
    return this.#ended(threw, place, this.#count(step.differs, step.compared, place));
  }

  #ended(threw: string | undefined, place: string, goOn: boolean): boolean {
    if (threw === undefined) return goOn;
    this.#streams.err(`${place}: the core ended: ${threw}`);
    return false;
  }

  #count(differs: string | undefined, compared: boolean, place: string): boolean {
    if (!compared) this.#uncompared++;
    else this.#compared++;
    if (differs === undefined) return true;
    this.#different++;
    if (this.#different === 1)
      this.#streams.err(`${place}: differs from what was recorded: ${differs}`);
    if (!this.#given.compare) return true;
    this.#exitCode = ExitCode.NotSo;
    return false;
  }
}

/** What ties parts together; other lines are no headers. */
function runOf(text: string): string | undefined {
  const line = parseLine(text);
  return typeof line === 'object' && 'godwit' in line ? line.run : undefined;
}

/** The tables as the API gives them, one row a line, each under the name of its table. */
function* tableLines(view: SpeakerView): Generator<string> {
  for (const neighbor of view.eachNeighbor()) {
    yield JSON.stringify({ neighbor: neighborMessage(neighbor) });
  }
  for (const family of AFI_SAFIS) {
    yield* paged((place) => {
      const { routes, next } = view.routes({ family, ...place });
      return { rows: routes.map((route) => ({ route: routeMessage(family, route) })), next };
    });
    yield* paged((place) => {
      const { routes, next } = view.kernel({ family, ...place });
      return { rows: routes.map((route) => ({ kernelRoute: kernelRouteMessage(route) })), next };
    });
  }
}

function* paged(
  read: (place: { readonly cursor?: number; readonly limit: number }) => {
    readonly rows: readonly object[];
    readonly next: number | undefined;
  },
): Generator<string> {
  for (let cursor: number | undefined = 0; cursor !== undefined; ) {
    const page = read({ cursor, limit: ROUTES_PER_PAGE });
    for (const row of page.rows) yield JSON.stringify(row);
    cursor = page.next;
  }
}
