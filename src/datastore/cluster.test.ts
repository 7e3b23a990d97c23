/** Who a node is, and whose defaults it follows. */

import { describe, expect, it } from 'vitest';
import { mustPlan, node, planOf, resource } from '../../test/support/resources.ts';

const A = node('a', '10.0.0.1');

describe('the cluster as a node sees it', () => {
  it('the AS is that of the Node, else of default, else 64512', () => {
    const global = resource('BGPConfiguration', 'default', { asNumber: 65000 });
    expect(mustPlan('a', [A]).localAs).toBe(64512);
    expect(mustPlan('a', [A, global]).localAs).toBe(65000);
    expect(mustPlan('a', [node('a', '10.0.0.1', { asNumber: 65001 }), global]).localAs).toBe(65001);
  });

  it('without a Node of this name there is no plan, and the nearest name is proposed', () => {
    const { plan, problems } = planOf('node-q', [node('node-1', '10.0.0.1')]);
    expect(plan).toBeUndefined();
    expect(problems[0]).toMatchObject({ code: 'UnknownNode', severity: 'error' });
    expect(problems[0]!.remedy).toContain('did you mean node-1?');
  });
});
