/** Every field of a PeerProfile: what it allows is read, what it does not is refused with what would be right. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyProfile, anyWritten, nested, profile } from '../../../test/support/any-profile.ts';
import { documents, problemsOf, yaml } from '../../../test/support/resources.ts';
import { formatConfigError } from '../../base/errors.ts';
import type { PeerSettings } from '../peer-settings.ts';
import type { PeerProfileResource } from '../resources.ts';
import type { FieldType } from '../setting-field.ts';
import { SETTING_PATHS, settingField } from '../setting-fields.ts';
import { checkDocument } from '../validate.ts';

function codes(spec: object): string[] {
  return problemsOf(profile('p', spec)).map((item) => `${item.code} ${item.path}`);
}

function read(spec: object): PeerProfileResource {
  const [checked] = documents([profile('p', spec)]).flatMap(checkDocument);
  expect(checked!.problems).toEqual([]);
  return checked!.entry!.value as PeerProfileResource;
}

/** Values just outside what a field allows, and of other kinds. */
function notAllowed(field: FieldType): readonly unknown[] {
  switch (field.type) {
    case 'boolean':
      return ['true', 1];
    case 'duration':
      return [
        ...(field.min > 1 ? [`${field.min - 1}s`] : []),
        ...(field.min > 0 && field.zero !== true ? ['0s'] : []),
        `${field.max + 1}s`,
        field.min,
        'soon',
      ];
    case 'integer':
      return [field.min - 1, field.max + 1, 1.5, '7'];
    case 'one-of':
      return [`${field.values[0]}x`, field.values[0]!.toUpperCase(), true];
    case 'add-path-send':
      return ['best', 'best 0', 'best 33', 'some', 2];
    case 'families':
      return ['ipv4-unicast', [], ['ipv4']];
    case 'as-number':
      return [0, -1, 4_294_967_296, 'ebgp', true];
  }
}

/** A compile-time list: the table must know every setting that the plan has. */
const EVERY_SETTING: Readonly<Record<keyof PeerSettings, true>> = {
  timers: true,
  enhancedRouteRefresh: true,
  extendedMessages: true,
  gracefulRestartNotification: true,
  longLivedStaleTime: true,
  addPath: true,
  role: true,
  roleStrict: true,
  maxPrefixesIn: true,
  maxPrefixesOut: true,
  limits: true,
  asOverride: true,
  privateAs: true,
  localAsMigration: true,
  asSets: true,
  honourGracefulShutdown: true,
  honourBlackhole: true,
  linkBandwidth: true,
  fallOver: true,
  authentication: true,
};

describe('the settings of a PeerProfile', () => {
  it('are all that a plan has, and the AS number and the families', () => {
    const groups = new Set(SETTING_PATHS.map((path) => path.split('.', 1)[0]!));
    expect([...groups].sort()).toEqual(
      [...Object.keys(EVERY_SETTING), 'asNumber', 'families'].sort(),
    );
  });

  for (const path of SETTING_PATHS) {
    it(`${path} is read as written and refused outside what it allows`, () => {
      const field = settingField(path);
      fc.assert(
        fc.property(anyWritten(field), (value) => {
          expect(codes({ settings: nested({ [path]: value }) })).toEqual([]);
        }),
        { numRuns: 20 },
      );
      for (const value of notAllowed(field)) {
        const [problem] = problemsOf(profile('p', { settings: nested({ [path]: value }) }));
        expect(problem, `${path}: ${JSON.stringify(value)}`).toMatchObject({ severity: 'error' });
        expect(problem!.path).toContain(`spec.settings.${path.replace(/\.(ip.*)$/, '')}`);
        expect(problem!.remedy ?? problem!.message).not.toBe('');
      }
    });
  }

  it('are durations in seconds, numbers, words, and the best N as a number', () => {
    const { settings } = read({
      settings: { timers: { holdTime: '1m30s' }, addPath: { send: 'best 3' }, asNumber: '1.1' },
    });
    expect(settings).toEqual({
      'timers.holdTime': 90,
      'addPath.send': { best: 3 },
      asNumber: 65_537,
    });
  });

  it('that no session could have together are refused with the nearest that could', () => {
    const timers = (value: object): string[] =>
      problemsOf(profile('p', { settings: { timers: value } })).map(formatConfigError);
    expect(timers({ holdTime: '9s', keepaliveTime: '4s' })).toEqual([
      'test.yaml: PeerProfile/p spec.settings.timers.keepaliveTime "4s": More than a third of the hold' +
        ' time: two lost KEEPALIVEs would end the session. Write at most 3s, or leave it out',
    ]);
    expect(timers({ holdTime: '9s', minHoldTime: '10s' })[0]).toContain('Write at most 9s');
    expect(timers({ idleHoldInitial: '9s', idleHoldMax: '8s' })[0]).toContain('Write at most 8s');
    expect(timers({ holdTime: '0s', keepaliveTime: '4s' })).toEqual([]);
  });
});

