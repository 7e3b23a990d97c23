/**
 * Replies of BIRD's control socket as pieces of text, given out one after the other.
 *
 * Wire format (calico model 7.1): `CCCC-text` where more follows, `CCCC text` for the last line, a blank instead of the
 * code where it is that of the line before. Invariant: every reply ends with exactly one last line.
 */

/** Something to wait for: it is told how to go on, and with what answer. */
export type Wait = (resume: (answer: string) => void) => void;
/** Whole lines; or undefined, a good place to let others have their turn. */
export type Piece = string | undefined | Wait;
export type Reply = Generator<Piece, void, string>;

/** What BIRD would refuse, with its code: 8xxx at run time, 9xxx by the words. */
export class BirdError extends Error {
  override readonly name = 'BirdError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const Code = {
  Ok: 0,
  Welcome: 1,
  ReadingConfiguration: 2,
  Reconfigured: 3,
  ReconfigurationInProgress: 4,
  ShutdownRequested: 7,
  AlreadyDisabled: 8,
  Disabled: 9,
  AlreadyEnabled: 10,
  Enabled: 11,
  Restarted: 12,
  StatusReport: 13,
  RouteCount: 14,
  Reloading: 15,
  AccessRestricted: 16,
  NothingToDo: 19,
  ConfigurationOk: 20,
  RecoveryStatus: 24,
  Version: 1000,
  Interface: 1001,
  Protocol: 1002,
  InterfaceAddress: 1003,
  InterfaceFlags: 1004,
  InterfaceSummary: 1005,
  ProtocolDetails: 1006,
  Route: 1007,
  RouteDetails: 1008,
  StaticRoute: 1009,
  Symbol: 1010,
  Text: 1011,
  RouteAttributes: 1012,
  Memory: 1018,
  ProtocolHeading: 2002,
  InterfaceHeading: 2005,
  NotInTable: 8001,
  ConfigurationError: 8002,
  NoMatch: 8003,
  ProtocolDown: 8005,
  ReloadFailed: 8006,
  AccessDenied: 8007,
  TooLong: 9000,
  ParseError: 9001,
  WrongSymbol: 9002,
} as const;

/** Makes lines with their codes. One for each connection: the code of the last line outlives a reply. */
export class Lines {
  #lastCode = -1;

  /** A line after which more follows. */
  row(code: number, text: string): string {
    const head = code === this.#lastCode ? ' ' : `${digits(code)}-`;
    this.#lastCode = code;
    return `${head}${text}\n`;
  }

  /** The last line of a reply. */
  last(code: number, text = ''): string {
    this.#lastCode = code;
    return `${digits(code)} ${text}\n`;
  }
}

function digits(code: number): string {
  return String(code).padStart(4, '0');
}
