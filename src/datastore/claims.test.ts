import { expect, it } from 'vitest';
import { resource } from '../../test/support/resources.ts';
import { Claims } from './claims.ts';
import { plainDocument, type RawDocument } from './documents.ts';

const pool = (name: string, cidr: string, file = 'a.yaml'): RawDocument =>
  plainDocument(file, resource('IPPool', name, { cidr }));

const [P, Q, OTHER_P] = [
  pool('p', '10.1.0.0/16'),
  pool('q', '10.2.0.0/16'),
  pool('p', '10.3.0.0/16', 'b.yaml'),
];

it('names the keys of the documents that came, went or took another place among those of their name', () => {
  const claims = new Claims();
  expect([...claims.update([P, Q])]).toEqual(['IPPool/p', 'IPPool/q']);
  expect([...claims.update([P, Q])]).toEqual([]);
  expect([...claims.update([Q])]).toEqual(['IPPool/p']);
  expect(claims.first('IPPool/p')).toBeUndefined();
  claims.update([P, Q, OTHER_P]);
  expect(claims.first('IPPool/p')?.document).toBe(P);
  expect([...claims.update([OTHER_P, Q, P])]).toContain('IPPool/p');
  expect(claims.first('IPPool/p')?.document).toBe(OTHER_P);
});

it('finds what is wrong, which files that makes doubtful, and why', () => {
  const claims = new Claims();
  claims.update([P, pool('w', 'wrong', 'w.yaml'), OTHER_P]);
  const { problems, doubtful, unusable } = claims.survey([]);
  expect(problems.map(({ code }) => code)).toEqual(['BadValue', 'DuplicateResource']);
  expect([...doubtful.keys()]).toEqual(['w.yaml']);
  expect(doubtful.get('w.yaml')).toMatch(/^IPPool\/w in the same file: spec\.cidr/);
  expect(unusable).toEqual(['IPPool/w']);
});
