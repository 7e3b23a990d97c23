/**
 * What `godwit` and `godwitd` exit with, as sysexits.h has it: part of the contract, and the source of
 * `docs/reference/exit-codes.md`. A code is added, never given another meaning.
 */

export const ExitCode = {
  Done: 0,
  Refused: 1,
  NotSo: 3,
  Unknown: 4,
  Usage: 64,
  DataError: 65,
  Unavailable: 69,
  Software: 70,
  CannotCreate: 73,
  Config: 78,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface ExitCodeRow {
  readonly code: ExitCode;
  /** For `godwit`; absent where it never exits so. */
  readonly godwit?: string;
  /** For `godwitd`. */
  readonly godwitd?: string;
  readonly remedy: string;
}

export const EXIT_CODES: readonly ExitCodeRow[] = [
  {
    code: ExitCode.Done,
    godwit: 'done',
    godwitd:
      'stopped as asked (SIGTERM, SIGINT, `godwit shut`); with `--check`: usable; with `--cleanup`: removed',
    remedy: '',
  },
  {
    code: ExitCode.Refused,
    godwit: 'the daemon refused; its sentence says why',
    godwitd: 'with `--cleanup`: the kernel did not let a route go',
    remedy: 'Do as the sentence says',
  },
  {
    code: ExitCode.NotSo,
    godwit: 'the question has the answer no: not ready, kernel routes differ, configuration errors',
    godwitd: 'with `--replay --compare`: the core gave something else than when it was recorded',
    remedy: 'The output says what is not so',
  },
  {
    code: ExitCode.Unknown,
    godwit: 'the prefix asked for is not known',
    remedy: '`godwit show routes` lists what is',
  },
  {
    code: ExitCode.Usage,
    godwit: 'words, options or values that make no sense',
    godwitd: 'arguments that make no sense',
    remedy: '`--help` lists what there is',
  },
  {
    code: ExitCode.DataError,
    godwitd: 'with `--replay`: the file is no recording that can be replayed',
    remedy: 'The sentence names the line; see docs/recordings.md',
  },
  {
    code: ExitCode.Unavailable,
    godwit: 'no daemon answers on the control socket, or it ended meanwhile',
    godwitd:
      'the control socket cannot be opened, another daemon answers on it, or another one has the state directory; the native shim is missing or does not load',
    remedy:
      'Start the daemon, name its socket (`--socket`, `-n`), stop the other one, or set `state.dir`; for the shim: as the sentence says',
  },
  {
    code: ExitCode.Software,
    godwit: 'the daemon could not answer, or an error of ours',
    godwitd: 'an internal error; kernel routes stay',
    remedy: 'Report it with the log; systemd starts the daemon again',
  },
  {
    code: ExitCode.CannotCreate,
    godwit: '`init`: a file is there already or cannot be written',
    godwitd: 'the state directory cannot be used',
    remedy: 'Mind the permissions; set `state.dir`; `init --force` writes over files',
  },
  {
    code: ExitCode.Config,
    godwit: '`init`: nothing can be derived from this machine',
    godwitd: 'the configuration cannot be used; with `--check`: it has errors',
    remedy: '`godwitd --check` names file, line, value and what would be right',
  },
];
