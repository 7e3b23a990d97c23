/** What the plan says of the node as a whole. */

import { describe, expect, it } from 'vitest';
import { mustPlan, node, planOf, resource } from '../../test/support/resources.ts';

const A = node('a', '10.0.0.1');
const B = node('b', '10.0.0.2');

describe('the plan', () => {
  it('bindMode NodeIP listens on the own addresses alone, and the log level of the node wins', () => {
    const global = resource('BGPConfiguration', 'default', {
      bindMode: 'NodeIP',
      logSeverityScreen: 'Warning',
    });
    const own = resource('BGPConfiguration', 'node.a', {
      listenPort: 1179,
      logSeverityScreen: 'DEBUG',
    });
    expect(mustPlan('a', [A, global]).listen).toEqual({ port: 179, addresses: ['10.0.0.1'] });
    expect(mustPlan('a', [A, global]).logLevel).toBe('warning');
    const both = mustPlan('a', [A, global, own]);
    expect([both.listen.port, both.logLevel]).toEqual([1179, 'debug']);
  });

  it('a node without any address has a plan without sessions, and it is said', () => {
    const { plan, problems } = planOf('a', [resource('Node', 'a', {}), B]);
    expect(plan!.peers).toEqual([]);
    expect(problems).toContainEqual(expect.objectContaining({ code: 'NoAddress' }));
  });
});
