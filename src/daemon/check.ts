/**
 * `godwitd --check`: reads the settings, the resources and the plan of this node without touching anything, prints
 * every problem with its place, and says by the exit code whether the daemon could do its work.
 */

import { type ConfigError, formatConfigError } from '../base/errors.ts';
import { formatKernelTable } from '../datastore/format-plan.ts';
import { NO_LAST_GOOD, settle } from '../datastore/last-good.ts';
import { planFor } from '../datastore/plan.ts';
import type { SpeakerPlan } from '../datastore/plan-types.ts';
import { readDirectoryOnce } from '../io/datastores/file.ts';
import { lacksVrf } from '../io/link-writer.ts';
import { type LoadOptions, loadSettings, type Settings } from './config.ts';
import { kubernetesOptions } from './kubernetes-options.ts';

/** sysexits.h: EX_CONFIG. */
const EXIT_CONFIG = 78;

export interface CheckReport {
  readonly exitCode: 0 | typeof EXIT_CONFIG;
  readonly problems: readonly ConfigError[];
  /** For people: one line a problem, then what the plan is. */
  readonly lines: readonly string[];
}

export async function checkConfiguration(options: LoadOptions): Promise<CheckReport> {
  const { settings, problems } = await loadSettings(options);
  if (settings === undefined) return report(problems, []);
  const { problems: found, plan } = await checkResources(settings);
  const summary = plan === undefined ? [] : [summaryOf(plan, settings)];
  return report([...problems, ...vrfProblems(settings), ...found], summary);
}

/** What the datastore holds, and what this node's plan by it would be. Nothing is taken from it. */
export async function checkResources(
  settings: Settings,
): Promise<{ readonly problems: readonly ConfigError[]; readonly plan?: SpeakerPlan }> {
  const snapshot = await readOnce(settings);
  if ('error' in snapshot) {
    return { problems: [noResources(snapshot.error, settings.datastore.type)] };
  }
  const settled = settle(NO_LAST_GOOD, snapshot);
  const { plan, problems } = planFor(settings.nodeName, settled.resources, settings.plan);
  const all = [...settled.problems, ...problems.map(settled.locate)];
  return { problems: all, ...(plan === undefined ? {} : { plan }) };
}

async function readOnce({
  datastore,
  nodeName: node,
  plan,
}: Settings): ReturnType<typeof readDirectoryOnce> {
  if (datastore.type === 'file') return readDirectoryOnce(datastore.path);
  if (datastore.type === 'kubernetes') {
    const { readKubernetesOnce } = await import('../io/datastores/kubernetes.ts');
    return readKubernetesOnce(kubernetesOptions(datastore, node, plan));
  }
  const { readEtcdOnce } = await import('../io/datastores/etcd.ts');
  return readEtcdOnce({ access: datastore.access, node });
}

/** Prints to the given streams; the exit code is what `godwitd --check` exits with. */
export async function runCheck(
  options: LoadOptions,
  streams: { readonly out: (line: string) => void; readonly err: (line: string) => void },
): Promise<number> {
  const { exitCode, lines } = await checkConfiguration(options);
  for (const line of lines) (exitCode === 0 ? streams.out : streams.err)(line);
  return exitCode;
}

/** A word about this machine, which need not be the one that the daemon is for. */
function vrfProblems({ kernel: { vrf, enabled } }: Settings): ConfigError[] {
  if (vrf === undefined || !enabled || !lacksVrf()) return [];
  return [
    {
      kind: 'ConfigError',
      severity: 'warning',
      code: 'NoVrf',
      path: 'kernel.vrf',
      value: vrf,
      message: 'The kernel of this machine has no VRFs: on it no session would come up',
      remedy: 'Leave it out, or run a kernel with CONFIG_NET_VRF',
    },
  ];
}

function report(problems: readonly ConfigError[], summary: readonly string[]): CheckReport {
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  const lines = problems.map((problem) => `${problem.severity}: ${formatConfigError(problem)}`);
  const total =
    errors === 0
      ? [`OK, ${count(problems.length, 'warning')}`]
      : [`${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}`];
  return {
    exitCode: errors === 0 ? 0 : EXIT_CONFIG,
    problems,
    lines: [...lines, ...summary, ...total],
  };
}

function summaryOf(plan: SpeakerPlan, settings: Settings): string {
  const { peers, originated, kernel } = plan;
  return [
    `${plan.node}: AS ${plan.localAs}, BGP Identifier ${plan.routerId}`,
    `${count(peers.length, 'session')}`,
    `${count(originated.length, 'own block')}`,
    `${count(kernel.pools.length, 'pool')}`,
    settings.kernel.enabled ? formatKernelTable(kernel) : 'kernel not written',
  ].join(', ');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** The datastore cannot be read at all. */
export function noResources(message: string, type: Settings['datastore']['type']): ConfigError {
  return {
    kind: 'ConfigError',
    severity: 'error',
    code: 'DatastoreLost',
    message,
    ...LOST[type],
  };
}

const LOST = {
  file: {
    path: 'datastore.path',
    remedy: 'Run godwit init to write a first set of resources, or set datastore.path',
  },
  etcd: {
    path: 'datastore.endpoints',
    remedy: 'See that etcd runs and that datastore.endpoints and its tls are right',
  },
  kubernetes: {
    path: 'datastore.kubeconfig',
    remedy: 'See docs/kubernetes.md for what godwit has to be allowed, and where the API is named',
  },
} as const;
