import { expect, it } from 'vitest';
import type { RawDocument } from '../datastore/documents.ts';
import { parseYamlFile, YamlReader } from './yaml-documents.ts';

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

/** `line:column` of `spec` in each document, and the values. */
function read(text: string, reader = new YamlReader()): { values: unknown[]; places: string[] } {
  const parsed = reader.read('f.yaml', text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  const places = parsed.documents.map((document) => {
    const place = document.positionOf(['spec']);
    return `${place?.line}:${place?.column}`;
  });
  return { values: parsed.documents.map((document) => document.value), places };
}

it('takes a file apart at its separators as the parser does, with places in the whole file', () => {
  expect(read('# a\n\n---\nspec: 1\n---\n\nspec: 2\n--- # c\nspec: |\n  x\n  --- y\n')).toEqual({
    values: [{ spec: 1 }, { spec: 2 }, { spec: 'x\n--- y\n' }],
    places: ['4:7', '7:7', '9:7'],
  });
  expect(read('%YAML 1.2\n---\nspec: 1\n...\n---\nspec: 2\n').places).toEqual(['3:7', '6:7']);
  expect(read('spec: 1\r\n---\r\nspec: 2\r\n').places).toEqual(['1:7', '3:7']);
  expect(read('--- {spec: 1}\n---\n---\nspec: 2').places).toEqual(['1:12', '4:7']);
});

it('names the line of a mistake in the whole file', () => {
  const parsed = new YamlReader().read('f.yaml', 'a: 1\n---\nb: [\n---\nc: 1\n');
  expect(parsed).toMatchObject({ ok: false, error: { line: 4, code: 'Syntax' } });
});

it('gives the same value for an unchanged document, and two values for two of one text', () => {
  const reader = new YamlReader();
  const text = '---\nspec: {a: 1}\n---\nspec: {b: 1}\n';
  const [first] = read(text, reader).values;
  const again = read(`---\nnew: 1\n${text}${text}`, reader).values;
  expect(again[1]).toBe(first);
  expect(again[3]).toEqual(first);
  expect(again[3]).not.toBe(first);
  expect(read(`${text}${text}`, reader).places).toEqual(['2:1', '4:1', '6:1', '8:1']);
});

it('gives the same document while it stands where it stood, and another one elsewhere', () => {
  const reader = new YamlReader();
  const of = (text: string): readonly RawDocument[] => {
    const parsed = reader.read('a.yaml', text);
    if (!parsed.ok) throw new Error(parsed.error.message);
    return parsed.documents;
  };
  const [a, b] = of('---\nspec: {a: 1}\n---\nspec: {b: 1}\n');
  const again = of('---\nspec: {a: 2}\n---\nspec: {b: 1}\n');
  expect([again[0] === a, again[1] === b]).toEqual([false, true]);
  const [, moved] = of('---\nspec:\n  a: 2\n---\nspec: {b: 1}\n');
  expect(moved).not.toBe(b);
  expect(moved?.value).toBe(b?.value);
  expect(moved?.positionOf(['spec', 'b'])).toMatchObject({ line: 5 });
  expect(b?.positionOf(['spec', 'b'])).toMatchObject({ line: 4 });
});
