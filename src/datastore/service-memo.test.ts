/** The price of services; that results do not depend on what is remembered is a property of `plan-memo.prop.test.ts`. */

import { describe, expect, it } from 'vitest';
import { clusterDocuments, OWN_NODE } from '../../test/support/large-cluster.ts';
import { documents, FILE_OPTIONS } from '../../test/support/resources.ts';
import { localServices, localSlice, serviceConfiguration } from '../../test/support/services.ts';
import { NO_LAST_GOOD, settle } from './last-good.ts';
import { planWith } from './plan.ts';
import { PlanMemo } from './plan-memo.ts';
import type { OriginatedPrefix } from './plan-types.ts';
import { SettleMemo } from './settle-memo.ts';

const SERVICES = 2000;
/** CPU milliseconds that one changed object may cost on the planner's thread (issue 6). */
const CHANGE_MS_MAX = 20;

describe('two thousand services', () => {
  const cluster = clusterDocuments({ nodes: 500, peers: 20, blocks: 50 });
  const base = [
    ...documents(cluster.filter((item) => !isConfiguration(item))),
    ...documents([serviceConfiguration({ serviceClusterIPs: [{ cidr: '10.96.0.0/12' }] })]),
    ...documents(localServices(SERVICES, OWN_NODE)),
  ];
  const at = base.findIndex(({ value }) => (value as { kind: string }).kind === 'EndpointSlice');

  it('of which one changes cost little, and every other prefix stays the object that it was', () => {
    const [settling, planning] = [new SettleMemo(), new PlanMemo()];
    const plan = (nodeName: string): readonly OriginatedPrefix[] => {
      const changed = documents([localSlice(0, nodeName)]);
      const next = {
        documents: [...base.slice(0, at), ...changed, ...base.slice(at + 1)],
        broken: [],
      };
      const { resources } = settle(NO_LAST_GOOD, next, settling);
      const question = { node: OWN_NODE, resources, options: FILE_OPTIONS };
      return planWith(question, planning).plan!.originated;
    };
    const all = plan(OWN_NODE);
    expect(all).toHaveLength(SERVICES + 1 + 50);
    const took: number[] = [];
    for (let round = 0; round < 10; round++) {
      const begin = process.cpuUsage();
      const now = plan(round % 2 === 0 ? 'elsewhere' : OWN_NODE);
      const { user, system } = process.cpuUsage(begin);
      took.push((user + system) / 1000);
      expect(now).toHaveLength(all.length - (round % 2 === 0 ? 1 : 0));
      const before = new Set(all);
      expect(
        now.filter((item) => item.source === 'service' && !before.has(item)).length,
      ).toBeLessThan(2);
    }
    expect(Math.min(...took)).toBeLessThan(CHANGE_MS_MAX);
  });
});

function isConfiguration(value: unknown): boolean {
  return (value as { kind: string }).kind === 'BGPConfiguration';
}
