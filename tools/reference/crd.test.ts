/**
 * The CRD that stands in `config/crds` says what the reader says: every field, every default, every allowed value. Where
 * a schema cannot say it (the range of a duration, host bits of a prefix) it is wider than the reader, never narrower.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { NODE_FIELDS, NODE_PATHS } from '../../src/datastore/node-setting-fields.ts';
import type { FieldType } from '../../src/datastore/setting-field.ts';
import { SETTING_PATHS, settingField } from '../../src/datastore/setting-fields.ts';
import { formatSetting } from '../../src/datastore/setting-values.ts';
import { anyProfile, anyWritten, nested, profile } from '../../test/support/any-profile.ts';
import { problemsOf } from '../../test/support/resources.ts';
import { REPOSITORY } from '../cache-dir.ts';
import { CRD_FILE, type Schema } from './crd.ts';

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

const CRD = parse(readFileSync(join(REPOSITORY, CRD_FILE), 'utf8')) as Crd;
const SCHEMA = CRD.spec.versions[0]!.schema.openAPIV3Schema;

/** The part of OpenAPI v3 that the CRD uses; unknown keys are pruned by the API server, so they are refused here. */
function accepts(schema: Schema, value: unknown): boolean {
  if (schema.anyOf !== undefined) return schema.anyOf.some((one) => accepts(one, value));
  switch (schema.type) {
    case 'object':
      return isObject(value) && acceptsObject(schema, value);
    case 'array': {
      if (!Array.isArray(value)) return false;
      const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, items } = schema;
      const fits = value.length >= minItems && value.length <= maxItems;
      return fits && value.every((item) => accepts(items!, item));
    }
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return (
        Number.isInteger(value) &&
        (value as number) >= (schema.minimum ?? Number.NEGATIVE_INFINITY) &&
        (value as number) <= (schema.maximum ?? Number.POSITIVE_INFINITY)
      );
    case 'string':
      return (
        typeof value === 'string' &&
        schema.enum?.includes(value) !== false &&
        (schema.pattern === undefined || new RegExp(schema.pattern).test(value))
      );
    default:
      throw new Error(`A schema of type ${schema.type}`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function acceptsObject(schema: Schema, value: Readonly<Record<string, unknown>>): boolean {
  const { properties, required = [] } = schema;
  if (!required.every((name) => value[name] !== undefined)) return false;
  if (properties === undefined) return true;
  return Object.entries(value).every(
    ([name, item]) => Object.hasOwn(properties, name) && accepts(properties[name]!, item),
  );
}

function leaves(schema: Schema, path = ''): [string, Schema][] {
  if (schema.type !== 'object') return [[path, schema]];
  return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) =>
    leaves(inner, path === '' ? name : `${path}.${name}`),
  );
}

const SPEC = SCHEMA.properties!['spec']!.properties!;

/** Both say the same of this profile; for what only the reader can know, the schema may say yes. */
function expectAgreement(spec: object, isWider = false): void {
  const value = profile('p', spec);
  const read = problemsOf(value).length === 0;
  const accepted = accepts(SCHEMA, value);
  if (isWider && accepted) return;
  expect([spec, accepted]).toEqual([spec, read]);
}

function around(field: FieldType): readonly unknown[] {
  const common = [true, 'x', 0, 1, -1, 1.5, [], ['ipv4-unicast'], ['ipv4'], {}, 'best 2', 'best 0'];
  if (field.type === 'integer') return [...common, field.min - 1, field.max, field.max + 1];
  if (field.type === 'one-of') return [...common, ...field.values];
  if (field.type === 'as-number')
    return [...common, 'internal', 'external', 'ebgp', '1.1', 2 ** 32];
  return [...common, '5s', '90s', '1m30s', 'soon'];
}

describe('the CRD of PeerProfile', () => {
  it('has every setting, and no other, with its default in words', () => {
    const found = leaves(SPEC['settings']!);
    expect(found.map(([path]) => path).sort()).toEqual([...SETTING_PATHS].sort());
    for (const [path, schema] of found) {
      const field = settingField(path as (typeof SETTING_PATHS)[number]);
      const value =
        field.default === undefined ? field.unset! : formatSetting(field, field.default);
      expect(schema.description).toContain(`. Default: ${value}`);
    }
  });

  it('has every setting of the node, and no other, with its default in words', () => {
    const found = leaves(SPEC['node']!);
    expect(found.map(([path]) => path).sort()).toEqual([...NODE_PATHS].sort());
    for (const path of NODE_PATHS) {
      const value = formatSetting(NODE_FIELDS[path], NODE_FIELDS[path].default);
      expect(SPEC['node']!.properties![path]!.description).toContain(`Default: ${value}`);
    }
  });

  it('has no default of its own: what nobody said must not count', () => {
    expect(JSON.stringify(CRD)).not.toContain('"default":');
  });

  for (const path of SETTING_PATHS) {
    it(`allows of ${path} what the reader allows`, () => {
      const field = settingField(path);
      const isWider = field.type === 'duration';
      for (const value of around(field)) {
        expectAgreement({ settings: nested({ [path]: value }) }, isWider);
      }
      fc.assert(
        fc.property(anyWritten(field), (value) => {
          expectAgreement({ settings: nested({ [path]: value }) }, isWider);
        }),
        { numRuns: 20 },
      );
    });
  }

  it('allows of the rest what the reader allows', () => {
    const range = { prefix: '10.0.0.0/8', asNumber: 'internal' };
    const password = { secretKeyRef: { name: 's', key: 'k' } };
    for (const spec of [
      { order: 0 },
      { order: -1 },
      { order: 1_000_001 },
      { other: 1 },
      { nodeSelector: 'all()', sessions: {} },
      { sessions: { kinds: ['mesh', 'dynamic'], asNumbers: ['internal', 7], prefixes: ['::/0'] } },
      { sessions: { kinds: ['all'] } },
      { sessions: { peers: [] } },
      { node: { maximumPaths: 0 } },
      { node: { maximumPaths: 64, asPathRelax: false } },
      { listenRanges: [{ ...range, peersMax: 1, rateMax: 1, families: ['ipv6-unicast'] }] },
      { listenRanges: [{ ...range, peersMax: 0 }] },
      { listenRanges: [{ ...range, password, filters: ['f'] }] },
      { listenRanges: [{ prefix: '10.0.0.0/8' }] },
      { listenRanges: [{ ...range, other: 1 }] },
    ]) {
      expectAgreement(spec);
    }
    fc.assert(fc.property(anyProfile, (value) => void expect(accepts(SCHEMA, value)).toBe(true)));
  });
});
