/**
 * The one table of the structure check: who may import whom, what the pure folders must not name,
 * how large things may grow, and every exception with its reason. The checks hold no rule of their own.
 */

/** Folders of `src` by rank. A file imports from its own folder or from a lower rank, never across. */
export const RANKS: Readonly<Record<string, number>> = {
  base: 0,
  net: 1,
  wire: 2,
  netlink: 2,
  policy: 3,
  fsm: 3,
  bfd: 3,
  rib: 3,
  fib: 3,
  datastore: 4, // one above rank 3, so that the plan may use the types of those it plans for
  speaker: 5,
  api: 6,
  recorder: 6,
  sim: 6,
  io: 6,
  daemon: 7,
  cli: 7,
  bin: 8,
};

/** Folders that may touch the world: node:*, packages, clocks, promises. All others are pure. */
export const IMPURE: ReadonlySet<string> = new Set(['io', 'daemon', 'cli', 'bin']);

/** Globals that no pure folder names: each is a clock, chance, the world, or a hidden order of events. */
export const BANNED_GLOBALS: ReadonlySet<string> = new Set([
  'Date',
  'Intl',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'queueMicrotask',
  'process',
  'Promise',
  'console',
  'fetch',
  'crypto',
  'globalThis',
  'WebSocket',
  'Worker',
  'require',
  'eval',
  'Function',
  'WeakRef',
  'FinalizationRegistry',
]);
/** Members of otherwise harmless globals, as `object.member`. */
export const BANNED_MEMBERS: ReadonlySet<string> = new Set(['Math.random', 'Atomics.wait']);

/** Files of pure folders that may use some of these names all the same; `async` stands for `await` too. */
export const IMPURE_NAMES: Readonly<
  Record<string, { readonly names: readonly string[]; readonly reason: string }>
> = {
  'src/api/metrics.ts': {
    names: ['Promise', 'async'],
    reason: 'prom-client renders its text format asynchronously and has no other way',
  },
};

/** Packages that a pure folder (or one file of it) may import all the same. */
export const PURE_PACKAGES: readonly { package: string; within: readonly string[] }[] = [
  { package: 'binary-parser', within: ['src/wire/', 'src/bfd/', 'src/recorder/'] },
  { package: 'smart-buffer', within: ['src/wire/', 'src/bfd/', 'src/recorder/'] },
  { package: 'prom-client', within: ['src/api/metrics.ts'] },
];

export const LIMITS = {
  fileLines: 500,
  fileLinesSoft: 250,
  testLinesSoft: 400,
  functionLines: 70,
  parameters: 3,
  hotParameters: 6,
} as const;

/** Files that may exceed `LIMITS.fileLines`: generated ones and tables. */
export const LONG_FILES: Readonly<Record<string, string>> = {};

/**
 * Hot paths, run once a prefix or once an octet: an options object there is an allocation a prefix.
 * They may take up to `LIMITS.hotParameters`, and each names its benchmark in its opening comment.
 */
export const HOT_PATHS: readonly RegExp[] = [
  /^src\/base\/hash\.ts$/,
  /^src\/net\/(prefix-table|prefix-trie|id-index|columns)\.ts$/,
  /^src\/wire\/(framer|nlri|nlri-writer)\.ts$/,
  /^src\/rib\/(path-table|adj-rib-in|adj-rib-out|loc-rib|update-packer)\.ts$/,
];

/** Functions that may exceed `LIMITS.functionLines` or `LIMITS.parameters`: `file#name` → why. */
export const LONG_FUNCTIONS: Readonly<Record<string, string>> = {};

const PROFILE_TEST = 'src/datastore/kinds/peer-profile.test.ts';
const PROFILE_TABLE = 'rows of one table, each of which the test of the reader walks';
const PROFILE_PLAN = 'one door, tested through the plan';
const RIB_DOOR = 'columns of one structure: whatever is wrong in them shows in its tables';
const FIB_DOOR = 'parts of one machine: whatever is wrong in them shows in the kernel';

