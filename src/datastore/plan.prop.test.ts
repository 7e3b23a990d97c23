/** The plan depends on what the resources say and on nothing else; any plan can become any other. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyProfile } from '../../test/support/any-profile.ts';
import { documents, FILE_OPTIONS, node, resource } from '../../test/support/resources.ts';
import { runs } from '../../test/support/runs.ts';
import { collect } from './collect.ts';
import { planFor } from './plan.ts';
import { applyChanges, diffPlans } from './plan-diff.ts';
import type { PlanOptions } from './plan-options.ts';
import { checkDocument, type Entry } from './validate.ts';

const NAMES = ['a', 'b', 'c', 'd'] as const;
const name = fc.constantFrom(...NAMES);
const small = fc.integer({ min: 1, max: 4 });

const anyNode = fc
  .record({
    name,
    host: small,
    asNumber: fc.option(fc.constantFrom(64512, 65001), { nil: undefined }),
    six: fc.boolean(),
    rr: fc.option(fc.constantFrom('1.1.1.1', '2.2.2.2'), { nil: undefined }),
    rack: fc.constantFrom('x', 'y'),
  })
  .map(({ name: own, host, asNumber, six, rr, rack }) =>
    node(
      own,
      `10.0.0.${host}`,
      {
        ...(asNumber === undefined ? {} : { asNumber }),
        ...(six ? { ipv6Address: `fd00::${host}/64` } : {}),
        ...(rr === undefined ? {} : { routeReflectorClusterID: rr }),
      },
      { rack },
    ),
  );

const anyPeer = fc
  .record({
    name,
    side: fc.constantFrom({}, { node: 'a' }, { nodeSelector: "rack == 'x'" }),
    remote: fc.oneof(
      fc.constantFrom({ peerSelector: 'all()' }, { peerSelector: "rack == 'y'" }),
      small.map((host) => ({ peerIP: `10.0.0.${host}`, asNumber: 64512 })),
      fc.constantFrom(
        { peerIP: '10.0.0.254', asNumber: 64601, filters: ['f', 'g'] },
        { peerIP: '10.0.0.3:1179', asNumber: 64512 },
      ),
    ),
    reversePeering: fc.constantFrom('Auto', 'Manual'),
  })
  .map(({ name: own, side, remote, reversePeering }) =>
    resource('BGPPeer', own, { ...side, ...remote, reversePeering }),
  );

const anyOther = fc.oneof(
  fc
    .tuple(name, small, fc.constantFrom('Never', 'Always', 'CrossSubnet'))
    .map(([own, net, ipipMode]) => resource('IPPool', own, { cidr: `10.${net}.0.0/16`, ipipMode })),
  fc
    .tuple(name, name, small, fc.constantFrom('confirmed', 'pending', 'pendingDeletion'))
    .map(([own, at, net, state]) =>
      resource('BlockAffinity', own, { node: at, cidr: `10.1.${net}.0/26`, state }),
    ),
  fc
    .tuple(fc.constantFrom('default', 'node.a', 'node.b'), fc.constantFrom(179, 1179))
    .map(([own, listenPort]) => resource('BGPConfiguration', own, { listenPort })),
  fc
    .constantFrom('f', 'h')
    .map((own) => resource('BGPFilter', own, { importV4: [{ action: 'Reject' }] })),
);

/** Resources of one snapshot: no two of one kind and name, as no datastore has them. */
const anyResources = fc
  .array(fc.oneof(anyNode, anyNode, anyPeer, anyOther, anyProfile), { maxLength: 25 })
  .map((values) => {
    const all = documents(values).flatMap(checkDocument);
    const byKey = new Map(all.map((one) => [one.key, one.entry] as const));
    return [...byKey.values()].filter((entry): entry is Entry => entry !== undefined);
  });

const anyOptions = fc
  .record({
    outside: fc.constantFrom('calico', 'least-privilege'),
    compat: fc.constantFrom('auto', 'v3.31', 'v3.33'),
  })
  .map((over): PlanOptions => ({ ...FILE_OPTIONS, ...over }) as PlanOptions);

describe('any resources', () => {
  it('give the same plan and problems in whatever order they are read', () => {
    fc.assert(
      fc.property(
        anyResources,
        anyOptions,
        fc.infiniteStream(fc.nat()),
        (entries, options, keys) => {
          const shuffled = entries
            .map((entry) => ({ entry, key: keys.next().value as number }))
            .sort((x, y) => x.key - y.key)
            .map(({ entry }) => entry);
          const straight = planFor('a', collect(entries), options);
          expect(planFor('a', collect(shuffled), options)).toEqual(straight);
        },
      ),
      runs(300),
    );
  });

  it('give peers with distinct names and, by address and port, distinct sessions', () => {
    fc.assert(
      fc.property(anyResources, anyOptions, (entries, options) => {
        const peers = planFor('a', collect(entries), options).plan?.peers ?? [];
        expect(new Set(peers.map((peer) => peer.name)).size).toBe(peers.length);
        const places = peers.map((peer) => `${peer.remoteAddress} ${peer.remotePort}`);
        expect(new Set(places).size).toBe(peers.length);
      }),
      runs(300),
    );
  });

  it('give a plan that every other plan can become by the changes between them', () => {
    fc.assert(
      fc.property(anyResources, anyResources, anyOptions, (first, second, options) => {
        const from = planFor('a', collect(first), options).plan;
        const to = planFor('a', collect(second), FILE_OPTIONS).plan;
        fc.pre(from !== undefined && to !== undefined);
        expect(applyChanges(from, diffPlans(from, to))).toEqual(to);
      }),
      runs(300),
    );
  });
});
