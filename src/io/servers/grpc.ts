/**
 * gRPC on the control socket: a Unix socket with permissions, never TCP without mutual TLS (DESIGN 3.4).
 *
 * Streams are written as fast as the client reads and no faster, with a turn of the loop between pages.
 */

import { chmodSync, rmSync } from 'node:fs';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { InvalidRequest, type SystemError } from '../../base/errors.ts';
import { godwitService } from '../grpc-proto.ts';
import { bindError, makeRoom, SOCKET_MODE } from './unix-socket.ts';

/** Events a watcher may leave unread before it is cut off: a stuck client must not hold memory. */
const EVENTS_UNREAD_MAX = 10_000;

/** Milliseconds for the last answers to leave when we stop. */
const CLOSE_MS_MAX = 200;

type Answer = (error: string) => void;

/**
 * The methods of `godwit.v1.Godwit`; `api/grpc/service.ts` has them. Requests and messages are plain objects, as the
 * proto describes them. Undefined in a list is the end of a page.
 */
export interface ControlService {
  getStatus(): unknown;
  listNeighbors(request: Request): Generator<unknown>;
  listRoutes(request: Request): Generator<unknown>;
  listKernelRoutes(request: Request): Generator<unknown>;
  proveKernel(answer: Answer): void;
  getKernelProof(): unknown;
  listProblems(): Generator<unknown>;
  watchEvents(request: Request, send: (event: unknown) => void): () => void;
  resetNeighbor(request: Request, answer: Answer): void;
  setNeighborEnabled(request: Request, answer: Answer): void;
  releaseHeldChange(): string;
  plan(request: Request, answer: (reply: unknown) => void): void;
  clearQuarantine(request: Request, answer: Answer): void;
  startRecording(): string;
  stopRecording(answer: Answer): void;
  getRecording(): unknown;
  drain(request: Request, answer: Answer): void;
  undrain(answer: Answer): void;
  shutdown(request: Request, answer: Answer): void;
}

type Unary = (call: ServerUnaryCall<Request, unknown>, callback: sendUnaryData<unknown>) => void;
type Stream = ServerWritableStream<Request, unknown>;
type Request = Record<string, never>;

export class GrpcServer {
  readonly #server: Server;
  readonly #path: string;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  /** Serves `service` at `path`. A socket that another daemon answers on is never taken over. */
  static async open(path: string, service: ControlService): Promise<GrpcServer | SystemError> {
    const refused = await makeRoom(path, 'control.socket');
    if (refused !== undefined) return refused;
    const server = new Server();
    server.addService(godwitService().service, handlers(service));
    return new Promise((resolve) => {
      server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => {
        if (error !== null) return resolve(bindError('EIO', `${path}: ${error.message}`));
        chmodSync(path, SOCKET_MODE);
        resolve(new GrpcServer(server, path));
      });
    });
  }

  /** Answers that are on their way still leave; whoever only watches is cut off. */
  async close(): Promise<void> {
    rmSync(this.#path, { force: true });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, CLOSE_MS_MAX);
      this.#server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#server.forceShutdown();
  }
}

function handlers(service: ControlService): UntypedServiceImplementation {
  return {
    getStatus: unary(() => service.getStatus()),
    listNeighbors: stream((call) => service.listNeighbors(call.request)),
    listRoutes: stream((call) => service.listRoutes(call.request)),
    listKernelRoutes: stream((call) => service.listKernelRoutes(call.request)),
    proveKernel: command((_request, answer) => service.proveKernel(answer)),
    getKernelProof: unary(() => service.getKernelProof()),
    listProblems: stream(() => service.listProblems()),
    watchEvents: (call: Stream) => watch(call, service),
    resetNeighbor: command((request, answer) => service.resetNeighbor(request, answer)),
    setNeighborEnabled: command((request, answer) => service.setNeighborEnabled(request, answer)),
    releaseHeldChange: unary(() => ({ error: service.releaseHeldChange() })),
    plan: later((request, answer) => service.plan(request, answer)),
    clearQuarantine: command((request, answer) => service.clearQuarantine(request, answer)),
    startRecording: unary(() => ({ error: service.startRecording() })),
    stopRecording: command((_request, answer) => service.stopRecording(answer)),
    getRecording: unary(() => service.getRecording()),
    drain: command((request, answer) => service.drain(request, answer)),
    undrain: command((_request, answer) => service.undrain(answer)),
    shutdown: command((request, answer) => service.shutdown(request, answer)),
  };
}

function unary(answer: (request: Request) => unknown): Unary {
  return (call, callback) => {
    try {
      callback(null, answer(call.request));
    } catch (error) {
      callback(grpcError(error));
    }
  };
}

/** An answer that takes its time. */
function later(ask: (request: Request, answer: (reply: unknown) => void) => void): Unary {
  return (call, callback) => {
    try {
      ask(call.request, (reply) => callback(null, reply));
    } catch (error) {
      callback(grpcError(error));
    }
  };
}

function command(act: (request: Request, answer: (error: string) => void) => void): Unary {
  return (call, callback) => {
    try {
      act(call.request, (error) => callback(null, { error }));
    } catch (error) {
      callback(grpcError(error));
    }
  };
}

/** `undefined` from the generator is the end of a page: the loop has a turn before the next one. */
function stream(rows: (call: Stream) => Generator<unknown>): (call: Stream) => void {
  return (call) => {
    const iterator = rows(call);
    const more = (): void => {
      try {
        for (let next = iterator.next(); !next.done; next = iterator.next()) {
          if (call.cancelled) return;
          if (next.value === undefined) {
            setImmediate(more);
            return;
          }
          if (!call.write(next.value)) {
            call.once('drain', more);
            return;
          }
        }
        call.end();
      } catch (error) {
        call.emit('error', grpcError(error));
      }
    };
    more();
  };
}

function watch(call: Stream, service: ControlService): void {
  let unread = 0;
  let end = (): void => undefined;
  for (const last of ['cancelled', 'close', 'error'] as const) call.on(last, () => end());
  try {
    end = service.watchEvents(call.request, (event) => {
      if (call.cancelled) return;
      if (call.write(event)) unread = 0;
      else if (++unread > EVENTS_UNREAD_MAX) {
        const details = `More than ${EVENTS_UNREAD_MAX} events were not read`;
        call.emit('error', { code: status.RESOURCE_EXHAUSTED, details });
        end();
      }
    });
  } catch (error) {
    call.emit('error', grpcError(error));
    return;
  }
  if ((call.request as { once?: boolean }).once === true) call.end();
}

function grpcError(error: unknown): { code: status; details: string } {
  if (error instanceof InvalidRequest)
    return { code: status.INVALID_ARGUMENT, details: error.message };
  const details = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: status.INTERNAL, details };
}
