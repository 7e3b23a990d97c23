import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { NodeIndex } from './node-index.ts';
import type { NodeResource } from './resources.ts';
import { parseSelector, type Selector } from './selector.ts';

function selector(text: string): Selector {
  const parsed = parseSelector(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.selector;
}

const IN_X = selector("rack == 'x'");
const NOT_X = selector("rack != 'x'");

function node(name: number, rack: string, host = name): NodeResource {
  const network = `10.0.0.0/24` as never;
  return {
    name: `n${String(name).padStart(4, '0')}`,
    labels: { rack },
    asNumber: undefined,
    ipv4: { address: ip(`10.0.${host >> 8}.${host & 255}`), network },
    ipv6: undefined,
    routeReflectorClusterId: undefined,
    wireguard: { ipv4: undefined, ipv6: undefined },
    podCidrs: [],
    kubernetesName: undefined,
  };
}

function many(count: number): NodeResource[] {
  return Array.from({ length: count }, (_, i) => node(i, i % 2 === 0 ? 'x' : 'y'));
}

describe('the index of nodes', () => {
  it('gives after any edits what a look at every node gives', () => {
    const anyEdit = fc.record({
      at: fc.nat({ max: 20 }),
      rack: fc.constantFrom('x', 'y', undefined),
    });
    fc.assert(
      fc.property(fc.array(fc.array(anyEdit, { maxLength: 80 }), { maxLength: 8 }), (history) => {
        const index = new NodeIndex();
        const state = new Map<number, NodeResource>();
        for (const edits of history) {
          for (const { at, rack } of edits) {
            if (rack === undefined) state.delete(at);
            else state.set(at, node(at, rack, at % 7));
          }
          const nodes = [...state.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
          index.update(nodes);
          for (const one of [IN_X, NOT_X]) {
            const expected = nodes.filter((item) => one.matches(item.labels));
            expect(index.matching(one)).toEqual(expected);
          }
          const address = ip('10.0.0.3');
          const there = nodes.filter((item) => item.ipv4?.address === address);
          expect(index.withAddress(address)).toEqual(there);
        }
      }),
    );
  });

  it('follows more changes than it looks at one by one', () => {
    const index = new NodeIndex();
    index.update(many(200));
    expect(index.matching(IN_X)).toHaveLength(100);
    index.update(many(200).map((item) => ({ ...item, labels: { rack: 'x' } })));
    expect(index.matching(IN_X)).toHaveLength(200);
  });

  it('gives the same list for as long as none of its nodes changes', () => {
    const index = new NodeIndex();
    const nodes = many(100);
    index.update(nodes);
    const [inX, notX] = [index.matching(IN_X), index.matching(NOT_X)];
    index.update([...nodes.slice(0, 99), node(99, 'z')]);
    expect(index.matching(IN_X)).toBe(inX);
    expect(index.matching(NOT_X)).not.toBe(notX);
  });

  it('asks a selector about the nodes that changed and about no other', () => {
    const index = new NodeIndex();
    const nodes = many(100);
    index.update(nodes);
    let asked = 0;
    const counting: Selector = { text: 'counting', matches: () => ++asked > 0 };
    index.matching(counting);
    index.update([...nodes.slice(0, 99), node(99, 'z')]);
    index.matching(counting);
    expect(asked).toBe(102);
  });
});
