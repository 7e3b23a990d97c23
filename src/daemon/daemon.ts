/**
 * The composition root: makes the core and its shells, joins them by the loop, and takes them down again.
 *
 * SIGTERM and SIGINT are a restart (DESIGN 3.3): kernel routes stay, peers with graceful restart keep ours. Leaving
 * for good is a command of the operator.
 */

import { randomInt } from 'node:crypto';
import { EventLog } from '../api/event-log.ts';
import { GodwitService } from '../api/grpc/service.ts';
import { HttpApi, metricsResponse } from '../api/http/routes.ts';
import type { SystemError } from '../base/errors.ts';
import type { Octets } from '../base/units.ts';
import { enableForwarding, lacksVrf, writeLink } from '../io/link-writer.ts';
import type { Log } from '../io/log.ts';
import { networkNamespace } from '../io/network-namespace.ts';
import { packageVersion } from '../io/package-root.ts';
import { RouteJournal } from '../io/route-journal.ts';
import { GrpcServer } from '../io/servers/grpc.ts';
import { HttpServer } from '../io/servers/http.ts';
import { StateDir } from '../io/state-dir.ts';
import { lockStateDir } from '../io/state-lock.ts';
import { threadCpuClock } from '../io/thread-cpu.ts';
import type { LinkRequest } from '../netlink/link-request.ts';
import type { SpeakerOptions } from '../speaker/core.ts';
import type { Effect, KernelBatch } from '../speaker/effects.ts';
import type { ConnectionId } from '../speaker/inputs.ts';
import { Speaker } from '../speaker/speaker.ts';
import { BirdSockets } from './bird-sockets.ts';
import type { Settings } from './config.ts';
import { Configuration } from './configuration.ts';
import { Control } from './control.ts';
import { Events } from './events.ts';
import {
  collectAndGiveBack,
  collectTables,
  giveBackLater,
  giveBackMemory,
} from './give-back-memory.ts';
import { inSlices } from './in-slices.ts';
import { KernelShell } from './kernel-shell.ts';
import { errorFields, logLine } from './log-lines.ts';
import { Loop } from './loop.ts';
import { LoopMeter } from './loop-meter.ts';
import { NodeStatusWriter } from './node-status.ts';
import { QuarantineShell } from './quarantine-shell.ts';
import { Recording } from './recording.ts';
import { ServiceManager } from './service-manager.ts';
import { TcpShell } from './tcp-shell.ts';
import { type WarmUp, warmUp } from './warm-up/warm-up.ts';

const RECORDING_LOST =
  'The disk is too slow for the recording: steps are missing in it; what follows can only be read';

const SOFTWARE = `godwit/${packageVersion()}`;

/** sysexits.h: EX_SOFTWARE, an internal error; EX_CANTCREAT, the state directory; EX_UNAVAILABLE, another daemon. */
const EXIT_SOFTWARE = 70;
const EXIT_CANNOT_CREATE = 73;
const EXIT_UNAVAILABLE = 69;

/** Milliseconds for the last octets (NOTIFICATIONs) to leave, and the last routes to be written, when we stop. */
const FAREWELL_MS = 500;
/** Milliseconds of an answer over HTTP in one turn of the loop. */
const ANSWER_SLICE_MS = 1;

export class Daemon {
  readonly #settings: Settings;
  /** Kept for what is compiled. */
  readonly #warmth: WarmUp;
  readonly #log: Log;
  readonly #eventLog = new EventLog(() => new Date().toISOString());
  readonly #events: Events;
  readonly #journal: RouteJournal;
  readonly #quarantines: QuarantineShell;
  readonly #options: SpeakerOptions;
  readonly #speaker: Speaker;
  readonly #recording: Recording;
  readonly #loop: Loop;
  readonly #meter = new LoopMeter(threadCpuClock(), () => performance.now());
  readonly #tcp: TcpShell;
  readonly #kernel: KernelShell;
  readonly #service: ServiceManager;
  #configuration: Configuration | undefined;
  #control: Control | undefined;
  #grpc: GrpcServer | undefined;
  #http: HttpServer | undefined;
  #bird: BirdSockets | undefined;
  #leaving = false;
  /** How the last step towards a tunnel device was refused; empty when it was not. */
  #tunnelRefused = '';
  #ended: ((exitCode: number) => void) | undefined;

