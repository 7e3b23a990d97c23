/**
 * The control API from the other side: a client of the Unix socket. Streams are async iterators.
 *
 * Messages are plain objects, as the proto describes them; `cli/client.ts` gives them their types.
 */

import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { godwitService } from './grpc-proto.ts';

/** The daemon could not be reached, or refused; `kind` decides the exit code. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly kind: 'unreachable' | 'refused' | 'failed';

  constructor(kind: ClientError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Milliseconds that a daemon may take for one answer: a thousand times the usual. */
const ANSWER_MS_MAX = 10_000;

interface Stub {
  [method: string]: unknown;
  close(): void;
}
type UnaryCall = (
  request: object,
  options: { readonly deadline: number },
  callback: (error: ServiceError | null, reply: unknown) => void,
) => void;
type StreamCall = (request: object) => AsyncIterable<unknown> & { cancel(): void };

export class ControlClient {
  readonly #stub: Stub;
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
    const Client = godwitService();
    this.#stub = new Client(`unix:${socket}`, credentials.createInsecure()) as unknown as Stub;
  }

  /** A command; rejects with the daemon's own sentence when it says why not. */
  async command(method: string, request: object, msMax = ANSWER_MS_MAX): Promise<void> {
    const { error } = (await this.call(method, request, msMax)) as { error: string };
    if (error !== '') throw new ClientError('refused', error);
  }

  close(): void {
    this.#stub.close();
  }

  /** One answer to one request. */
  call(method: string, request: object, msMax = ANSWER_MS_MAX): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call = this.#stub[method] as UnaryCall;
      const deadline = Date.now() + msMax;
      call.call(this.#stub, request, { deadline }, (error, reply) => {
        if (error === null) resolve(reply);
        else reject(this.#explain(error));
      });
    });
  }

  async *stream(method: string, request: object): AsyncGenerator<unknown> {
    const call = (this.#stub[method] as StreamCall).call(this.#stub, request);
    try {
      for await (const row of call) yield row;
    } catch (error) {
      throw this.#explain(error as ServiceError);
    } finally {
      call.cancel();
    }
  }

  #explain(error: ServiceError): ClientError {
    if (error.code === status.UNAVAILABLE) {
      const why = error.details.includes('EACCES')
        ? 'you may not open its socket: ask for the group of the socket or run as root'
        : 'it does not run, or listens elsewhere: see control.socket in godwit.yaml, --socket and -n';
      return new ClientError('unreachable', `No godwitd answers on ${this.#socket}: ${why}`);
    }
    if (error.code === status.DEADLINE_EXCEEDED) {
      const message = `godwitd on ${this.#socket} does not answer in time: it hangs or is stopped`;
      return new ClientError('unreachable', message);
    }
    if (error.code === status.CANCELLED) {
      return new ClientError('unreachable', `godwitd on ${this.#socket} ended`);
    }
    if (error.code === status.INVALID_ARGUMENT) return new ClientError('refused', error.details);
    return new ClientError('failed', `godwitd could not answer: ${error.details}`);
  }
}
