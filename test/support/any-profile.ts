/** PeerProfiles for property tests: any setting of the table with any value that it allows. */

import fc from 'fast-check';
import { ADD_PATH_SENDS, type FieldType } from '../../src/datastore/setting-field.ts';
import { SETTING_PATHS, settingField } from '../../src/datastore/setting-fields.ts';
import { AFI_SAFIS } from '../../src/net/afi-safi.ts';

const OWN_API = 'godwit.dev/v1';

export function profile(name: string, spec: object): unknown {
  return { apiVersion: OWN_API, kind: 'PeerProfile', metadata: { name }, spec };
}

/** A value as it is written. */
export function anyWritten(field: FieldType): fc.Arbitrary<unknown> {
  switch (field.type) {
    case 'boolean':
      return fc.boolean();
    case 'duration':
      return fc.integer({ min: field.min, max: field.max }).map((value) => `${value}s`);
    case 'integer':
      return fc.integer({ min: field.min, max: field.max });
    case 'one-of':
      return fc.constantFrom(...field.values);
    case 'add-path-send':
      return fc.constantFrom(...ADD_PATH_SENDS, 'best 2');
    case 'families':
      return fc.subarray([...AFI_SAFIS], { minLength: 1 });
    case 'as-number':
      return fc.constantFrom('internal', 'external', 64512, 65001);
  }
}

/** Values at paths → objects in objects. */
export function nested(values: Readonly<Record<string, unknown>>): object {
  const root: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(values)) {
    const names = path.split('.');
    let at = root;
    for (const name of names.slice(0, -1)) {
      at[name] ??= {};
      at = at[name] as Record<string, unknown>;
    }
    at[names.at(-1)!] = value;
  }
  return root;
}

/** Timers are left to tests of their own: not every choice of them is possible. */
const FREE_PATHS = SETTING_PATHS.filter((path) => !path.startsWith('timers.'));

const anySettings = fc
  .subarray([...FREE_PATHS], { maxLength: 5 })
  .chain((paths) =>
    fc.record(
      Object.fromEntries(paths.map((path) => [path, anyWritten(settingField(path))] as const)),
    ),
  )
  .map((values) => nested({ ...values }));

const anySelection = fc.constantFrom<object>(
  {},
  { sessions: { kinds: ['mesh'] } },
  { sessions: { kinds: ['global', 'node', 'dynamic'] } },
  { sessions: { peers: ['p'] } },
  { sessions: { peerSelector: "tier == 'tor'" } },
  { sessions: { asNumbers: ['external'] } },
  { sessions: { asNumbers: ['internal'], prefixes: ['10.0.0.2'] } },
  { sessions: { prefixes: ['10.0.0.0/30', 'fd00::/16'] } },
  { nodeSelector: "rack == 'x'" },
);

const anyMore = fc.constantFrom<object>(
  {},
  {},
  { node: { maximumPaths: 4 } },
  { node: { asPathRelax: true, advertiseAfterInstall: true } },
  { listenRanges: [{ prefix: '10.0.8.0/24', asNumber: 'external', filters: ['f'] }] },
  {
    listenRanges: [
      { prefix: '10.0.8.0/24', asNumber: 'internal', peersMax: 5 },
      {
        prefix: 'fd00:8::/64',
        asNumber: 65001,
        password: { secretKeyRef: { name: 's', key: 'k' } },
      },
    ],
  },
);

export const anyProfile: fc.Arbitrary<unknown> = fc
  .record({
    name: fc.constantFrom('one', 'two', 'three'),
    order: fc.constantFrom(1, 2, 1000),
    selection: anySelection,
    settings: anySettings,
    more: anyMore,
    timers: fc.constantFrom<object>(
      {},
      {},
      { holdTime: '9s' },
      { keepaliveTime: '20s', connectRetry: '7s' },
      { holdTime: '0s', idleHoldInitial: '1s' },
      { minHoldTime: '30s', sendHoldTime: '100s' },
    ),
  })
  .map(({ name, order, selection, settings, more, timers }) =>
    profile(name, { order, ...selection, settings: { ...settings, timers }, ...more }),
  );
