/**
 * Topologies against a schema of containerlab's language. It is a reduced one of our own, from containerlab's
 * documentation; what it says of itself is in the file.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { REPOSITORY } from '../tools/cache-dir.ts';

const FOLDER = join(REPOSITORY, 'config/containerlab');
const SCHEMA = JSON.parse(
  readFileSync(join(REPOSITORY, 'test/fixtures/containerlab.schema.json'), 'utf8'),
) as object;
// `type: ["string", "number"]` is what containerlab takes there.
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(SCHEMA);

function faults(topology: unknown): string[] {
  validate(topology);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.clab.yml'));

describe('config/containerlab', () => {
  it.each(files)('%s is a topology as containerlab takes it', (file) => {
    expect(faults(parse(readFileSync(join(FOLDER, file), 'utf8')))).toEqual([]);
  });

  it.each([
    [{ kind: 'linux', sysctl: {} }, '/topology/nodes/a must NOT have additional properties'],
    [{ kind: 'linux', exec: 'ip link' }, '/topology/nodes/a/exec must be array'],
    [
      { kind: 'linux', 'network-mode': 'lone' },
      '/topology/nodes/a/network-mode must match pattern',
    ],
    [{ kind: 'linux', env: { A: true } }, '/topology/nodes/a/env/A must be string,number'],
  ])('A node %j is refused', (node, fault) => {
    const found = faults({ name: 'x', topology: { nodes: { a: node } } });
    expect(found.some((text) => text.startsWith(fault))).toBe(true);
  });

  it('A link with three ends is refused', () => {
    const links = [{ endpoints: ['a:1', 'a:2', 'a:3'] }];
    const found = faults({ name: 'x', topology: { nodes: { a: null }, links } });
    expect(found).toEqual(['/topology/links/0/endpoints must NOT have more than 2 items']);
  });
});
