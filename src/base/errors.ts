/**
 * The kinds of error by whose fault they are. `ProtocolError` (the peer's) lives in `wire/`, `AssertionError`
 * (ours) in `base/assert.ts`; here are the two that are values and travel inside inputs and statuses.
 */

/** The operator's fault: something in a file or resource that cannot be used as written. */
export interface ConfigError {
  readonly kind: 'ConfigError';
  /** `error` leaves the item out; `warning` keeps it but something in it has no effect. */
  readonly severity: 'error' | 'warning';
  /** Short stable name, e.g. `UnknownKey`, `BadCidr`, `UnknownFilter`. */
  readonly code: string;
  /** Where: file as the operator named it, 1-based line and column when known. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** The resource concerned, `Kind/name`, when there is one. */
  readonly resource?: string;
  /** Path inside the document, e.g. `spec.peerIP`. */
  readonly path?: string;
  /** The offending value as text. */
  readonly value?: string;
  /** What is wrong: a sentence without a final stop. */
  readonly message: string;
  /** What would be right: allowed values or the remedy, a sentence without a final stop. */
  readonly remedy?: string;
}

/** The host's fault: a system call that failed. A value inside an input; leads to back-off or resync. */
export interface SystemError {
  readonly kind: 'SystemError';
  /** The call, e.g. `connect`, `sendmsg(RTM_NEWROUTE)`. */
  readonly call: string;
  /** Symbolic errno, e.g. `ECONNREFUSED`. */
  readonly errno: string;
  readonly detail?: string;
}

/** The caller's fault: a request that cannot be; the message says what would be right. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
}

/** One line: `resources/pools.yaml:12:9: IPPool/default spec.cidr "10.0.0.0/40": Not a CIDR. Write …`. */
export function formatConfigError(error: ConfigError): string {
  const place = [error.file, error.line, error.column]
    .filter((part) => part !== undefined)
    .join(':');
  const subject = [
    error.resource,
    error.path,
    error.value === undefined ? undefined : JSON.stringify(error.value),
  ]
    .filter((part) => part !== undefined)
    .join(' ');
  const head = [place, subject].filter((part) => part !== '').join(': ');
  const remedy = error.remedy === undefined ? '' : `. ${error.remedy}`;
  return head === '' ? `${error.message}${remedy}` : `${head}: ${error.message}${remedy}`;
}
