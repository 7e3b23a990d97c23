import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GodwitService } from './grpc/service.ts';
import { problemMessage } from './messages.ts';
import { START, smallCluster, TestDaemon } from './testing/daemon.ts';

const PROTO = readFileSync(new URL('../../proto/godwit/v1/godwit.proto', import.meta.url), 'utf8');

/** Names of the fields of `message`, as JavaScript has them. */
function fieldsOf(message: string): string[] {
  const body = new RegExp(`message ${message} \\{([^}]*)\\}`).exec(PROTO)?.[1] ?? '';
  return [...body.matchAll(/^\s*(?:optional |repeated )?[\w.]+ (\w+) = \d+;/gm)].map((match) =>
    match[1]!.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
  );
}

function rows<T>(list: Iterable<T | undefined>): T[] {
  return [...list].filter((row) => row !== undefined);
}

describe('messages', () => {
  const daemon = TestDaemon.of();
  const service = new GodwitService(daemon);
  const wanting = new GodwitService(TestDaemon.of(smallCluster(), { kernelEnabled: true }));

  it.each([
    ['Status', () => service.getStatus()],
    ['Neighbor', () => rows(service.listNeighbors({}))[0]],
    ['Route', () => rows(service.listRoutes({}))[0]],
    ['Path', () => rows(service.listRoutes({}))[0]?.paths[0]],
    ['KernelRoute', () => rows(wanting.listKernelRoutes({}))[0]],
    ['Event', () => daemon.events.recent(1)[0]],
  ] as const)('have no field that %s of the proto lacks: it would be lost', (name, make) => {
    const message = make();
    expect(message).toBeDefined();
    expect(fieldsOf(name).length).toBeGreaterThan(2);
    expect(fieldsOf(name)).toEqual(expect.arrayContaining(Object.keys(message!)));
  });

  it('give times in seconds', () => {
    const later = TestDaemon.of();
    later.step({ type: 'wake' }, START + 1500);
    expect(new GodwitService(later).getStatus().uptimeSeconds).toBe(1.5);
    expect(rows(new GodwitService(later).listNeighbors({}))[0]?.sinceSeconds).toBe(1.5);
  });

  it('say a problem in one line beside its parts', () => {
    const problem = problemMessage({
      kind: 'ConfigError',
      severity: 'error',
      code: 'BadCidr',
      file: 'pools.yaml',
      line: 3,
      message: 'Not a CIDR',
      remedy: 'Write 10.0.0.0/16',
    });
    expect(problem).toMatchObject({ code: 'BadCidr', line: 3 });
    expect(problem).not.toHaveProperty('kind');
    expect(problem.text).toBe('pools.yaml:3: Not a CIDR. Write 10.0.0.0/16');
    expect(fieldsOf('Problem')).toEqual(expect.arrayContaining(Object.keys(problem)));
  });
});