  private constructor(settings: Settings, log: Log, warmth: WarmUp) {
    this.#settings = settings;
    this.#warmth = warmth;
    this.#log = log;
    this.#journal = new RouteJournal(settings.stateDir);
    const common = {
      node: settings.nodeName,
      software: SOFTWARE,
      onTrouble: (what: string, error: SystemError) => this.#trouble(what, error),
    };
    this.#quarantines = new QuarantineShell({ ...common, stateDir: settings.stateDir, log });
    const now = (): number => performance.now();
    this.#events = new Events({ log, eventLog: this.#eventLog, now });
    this.#options = {
      seed: randomInt(2 ** 32),
      kernelEnabled: settings.kernel.enabled,
      restarting: this.#journal.hasRestartMarker,
      journal: this.#journal.read(),
      quarantines: this.#quarantines.read(),
      softwareVersion: SOFTWARE,
      ...(settings.kernel.vrf !== undefined && lacksVrf() ? { lacksVrf: true } : {}),
      now: now(),
    };
    this.#speaker = new Speaker(this.#options, now);
    this.#loop = new Loop({
      speaker: this.#speaker,
      now,
      onFatal: (error, input) => this.#fatal(error, input.type),
      meter: this.#meter,
    });
    this.#tcp = new TcpShell({
      submit: (input) => this.#loop.submit(input),
      poll: (connection, budget) => this.#poll(connection, budget),
      now,
      onTrouble: (what, error) => this.#trouble(what, error),
    });
    this.#kernel = new KernelShell({
      submit: (input) => this.#loop.submit(input),
      tables: [settings.kernel.table],
      ...(settings.kernel.vrf === undefined ? {} : { vrf: settings.kernel.vrf }),
      onJournalError: (error) => this.#journalTrouble(error),
    });
    this.#recording = new Recording({
      ...common,
      settings: settings.record,
      speaker: this.#speaker,
      use: (stepper) => {
        this.#loop.speaker = stepper;
      },
      onLost: () => logLine(log, 'recording-lost', { fields: {}, text: RECORDING_LOST }),
    });
    this.#service = new ServiceManager({
      env: process.env,
      pid: process.pid,
      status: () => this.#speaker.view.status(),
      turn: () => this.#loop.freshen(),
      onTrouble: (error) => this.#trouble('the service manager', error),
    });
    this.#loop.handler = { perform: (effect) => this.#perform(effect) };
  }

  /** Runs until it is stopped. @returns the exit code (see docs/reference/exit-codes.md). */
  static async run(settings: Settings, log: Log): Promise<number> {
    const stateDir = new StateDir(settings.stateDir, settings.nodeName);
    const refused = await stateDir.prepare();
    if (refused !== undefined) {
      logLine(log, 'state-unusable', {
        fields: errorFields(refused),
        text: `The state directory ${settings.stateDir} cannot be used (${refused.errno}); set state.dir`,
      });
      return EXIT_CANNOT_CREATE;
    }
    const lock = lockStateDir(settings.stateDir, settings.nodeName);
    if ('kind' in lock) return refuseLock(lock, settings, log);
    // Before the real speaker is made: objects of the first one teach V8 what the fields hold, and those made earlier
    // would have to be converted in the middle of the first table.
    await collectAndGiveBack();
    const warmth = warmUp(() => performance.now(), {
      kernelEnabled: settings.kernel.enabled,
      collect: collectTables,
    });
    await collectAndGiveBack();
    try {
      return await new Daemon(settings, log, warmth).#run();
    } finally {
      lock.release();
    }
  }

  async #run(): Promise<number> {
    const { settings, log } = { settings: this.#settings, log: this.#log };
    const fields = { version: packageVersion(), warmUpRounds: this.#warmth.rounds };
    logLine(log, 'starting', { fields, text: 'godwit starts' });
    this.#record();
    const configuration = new Configuration({
      settings,
      log,
      now: () => performance.now(),
      submit: (input) => this.#loop.submit(input),
      publish: (event) => this.#events.publish(event),
    });
    this.#configuration = configuration;
    const control = new Control({
      view: this.#speaker.view,
      loop: this.#loop,
      meter: this.#meter,
      events: this.#eventLog,
      configuration,
      recording: this.#recording,
      version: packageVersion(),
      datastoreType: settings.datastore.type,
      networkNamespace: networkNamespace(),
      metrics: settings.metrics,
    });
    this.#control = control;
    configuration.statuses = new NodeStatusWriter({
      port: control,
      problems: () => control.errors(),
      post: (message) => configuration.post(message),
      log,
    });
    const opened = await this.#openServers(control);
    if (opened !== undefined) return opened;
    // Before a signal is taken: from there on nothing may lie between being stopped and being started.
    await collectAndGiveBack();
    // Only now is it sure that we are the one: a second start that is refused must not look like a restart.
    const unmarked = this.#journal.setRestartMarker();
    if (unmarked !== undefined) this.#trouble('the restart marker', unmarked);
    const ended = new Promise<number>((resolve) => {
      this.#ended = resolve;
    });
    const onSignal = (signal: NodeJS.Signals): void => this.#stop(signal);
    const onBug = (error: unknown): void => this.#fatal(error, 'something outside the core');
    process.on('uncaughtException', onBug);
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    const started = configuration.start(); // reads on its own thread meanwhile
    if (settings.kernel.enabled) this.#kernel.start();
    await started;
    giveBackMemory();
    giveBackLater();
    this.#service.ready();
    const exitCode = await ended;
    process.off('uncaughtException', onBug);
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
    await this.#close();
    return exitCode;
  }

  /** @returns the exit code when the daemon cannot go on without. */
  async #openServers(control: Control): Promise<number | undefined> {
    const { controlSocket, http } = this.#settings;
    const grpc = await GrpcServer.open(controlSocket, new GodwitService(control));
    if ('kind' in grpc) {
      logLine(this.#log, 'control-socket-unusable', {
        fields: errorFields(grpc),
        text: `The control socket cannot be opened: ${grpc.detail ?? grpc.errno}`,
      });
      return EXIT_UNAVAILABLE;
    }
    this.#grpc = grpc;
    const bird = await BirdSockets.open(control, this.#settings, this.#log);
    this.#bird = bird;
    control.birdFacts = () => bird.facts();
    if (http === undefined) return undefined;
    const api = new HttpApi(control, allowedHosts(http.address));
    const server = await HttpServer.open(
      { host: http.address, port: http.port },
      async (request) => {
        const answer = api.answer(request);
        if (answer === 'metrics') return metricsResponse(await control.metricsText());
        return 'status' in answer ? answer : inSlices(answer, ANSWER_SLICE_MS);
      },
    );
    if ('kind' in server) {
      // Routing is worth more than its metrics.
      logLine(this.#log, 'http-unusable', {
        fields: errorFields(server),
        text: `${server.detail}: ${server.errno}. Metrics and health are not served; set http.listen`,
      });
    } else this.#http = server;
    return undefined;
  }

  #poll(connection: ConnectionId, budget: Octets): Uint8Array | undefined {
    this.#meter.begin();
    const octets = this.#loop.speaker.pollTransmit(connection, budget);
    this.#meter.end('transmit');
    return octets;
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'publish':
        return this.#events.publish(effect.event);
      case 'keepEvidence':
      case 'saveQuarantines':
        return this.#quarantines.perform(effect);
      case 'kernelDump':
        return this.#kernel.dump();
      case 'linkRequest':
        return this.#writeLink(effect.request);
      case 'kernelProof':
        return this.#kernel.prove(effect.table);
      case 'kernelRequests':
        return this.#writeRoutes(effect.batch);
      case 'reply':
        return this.#control?.onReply(effect.id, effect.error ?? '');
      case 'stopped':
        this.#leaving = effect.mode === 'leave';
        return this.#farewell();
      default:
        return this.#tcp.perform(effect);
    }
  }

  /** What is about to be written to the kernel is on disk first, so that it is known as ours after any crash. */
  #writeRoutes(batch: KernelBatch): void {
    const octets = this.#speaker.takeJournal();
    const part = octets === undefined ? undefined : this.#journal.part(octets);
    if (part !== undefined && 'kind' in part) this.#journalTrouble(part);
    const journal = part === undefined || 'kind' in part ? undefined : part;
    const taken = this.#kernel.send(batch, journal);
    if (!taken && octets !== undefined) this.#appendJournal(octets);
    if (!this.#journal.wantsRewriting) return;
    const error = this.#journal.rewriteSome((cursor) => this.#speaker.exportJournal(cursor));
    if (error !== undefined) this.#journalTrouble(error);
  }

  /** What came of it, the kernel tells as of any link; only a refusal is ours to tell. */
  #writeLink(request: LinkRequest): void {
    const device = this.#settings.kernel.tunnelDevice;
    const refused = writeLink(request) ?? (request.what === 'up' ? enableForwarding() : undefined);
    const said = refused === undefined ? '' : `${refused.call} ${refused.errno}`;
    // A step that fails is tried again for ever: told once.
    if (refused !== undefined && said !== this.#tunnelRefused) {
      this.#trouble(`the tunnel device ${device}`, refused);
    } else if (refused === undefined) {
      const text = `${device}: ${request.what}`;
      logLine(this.#log, 'tunnel-device', { fields: request, text });
    }
    this.#tunnelRefused = said;
  }

  #appendJournal(octets: Uint8Array): void {
    const error = this.#journal.append(octets);
    if (error !== undefined) this.#journalTrouble(error);
  }

  #journalTrouble(error: SystemError): void {
    this.#trouble('the journal of kernel routes', error);
  }

  #stop(signal: NodeJS.Signals): void {
    this.#service.stopping();
    this.#control?.execute(
      { command: 'shutdown', mode: 'restart', message: signal },
      () => undefined,
    );
  }

  #farewell(): void {
    const started = performance.now();
    const wait = (): void => {
      const isBusy = this.#tcp.closing > 0 || this.#kernel.underWay > 0;
      if (isBusy && performance.now() - started < FAREWELL_MS) {
        setTimeout(wait, 10);
        return;
      }
      // What is gone from the kernel is not to be taken for ours at the next start.
      const octets = this.#speaker.takeJournal();
      if (octets !== undefined) this.#appendJournal(octets);
      this.#end(0);
    };
    wait();
  }

  #end(exitCode: number): void {
    if (this.#leaving) this.#journal.dropRestartMarker();
    this.#loop.stop();
    this.#ended?.(exitCode);
  }

  #fatal(error: unknown, input: string): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    logLine(this.#log, 'crash', {
      fields: { input, error: text },
      text: `Internal error while handling ${input}; kernel routes stay`,
    });
    this.#end(EXIT_SOFTWARE);
  }

  /** Routing is worth more than its recording. */
  #record(): void {
    if (!this.#settings.record.enabled) return;
    const refused = this.#recording.start(this.#options);
    if (refused === '') return;
    logLine(this.#log, 'recording-refused', { fields: { reason: refused }, text: refused });
  }

  #trouble(what: string, error: SystemError): void {
    logLine(this.#log, 'system-error', {
      fields: errorFields(error),
      text: `${what}: ${error.call} failed: ${error.errno} ${error.detail ?? ''}`,
    });
  }

  async #close(): Promise<void> {
    this.#configuration?.stop();
    this.#service.close();
    await this.#recording.stop('the daemon ended');
    this.#tcp.close();
    this.#kernel.close();
    this.#http?.close();
    await Promise.all([this.#bird?.close(), this.#grpc?.close()]);
  }
}

/** Another daemon has the directory, or it cannot be locked. @returns the exit code. */
function refuseLock(error: SystemError, { stateDir }: Settings, log: Log): number {
  if (error.errno !== 'EAGAIN') {
    logLine(log, 'state-unusable', {
      fields: errorFields(error),
      text: `The state directory ${stateDir} cannot be locked (${error.errno}); set state.dir`,
    });
    return EXIT_CANNOT_CREATE;
  }
  const who = error.detail === undefined ? 'Another daemon' : `Another daemon (${error.detail})`;
  logLine(log, 'state-unusable', {
    fields: errorFields(error),
    text: `${who} uses the state directory ${stateDir}; stop it, or set state.dir`,
  });
  return EXIT_UNAVAILABLE;
}

/** Under which names the HTTP server may be asked: its own address, and loopback's names when it listens there. */
function allowedHosts(address: string): ReadonlySet<string> {
  // On a wildcard address any name may be the right one; who opens it to the network has decided so.
  if (address === '0.0.0.0' || address === '::') return new Set();
  return new Set([address, 'localhost', '127.0.0.1', '::1']);
}
