import { describe, expect, it } from 'vitest';
import { InvalidRequest } from '../../base/errors.ts';
import type { EventMessage } from '../messages.ts';
import { smallCluster, TestDaemon } from '../testing/daemon.ts';
import { GodwitService } from './service.ts';

function rows<T>(list: Iterable<T | undefined>): T[] {
  return [...list].filter((row) => row !== undefined);
}

const many = TestDaemon.of(smallCluster(1000));
const service = new GodwitService(many);

describe('GodwitService lists', () => {
  it('walk a long table in pages, with a pause between any two', () => {
    let longest = 0;
    let run = 0;
    for (const row of service.listRoutes({ family: 'ipv4' })) {
      run = row === undefined ? 0 : run + 1;
      longest = Math.max(longest, run);
    }
    expect(rows(service.listRoutes({ family: 'ipv4' }))).toHaveLength(1000);
    expect(longest).toBeGreaterThan(100);
    expect(longest).toBeLessThanOrEqual(256);
  });

  it('begin with a short page, so that the first rows are there at once', () => {
    const list = [...service.listRoutes({ family: 'ipv4' })];
    const pauses = list.flatMap((row, at) => (row === undefined ? [at] : []));
    expect(pauses.slice(0, 4)).toEqual([16, 49, 114, 243]);
  });

  it('give both families when none is asked for, and stop at the limit', () => {
    expect(rows(service.listRoutes({}))).toHaveLength(1001);
    expect(rows(service.listRoutes({ limit: 300 }))).toHaveLength(300);
    expect(rows(service.listRoutes({ family: 'ipv6' })).map(({ prefix }) => prefix)).toEqual([
      'fd00:10:244::/122',
    ]);
  });

  it('walk the kernel’s routes likewise', () => {
    const wanting = new GodwitService(TestDaemon.of(smallCluster(1000), { kernelEnabled: true }));
    expect(rows(wanting.listKernelRoutes({}))).toHaveLength(1001);
    expect(rows(wanting.listKernelRoutes({ limit: 7 }))).toHaveLength(7);
    expect(rows(wanting.listKernelRoutes({ family: 'ipv6', differing: true }))).toMatchObject([
      { prefix: 'fd00:10:244::/122', wanted: expect.stringContaining('blackhole') },
    ]);
  });

  it('give pages whose cursor leads to the rest, each row once', () => {
    const seen: string[] = [];
    let pages = 0;
    for (let cursor: string | undefined = ''; cursor !== undefined; pages++) {
      const page = service.pageOfRoutes({ limit: 400, cursor });
      seen.push(...page.routes.map(({ prefix }) => prefix));
      cursor = page.next;
    }
    expect(pages).toBe(4);
    expect(new Set(seen).size).toBe(1001);
    expect(seen).toHaveLength(1001);
  });

  it('look a prefix up in its own family alone', () => {
    const found = rows(service.listRoutes({ prefix: 'fd00:10:244::/122' }));
    expect(found).toMatchObject([
      { family: 'ipv6-unicast', paths: [{ from: 'local', best: true }] },
    ]);
    expect(rows(service.listRoutes({ prefix: '192.0.2.0/24' }))).toEqual([]);
  });

  it('show one neighbor by name or address', () => {
    for (const name of ['Mesh_10_0_0_2', '10.0.0.2']) {
      expect(rows(service.listNeighbors({ name }))).toMatchObject([{ address: '10.0.0.2' }]);
    }
    expect(rows(service.listNeighbors({ family: 'ipv6' }))).toEqual([]);
  });

  it.each([
    [() => rows(service.listNeighbors({ name: 'x' })), 'No neighbor "x"'],
    [() => rows(service.listRoutes({ neighbor: 'x' })), 'known: Mesh_10_0_0_2'],
    [() => rows(service.listRoutes({ family: 'ipx' })), 'is not one of ipv4, ipv6'],
    [() => rows(service.listRoutes({ prefix: '10.0.0.0/33' })), 'is not a prefix'],
    [() => rows(service.listRoutes({ direction: 'up' })), 'is not one of in, out'],
    [() => service.pageOfRoutes({ cursor: 'x' }), 'is no cursor'],
    [() => service.pageOfRoutes({ family: 'ipv4', cursor: 'ipv6-unicast:1' }), 'is no cursor'],
  ])('refuse what cannot be with a sentence (%#)', (ask, sentence) => {
    expect(ask).toThrow(InvalidRequest);
    expect(ask).toThrow(sentence);
  });
});

describe('GodwitService commands', () => {
  function answerOf(act: (answer: (error: string) => void) => void): string {
    let answered: string | undefined;
    act((error) => {
      answered = error;
    });
    if (answered === undefined) throw new Error('no answer came');
    return answered;
  }

  it('hold a neighbor down and let it up again, by address', () => {
    const daemon = TestDaemon.of();
    const own = new GodwitService(daemon);
    const set = (enabled: boolean): string =>
      answerOf((answer) =>
        own.setNeighborEnabled({ name: '10.0.0.2', enabled, reason: 'work' }, answer),
      );
    expect(set(false)).toBe('');
    expect(rows(own.listNeighbors({}))[0]?.downBecause).toContain('work');
    expect(set(false)).toContain('down already');
    expect(set(true)).toBe('');
    expect(set(true)).toBe('It is not held down');
  });

  it('answer with the core’s reason when a command cannot be done', () => {
    const own = new GodwitService(TestDaemon.of());
    const soft = answerOf((answer) => own.resetNeighbor({ name: '10.0.0.2', soft: true }, answer));
    expect(soft).toBe('The session is not Established');
    expect(() => own.resetNeighbor({ name: 'x' }, () => undefined)).toThrow(InvalidRequest);
    expect(own.releaseHeldChange()).toBe('No change is held back');
  });

  it('stop the core once', () => {
    const own = new GodwitService(TestDaemon.of());
    expect(answerOf((answer) => own.shutdown({ leave: true, message: 'bye' }, answer))).toBe('');
    expect(answerOf((answer) => own.shutdown({}, answer))).toBe('It is stopping already');
    expect(own.getStatus().ready).toBe(false);
  });
});

describe('GodwitService.watchEvents', () => {
  it('sends past events of the kinds asked for, then those to come, until it is ended', () => {
    const daemon = new TestDaemon();
    daemon.publish({ event: 'datastore-lost', reason: '1' });
    daemon.publish({ event: 'datastore-back', reason: '2' });
    const heard: string[] = [];
    const hear = ({ text }: EventMessage): void => void heard.push(text.slice(-1));
    const own = new GodwitService(daemon);
    const end = own.watchEvents({ backlog: 10, kinds: ['datastore-back'] }, hear);
    daemon.publish({ event: 'datastore-lost', reason: '3' });
    daemon.publish({ event: 'datastore-back', reason: '4' });
    end();
    daemon.publish({ event: 'datastore-back', reason: '5' });
    expect(heard).toEqual(['2', '4']);
    own.watchEvents({ backlog: 1, once: true }, hear);
    daemon.publish({ event: 'datastore-back', reason: '6' });
    expect(heard).toEqual(['2', '4', '5']);
  });
});
