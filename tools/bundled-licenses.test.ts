import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { licensesOf, packageFolder } from './bundled-licenses.ts';
import { REPOSITORY } from './cache-dir.ts';

const MODULES = join(REPOSITORY, 'node_modules');

describe('packageFolder', () => {
  it.each([
    ['/a/node_modules/yaml/dist/index.js', '/a/node_modules/yaml'],
    ['/a/node_modules/@grpc/grpc-js/build/src/index.js', '/a/node_modules/@grpc/grpc-js'],
    ['/a/node_modules/x/node_modules/y/z.js', '/a/node_modules/x/node_modules/y'],
    ['/a/src/bin/godwitd.ts', undefined],
  ])('of %s is %s', (path, folder) => {
    expect(packageFolder(path)).toBe(folder);
  });
});

describe('licensesOf', () => {
  it('names each package once, in order, with the text that its authors want to go along', () => {
    const text = licensesOf([
      join(MODULES, 'yaml/dist/index.js'),
      join(MODULES, 'yaml/dist/errors.js'),
      join(MODULES, 'smart-buffer/build/smartbuffer.js'),
      join(REPOSITORY, 'src/bin/godwitd.ts'),
    ]);
    const headings = text.split('\n').filter((line) => /^[a-z-]+ [0-9.]+, /.test(line));
    expect(headings.map((line) => line.split(' ')[0])).toEqual(['smart-buffer', 'yaml']);
    expect(text).toContain('Copyright Eemeli Aro');
  });
});
