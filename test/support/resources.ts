/** Short ways to write resources in tests: YAML text or plain objects → settled resources → plan. */

import type { ConfigError } from '../../src/base/errors.ts';
import { plainDocument, type RawDocument } from '../../src/datastore/documents.ts';
import { NO_LAST_GOOD, type Settled, settle } from '../../src/datastore/last-good.ts';
import { planFor } from '../../src/datastore/plan.ts';
import type { PlanOptions, PlanResult } from '../../src/datastore/plan-options.ts';
import type { PeerPlan, SpeakerPlan } from '../../src/datastore/plan-types.ts';
import { checkDocument } from '../../src/datastore/validate.ts';
import { parseYamlFile } from '../../src/io/yaml-documents.ts';

export const FILE_OPTIONS: PlanOptions = {
  datastore: 'file',
  compat: 'auto',
  outside: 'least-privilege',
  table: 254,
  tunnelDevice: 'tunl0',
};

/** A Calico resource. `name` may be followed by labels. */
export function resource(kind: string, name: string, spec: object, labels: object = {}): unknown {
  return { apiVersion: 'projectcalico.org/v3', kind, metadata: { name, labels }, spec };
}

/** Node `name` with `address` (IPv4, /24) and whatever else stands in spec.bgp. */
export function node(
  name: string,
  address: string,
  bgp: object = {},
  labels: object = {},
): unknown {
  return resource('Node', name, { bgp: { ipv4Address: `${address}/24`, ...bgp } }, labels);
}

export function documents(values: readonly unknown[]): RawDocument[] {
  return values.map((value) => plainDocument('test.yaml', value));
}

function settled(...values: readonly unknown[]): Settled {
  return settle(NO_LAST_GOOD, { documents: documents(values), broken: [] });
}

/** Documents of a YAML text; a syntax error is the test's own. */
export function yaml(text: string, file = 'test.yaml'): readonly RawDocument[] {
  const parsed = parseYamlFile(file, text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.documents;
}

export function planOf(
  name: string,
  values: readonly unknown[],
  options: Partial<PlanOptions> = {},
): PlanResult & { readonly settled: Settled } {
  const all = settled(...values);
  const result = planFor(name, all.resources, { ...FILE_OPTIONS, ...options });
  return { ...result, settled: all, problems: [...all.problems, ...result.problems] };
}

/** The plan where there must be one. */
export function mustPlan(
  name: string,
  values: readonly unknown[],
  options: Partial<PlanOptions> = {},
): SpeakerPlan {
  const { plan, problems } = planOf(name, values, options);
  if (plan === undefined) throw new Error(problems.map((item) => item.message).join('; '));
  return plan;
}

export function peerNamed(plan: SpeakerPlan, name: string): PeerPlan {
  const peer = plan.peers.find((item) => item.name === name);
  const names = plan.peers.map((item) => item.name).join(', ');
  if (peer === undefined) throw new Error(`No peer ${name} among ${names}`);
  return peer;
}

/** What is wrong with one document, as it is found. */
export function problemsOf(value: unknown): readonly ConfigError[] {
  return documents([value])
    .flatMap(checkDocument)
    .flatMap((one) => one.problems);
}

/** `CODE path` of everything that is wrong with a resource named `default`. */
export function codesOf(kind: string, spec: object): string[] {
  return problemsOf(resource(kind, 'default', spec)).map((item) => `${item.code} ${item.path}`);
}
