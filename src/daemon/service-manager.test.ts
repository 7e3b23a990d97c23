import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SystemError } from '../base/errors.ts';
import { nativeSockets } from '../io/native.ts';
import { AF_UNIX, encodeUnixSockaddr } from '../io/sockaddr.ts';
import type { StatusView } from '../speaker/snapshot.ts';
import { ServiceManager } from './service-manager.ts';

const SOCK_DGRAM = 2;

const STATUS = {
  ready: true,
  neighbors: { configured: 3, established: 2 },
  kernel: { desired: 5, installed: 4 },
  datastore: { state: 'in-sync' },
} as unknown as StatusView;

/** A real datagram socket, as systemd has one. */
class Receiver {
  readonly #fd = nativeSockets().socket(AF_UNIX, SOCK_DGRAM, 0);

  constructor(path: string) {
    expect(nativeSockets().bind(this.#fd, encodeUnixSockaddr(path)!)).toBe(0);
  }

  take(): string[] {
    const texts: string[] = [];
    const octets = new Uint8Array(4096);
    const from = new Uint8Array(128);
    for (;;) {
      const length = nativeSockets().recv(this.#fd, octets, 0, octets.length, from);
      if (length < 0) return texts;
      texts.push(Buffer.from(octets.subarray(0, length)).toString());
    }
  }

  close(): void {
    nativeSockets().close(this.#fd);
  }
}

describe('the service manager', () => {
  let folder: string;
  let receiver: Receiver | undefined;
  let manager: ServiceManager | undefined;
  let troubles: SystemError[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'godwit-notify-'));
    troubles = [];
  });

  afterEach(() => {
    manager?.close();
    receiver?.close();
    rmSync(folder, { recursive: true });
  });

  function managed(env: Record<string, string>, turn = () => true): ServiceManager {
    return new ServiceManager({
      env,
      pid: 42,
      status: () => STATUS,
      turn,
      onTrouble: (error) => troubles.push(error),
    });
  }

  it.each([
    ['a path', 'notify'],
    ['an abstract name', '@'],
  ])('is told at %s that the daemon is up, and how it is', (_kind, name) => {
    const path = name === '@' ? `@godwit-test-${process.pid}` : join(folder, name);
    receiver = new Receiver(path);
    manager = managed({ NOTIFY_SOCKET: path });
    expect(receiver.take()).toEqual([]);
    manager.ready();
    manager.stopping();
    expect(receiver.take()).toEqual([
      'READY=1',
      'STATUS=ready: 2 of 3 neighbors Established, 4 of 5 routes in the kernel',
      'STOPPING=1',
    ]);
  });

  it('feeds the watchdog three times in its time-out', async () => {
    const path = join(folder, 'notify');
    receiver = new Receiver(path);
    manager = managed({ NOTIFY_SOCKET: path, WATCHDOG_USEC: '150000', WATCHDOG_PID: '42' });
    manager.ready();
    expect(receiver.take()[1]).toMatch(/^WATCHDOG=1\nSTATUS=/);
    await new Promise((resolve) => setTimeout(resolve, 180));
    expect(receiver.take()).toContain('WATCHDOG=1');
  });

  it('does not feed a watchdog that is for another process', () => {
    const path = join(folder, 'notify');
    receiver = new Receiver(path);
    manager = managed({ NOTIFY_SOCKET: path, WATCHDOG_USEC: '150000', WATCHDOG_PID: '7' });
    manager.ready();
    expect(receiver.take().join()).not.toContain('WATCHDOG');
  });

  it('is not fed by a loop that has stopped', () => {
    const path = join(folder, 'notify');
    receiver = new Receiver(path);
    manager = managed({ NOTIFY_SOCKET: path, WATCHDOG_USEC: '150000' }, () => false);
    manager.ready();
    expect(receiver.take()).toEqual(['READY=1']);
  });

  it('that does not listen is reported, and the daemon goes on', () => {
    manager = managed({ NOTIFY_SOCKET: join(folder, 'nobody') });
    manager.ready();
    expect(troubles).toMatchObject([{ call: 'connect', errno: 'ENOENT' }]);
  });

  it('is not looked for where none is named', () => {
    managed({}).ready();
    expect(troubles).toEqual([]);
  });
});
