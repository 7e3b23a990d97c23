/** What the Kubernetes API says when it does not do what it is asked, by what follows from it. Pure. */

/**
 * `expired`: list anew. `unauthorized`: not known (401). `forbidden`: known, and may not (403). `missing`: no such
 * resource. `conflict`: somebody else has written. `busy`: later. `refused`: no, whenever. `unreachable`: all else.
 */
export type ApiErrorKind =
  | 'unreachable'
  | 'expired'
  | 'unauthorized'
  | 'forbidden'
  | 'missing'
  | 'conflict'
  | 'busy'
  | 'refused';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly kind: ApiErrorKind;
  /** Milliseconds that the server asks us to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: ApiErrorKind, message: string, retryAfterMs?: number) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** `metav1.Status`, as far as it is read. */
export interface ApiStatus {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string }[];
  };
}

const KINDS: Readonly<Record<number, ApiErrorKind>> = {
  400: 'refused',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'missing',
  405: 'refused',
  409: 'conflict',
  410: 'expired',
  422: 'refused',
  429: 'busy',
  503: 'busy',
};

/** @param code  Of HTTP, or of the Status that came as the event of a watch. */
export function errorOf(code: number, status: ApiStatus, at: string): ApiError {
  const causes = status.details?.causes ?? [];
  // A revision still to come: the store behind the API was restored, or it is another API server.
  const ahead =
    causes.some(({ reason }) => reason === 'ResourceVersionTooLarge') ||
    /too large resource version/i.test(status.message ?? '');
  const expired = ahead || status.reason === 'Expired' || status.reason === 'Gone';
  const kind = expired ? 'expired' : (KINDS[code] ?? 'unreachable');
  const seconds = status.details?.retryAfterSeconds;
  return new ApiError(
    kind,
    `${at}: ${code} ${status.message ?? status.reason ?? ''}`.trimEnd(),
    seconds === undefined ? undefined : seconds * 1000,
  );
}