/** Source files of the core (ranks 0 to 4) whose tests stand elsewhere; a trailing / means a folder. */
export const TESTED_ELSEWHERE: Readonly<Record<string, { by: string; reason: string }>> = {
  'src/fsm/transitions/': {
    by: 'src/fsm/transitions/table.test.ts',
    reason: 'every state × event cell is one row of one table',
  },
  'src/datastore/kinds/local-workload.ts': {
    by: 'src/datastore/local-workloads.test.ts',
    reason: 'what is read shows in the sessions',
  },
  'src/datastore/service-rules.ts': {
    by: 'src/datastore/services.test.ts',
    reason: 'the rules of services are told by plans',
  },
  'src/wire/attributes/': {
    by: 'src/wire/rfc7606.rfc.test.ts',
    reason: 'every attribute is rows of one table, and goes through one codec test',
  },
  'src/wire/capabilities/': {
    by: 'src/wire/open.rfc.test.ts',
    reason: 'every capability is rows of one table inside an OPEN',
  },
  'src/datastore/node-setting-fields.ts': { by: PROFILE_TEST, reason: PROFILE_TABLE },
  'src/datastore/setting-field.ts': { by: PROFILE_TEST, reason: PROFILE_TABLE },
  'src/datastore/setting-fields.ts': { by: PROFILE_TEST, reason: PROFILE_TABLE },
  'src/datastore/setting-values.ts': { by: PROFILE_TEST, reason: PROFILE_TABLE },
  'src/datastore/setting-changes.ts': {
    by: 'src/datastore/plan-diff.test.ts',
    reason: 'a part of the difference of two plans',
  },
  'src/datastore/profiled.ts': { by: 'src/datastore/profiles.test.ts', reason: PROFILE_PLAN },
  'src/datastore/profile-problems.ts': {
    by: 'src/datastore/profiles.test.ts',
    reason: PROFILE_PLAN,
  },
  'src/datastore/password.ts': {
    by: 'src/datastore/effective.test.ts',
    reason: 'a value of a session, tested with the others',
  },
  'src/fsm/hard-reset.ts': {
    by: 'src/speaker/hard-reset.test.ts',
    reason: 'what it decides shows in what a peer is told and in what is kept of it',
  },
  'src/rib/import-adjust.ts': {
    by: 'src/speaker/drain.test.ts',
    reason:
      'GRACEFUL_SHUTDOWN there, LLGR_STALE in long-lived.test.ts, both through the doors of a speaker',
  },
  'src/rib/refreshes.ts': {
    by: 'src/speaker/route-refresh.test.ts',
    reason: 'the markers are judged by where a peer hears them',
  },
  'src/rib/stale-rows.ts': {
    by: 'src/speaker/long-lived.test.ts',
    reason:
      'with session-life.test.ts and route-refresh.test.ts: what is kept, by what a speaker shows',
  },
  'src/rib/ids.ts': { by: 'src/rib/rib.test.ts', reason: 'names of integers' },
  'src/rib/rib-sizes.ts': { by: 'src/rib/catching-up.prop.test.ts', reason: 'small sizes there' },
  'src/rib/policy-port.ts': { by: 'src/rib/rib.test.ts', reason: 'types and a list of names' },
  // One door, tested through it: against a plain model under random histories, and by sentences.
  'src/rib/adj-rib-in.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/adj-rib-out.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/attribute-table.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/export-filter.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/export-side.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/graves.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/import-filter.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/loc-rib.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/next-hops.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/own-paths.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/path-table.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/peer-table.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/received-memo.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/tidying.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/update-group.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/update-packer.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/verdict-memo.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/best-announcer.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/rib/cut-off.ts': { by: 'src/rib/catching-up.test.ts', reason: RIB_DOOR },
  'src/rib/follower.ts': { by: 'src/rib/catching-up.test.ts', reason: RIB_DOOR },
  'src/rib/members.ts': { by: 'src/rib/add-path.test.ts', reason: RIB_DOOR },
  'src/rib/path-choice.ts': { by: 'src/rib/add-path.test.ts', reason: RIB_DOOR },
  'src/rib/paths-announcer.ts': { by: 'src/rib/add-path.prop.test.ts', reason: RIB_DOOR },
  'src/rib/paths-out.ts': { by: 'src/rib/add-path.prop.test.ts', reason: RIB_DOOR },
  'src/fib/installs.ts': {
    by: 'src/speaker/install-gate.test.ts',
    reason: 'one question, asked with a kernel that answers',
  },
  'src/rib/views.ts': { by: 'src/rib/rib.prop.test.ts', reason: RIB_DOOR },
  'src/fib/batch-answers.ts': { by: 'src/fib/route-programmer.prop.test.ts', reason: FIB_DOOR },
  'src/fib/batch-writer.ts': { by: 'src/fib/route-programmer.prop.test.ts', reason: FIB_DOOR },
  'src/fib/fib-table.ts': { by: 'src/fib/route-programmer.prop.test.ts', reason: FIB_DOOR },
  'src/fib/fib-views.ts': { by: 'src/fib/route-programmer.prop.test.ts', reason: FIB_DOOR },
  'src/fib/journal-state.ts': { by: 'src/fib/route-programmer.prop.test.ts', reason: FIB_DOOR },
  'src/fib/kernel-access.ts': { by: 'src/fib/route-programmer.test.ts', reason: FIB_DOOR },
  'src/fib/proof-schedule.ts': { by: 'src/fib/kernel-proof.test.ts', reason: FIB_DOOR },
  'src/fib/wishes.ts': { by: 'src/fib/route-programmer.prop.test.ts', reason: FIB_DOOR },
  'src/fib/kernel-observer.ts': { by: 'src/fib/route-programmer.prop.test.ts', reason: FIB_DOOR },
  'src/fib/ownership.ts': { by: 'src/fib/route-programmer.prop.test.ts', reason: FIB_DOOR },
  'src/fib/parked-routes.ts': { by: 'src/fib/route-programmer.prop.test.ts', reason: FIB_DOOR },
  'src/fib/reconciler.ts': { by: 'src/fib/route-programmer.prop.test.ts', reason: FIB_DOOR },
  'src/fib/text-table.ts': { by: 'src/fib/route-programmer.prop.test.ts', reason: FIB_DOOR },
  'src/fib/foreign-routes.ts': {
    by: 'src/fib/kernel-view.test.ts',
    reason: 'only the view asks it',
  },
  'src/fsm/states.ts': {
    by: 'src/fsm/transitions/table.test.ts',
    reason: 'its names are the rows',
  },
};
/** Up to this rank every source file has a test beside it. */
export const TESTED_UP_TO_RANK = 4;

