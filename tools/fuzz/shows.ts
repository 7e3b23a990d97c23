/**
 * Everything that people and programs can look at, as they get it: each command of the CLI with and without `--json`,
 * every page of the HTTP API, the metrics, the log. Nothing that a peer said may act in any of them.
 */

import { EventLog } from '../../src/api/event-log.ts';
import { describeEvent } from '../../src/api/event-text.ts';
import { GodwitService } from '../../src/api/grpc/service.ts';
import { ENDPOINTS, HttpApi, wholeResponse } from '../../src/api/http/routes.ts';
import type { RecordingFacts } from '../../src/api/messages.ts';
import { Metrics } from '../../src/api/metrics.ts';
import type { DaemonPort } from '../../src/api/ports.ts';
import { HistogramCell } from '../../src/base/metrics.ts';
import type { GodwitClient } from '../../src/cli/client.ts';
import { COMMANDS } from '../../src/cli/commands/table.ts';
import { Output } from '../../src/cli/output/output.ts';
import { readableLine } from '../../src/io/log.ts';
import type { SpeakerEvent } from '../../src/speaker/events.ts';
import type { SpeakerView } from '../../src/speaker/snapshot.ts';
import { Finding } from './action.ts';
import { checkLines, checkMetrics, checkText, checkValue } from './shown.ts';

const FACTS = { version: '0.0.0', problems: 0 } as const;
const HOST = {
  cpuSeconds: 0,
  residentOctets: 0,
  heapOctets: 0,
  loopLagSecondsMax: 0,
  loopDelays: new HistogramCell([1]),
  loopTurns: new HistogramCell([1]),
  steps: [],
};
const NO_RECORDING: RecordingFacts = {
  active: false,
  file: '',
  replayable: false,
  octets: 0,
  lines: 0,
  lost: 0,
  ended: '',
};
/** Routes of a table that are shown at most: a page is as good as a book. */
const ROWS = 40;
const GLANCE_ROWS = 8;
const WIDTH = 100;

export class Shows {
  readonly #view: SpeakerView;
  readonly #service: GodwitService;
  readonly #http: HttpApi;
  readonly #events = new EventLog(() => '2026-01-02T03:04:05.678Z');
  readonly #metrics = new Metrics();

  constructor(view: SpeakerView) {
    this.#view = view;
    const daemon: DaemonPort = {
      view,
      facts: () => FACTS,
      problems: () => [],
      events: this.#events,
      execute: () => undefined,
      releaseHeldChange: () => 'No change is held back',
      plan: () => undefined,
      startRecording: () => 'Nothing is recorded here',
      stopRecording: (answer) => answer('No recording runs'),
      recording: () => NO_RECORDING,
    };
    this.#service = new GodwitService(daemon);
    this.#http = new HttpApi(daemon, new Set());
  }

  /** An event as the log and its followers get it. @returns The sentence. */
  publish(event: SpeakerEvent): string {
    const { level, text } = describeEvent(event);
    checkText(text);
    checkValue(event);
    const { fieldsJson } = this.#events.add(event);
    checkValue(JSON.parse(fieldsJson));
    const line = readableLine(`${JSON.stringify({ ...event, level, msg: text })}\n`);
    checkLines(line, 1);
    return text;
  }

  /** The first routes: seeds share their prefixes, so these change most. */
  glance(): void {
    for (const family of ['ipv4', 'ipv6']) {
      const url = `/api/v1/routes?family=${family}&limit=${GLANCE_ROWS}`;
      const answer = this.#http.answer({ method: 'GET', url, host: '' });
      if (answer !== 'metrics') checkValue(JSON.parse(wholeResponse(answer).body));
    }
  }

  /** Everything. */
  async show(): Promise<void> {
    this.#pages();
    checkMetrics(await this.#metricsText());
    const neighbors = this.#view.neighbors();
    for (const { path, options } of COMMANDS) {
      if (path[0] !== 'show' || path[1] === 'kernel') continue;
      const words = path[1] === 'neighbors' ? ['', ...neighbors.map(({ name }) => name)] : [''];
      for (const word of words) {
        await this.#command(path, word, false);
        if (options['json'] !== undefined) await this.#command(path, word, true);
      }
    }
  }

  #pages(): void {
    for (const { path } of ENDPOINTS) {
      const url = path.endsWith('/routes') ? `${path}?limit=${ROWS}` : path;
      const answer = this.#http.answer({ method: 'GET', url, host: '' });
      if (answer === 'metrics') continue;
      const { status, type, body } = wholeResponse(answer);
      if (status >= 500 && status !== 503) throw new Finding(`${path}: ${body}`);
      if (type.startsWith('application/json')) checkValue(JSON.parse(body));
      else checkLines(body);
    }
    for (const { name } of this.#view.neighbors()) {
      const url = `/api/v1/routes?limit=${ROWS}&direction=out&neighbor=${encodeURIComponent(name)}`;
      const answer = this.#http.answer({ method: 'GET', url, host: '' });
      if (answer !== 'metrics') checkValue(JSON.parse(wholeResponse(answer).body));
    }
  }

  async #metricsText(): Promise<string> {
    const sources = { view: this.#view, facts: FACTS, host: HOST };
    return this.#metrics.collect(sources).metrics();
  }

  /** One command, as in a terminal, but without a socket between it and the service. */
  async #command(path: readonly string[], word: string, json: boolean): Promise<void> {
    let text = '';
    const write = (more: string): void => {
      text += more;
    };
    const out = new Output({ write, writeError: write, width: WIDTH });
    const options = { json, limit: ROWS, last: ROWS, sent: false };
    const command = COMMANDS.find((one) => one.path === path)!;
    await command.run({
      options,
      words: word === '' ? [] : [word],
      out,
      api: () => this.#client(),
      node: undefined,
      commands: COMMANDS,
    } as never);
    if (json) for (const line of text.split('\n')) if (line !== '') checkValue(JSON.parse(line));
    checkLines(text);
  }

  #client(): GodwitClient {
    const service = this.#service;
    const client = {
      getStatus: async () => service.getStatus(),
      listNeighbors: (request: object) => service.listNeighbors(request),
      listRoutes: (request: object) => present(service.listRoutes(request)),
      listProblems: () => service.listProblems(),
      watchEvents: ({ backlog = ROWS }) => this.#events.recent(backlog),
    };
    // The class has a socket; commands use no more than these.
    return client as unknown as GodwitClient;
  }
}

/** Without the places between pages. */
function* present<T>(rows: Iterable<T | undefined>): Generator<T> {
  for (const row of rows) if (row !== undefined) yield row;
}