describe('a PeerProfile', () => {
  it('with an unknown key is refused, with file, line and the key that was meant', () => {
    const text = `
apiVersion: godwit.dev/v1
kind: PeerProfile
metadata: { name: tor }
spec:
  settings:
    timers:
      holdtime: 9s
`;
    const [checked] = yaml(text, 'tor.yaml').flatMap(checkDocument);
    expect(checked!.entry).toBeUndefined();
    expect(formatConfigError(checked!.problems[0]!)).toBe(
      'tor.yaml:8:17: PeerProfile/tor spec.settings.timers.holdtime: Unknown key. Did you mean holdTime?',
    );
  });

  it('of another API is refused with ours', () => {
    const value = { ...(profile('p', {}) as object), apiVersion: 'projectcalico.org/v3' };
    expect(problemsOf(value)[0]).toMatchObject({
      path: 'apiVersion',
      remedy: 'Write apiVersion: godwit.dev/v1',
    });
  });

  const wrong: readonly [object, string[]][] = [
    [{ order: -1 }, ['BadValue spec.order']],
    [{ sessions: { kinds: ['ebgp'] } }, ['BadValue spec.sessions.kinds[0]']],
    [{ sessions: { kinds: [] } }, ['Missing spec.sessions.kinds']],
    [{ sessions: { prefixes: ['10.0.0.1/8'] } }, ['BadValue spec.sessions.prefixes[0]']],
    [{ sessions: { asNumbers: [0] } }, ['BadValue spec.sessions.asNumbers[0]']],
    [{ sessions: { peer: ['x'] } }, ['UnknownKey spec.sessions.peer']],
    [{ node: { maximumPaths: 65 } }, ['BadValue spec.node.maximumPaths']],
    [{ node: { multipath: 2 } }, ['UnknownKey spec.node.multipath']],
    [{ listenRanges: [{ prefix: '10.0.0.0/8' }] }, ['Missing spec.listenRanges[0].asNumber']],
    [
      { listenRanges: [{ asNumber: 1, prefix: '10.0.0.1/8' }] },
      ['HostBits spec.listenRanges[0].prefix'],
    ],
    [
      { listenRanges: [{ asNumber: 1, prefix: 'fe80::/10' }] },
      ['BadValue spec.listenRanges[0].prefix'],
    ],
    [
      {
        listenRanges: [
          { asNumber: 1, prefix: '10.0.0.0/8' },
          { asNumber: 2, prefix: '10.0.0.0/8' },
        ],
      },
      ['Duplicate spec.listenRanges[1].prefix'],
    ],
    [
      { listenRanges: [{ asNumber: 1, prefix: '10.0.0.0/8', peersMax: 0, rateMax: 0 }] },
      ['BadValue spec.listenRanges[0].peersMax', 'BadValue spec.listenRanges[0].rateMax'],
    ],
  ];
  for (const [spec, expected] of wrong) {
    it(`${JSON.stringify(spec)} is refused`, () => {
      expect(codes(spec)).toEqual(expected);
    });
  }

  it('with whatever it allows has no problem', () => {
    fc.assert(
      fc.property(anyProfile, (value) => {
        expect(problemsOf(value)).toEqual([]);
      }),
    );
  });
});