/** Exports that no file imports and that stay all the same: `file#name` → why. */
export const KEPT_EXPORTS: Readonly<Record<string, string>> = {};

/** Files whose exports are used from outside the tree: programs and configurations. */
export const ENTRY_POINTS: readonly RegExp[] = [/^src\/bin\//, /(^|\/)main\.ts$/, /\.config\.ts$/];

/** Text that never stands in the tree. */
export const FORBIDDEN_TEXT: readonly { pattern: RegExp; rule: string; remedy: string }[] = [
  {
    pattern: /(?<![\w.$}~*-])\/(?:home|Users|root|work|workspace|workspaces)\/[\w.-]{3,}/,
    rule: 'machine-path',
    remedy: 'name it relative to the repository, or take it from an environment variable',
  },
  {
    pattern: /https?:\/\/(?!registry\.npmjs\.org)[\w.-]*(?:registry|mirror|proxy|artifact)[\w.-]*/i,
    rule: 'registry-host',
    remedy: 'leave the host to the configuration of the machine',
  },
  {
    pattern: /\b(?:TODO|FIXME|XXX|HACK)\b(?!\([\w-]+\))/,
    rule: 'todo-owner',
    remedy: 'do it, or name an owner: `TODO(name): …`',
  },
];
/** Files in which `FORBIDDEN_TEXT` may stand, because it is what they are about. */
export const FORBIDDEN_TEXT_EXEMPT: readonly RegExp[] = [/^tools\/tidy\//];

/** Words that ARCHITECTURE.md may set in backticks although no source defines them. */
export const KNOWN_WORDS: ReadonlySet<string> = new Set(['godwit', 'godwitd', 'node']);
