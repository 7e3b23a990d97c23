import { expect, it } from 'vitest';
import { parseYamlFile } from './yaml-documents.ts';

const TEXT = `nodeName: a
kernal:
  enabled: true
pools:
  - cidr: 10.0.0.0/8
`;

function place(...path: (string | number)[]): string {
  const parsed = parseYamlFile('f.yaml', TEXT);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const position = parsed.documents[0]?.positionOf(path);
  return `${position?.line}:${position?.column}`;
}

it('finds a value where it stands, and a map or list by the key that names it', () => {
  expect(place('nodeName')).toBe('1:11');
  expect(place('kernal')).toBe('2:1');
  expect(place('kernal', 'enabled')).toBe('3:12');
  expect(place('pools')).toBe('4:1');
  expect(place('pools', 0)).toBe('5:5');
  expect(place('pools', 0, 'cidr')).toBe('5:11');
});

it('falls back to the nearest ancestor that is there', () => {
  expect(place('kernal', 'missing')).toBe('2:1');
  expect(place('nothing')).toBe('1:1');
});
