import { describe, expect, it } from 'vitest';
import { node, planOf } from '../../test/support/resources.ts';

const problemsOf = (...values: readonly unknown[]) =>
  planOf('a', values).problems.filter(({ code }) => code === 'SameNodeAddress');

describe('nodes with one address', () => {
  it('are named: an error where this node is one of them', () => {
    expect(problemsOf(node('a', '10.0.0.1'), node('b', '10.0.0.1'))).toMatchObject([
      {
        severity: 'error',
        resource: 'Node/b',
        path: 'spec.bgp.ipv4Address',
        value: '10.0.0.1',
        message: expect.stringMatching(/^This node and Node\/b have one address/),
      },
    ]);
  });

  it('are named by a warning where others are, once however many there are', () => {
    const { problems } = planOf('a', [
      node('a', '10.0.0.1'),
      ...['b', 'c', 'd'].map((name) => node(name, '10.0.0.2')),
    ]);
    expect(problems.map(({ code, severity }) => [code, severity])).toEqual([
      ['SameNodeAddress', 'warning'],
    ]);
    expect(problems[0]!.message).toContain('Node/b, Node/c, Node/d');
  });

  it('may have it in the other family, too', () => {
    const ipv6Address = 'fd00::1/64';
    const found = problemsOf(
      node('a', '10.0.0.1', { ipv6Address }),
      node('b', '10.0.0.2', { ipv6Address }),
    );
    expect(found).toMatchObject([{ path: 'spec.bgp.ipv6Address', severity: 'error' }]);
    expect(problemsOf(node('a', '10.0.0.1'), node('b', '10.0.0.2'))).toEqual([]);
  });

  it('that are many are some that are named and a count', () => {
    const nodes = Array.from({ length: 60 }, (_, i) => node(`n${i}`, `10.0.1.${i >> 1}`));
    const found = problemsOf(node('a', '10.0.0.1'), ...nodes);
    expect(found).toHaveLength(20);
    expect(found.at(-1)!.message).toContain('and 10 more addresses');
  });
});
