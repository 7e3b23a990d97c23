/** The Dockerfile is read whole; what is not known is refused with its line. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../cache-dir.ts';
import { parseDockerfile } from './dockerfile.ts';

it('Our Dockerfile has the stages that people build, the daemon last', () => {
  const stages = parseDockerfile(readFileSync(join(REPOSITORY, 'Dockerfile'), 'utf8'));
  expect(stages.map(({ name, from }) => [name, from])).toEqual([
    ['build', 'node:24-bookworm'],
    ['bird', 'debian:bookworm-slim'],
    ['gobgp', 'debian:bookworm-slim'],
    ['godwit', 'debian:bookworm-slim'],
    ['fabric', 'godwit'],
    [undefined, 'godwit'],
  ]);
});

it('Continued lines, comments between them, mounts and modes are read', () => {
  const text = `# first
FROM a:1 AS one
RUN x \\
# between
 && y
COPY --from=one --chmod=0755 /p/q ./r /s/
RUN --mount=type=bind,from=one,source=/usr,target=/mnt z
CMD ["c", "d"]
`;
  expect(parseDockerfile(text)[0]?.steps).toEqual([
    { line: 3, kind: 'run', script: 'x  && y', mount: undefined },
    { line: 6, kind: 'copy', from: 'one', mode: '0755', sources: ['/p/q', './r'], target: '/s/' },
    { line: 7, kind: 'run', script: 'z', mount: { from: 'one', source: '/usr', target: '/mnt' } },
    { line: 8, kind: 'cmd', argv: ['c', 'd'] },
  ]);
});

it.each([
  'RUN --network=none x',
  'COPY --chown=a b c',
  'ADD a b',
  'USER 1790:1790',
  'ENV a b',
  'ENTRYPOINT ["x"]',
])('%s is refused with its line', (line) => {
  expect(() => parseDockerfile(`FROM a\n${line}\n`)).toThrow(
    `Dockerfile:2: ${line}: not known here`,
  );
});
