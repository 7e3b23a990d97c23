import { afterEach, describe, expect, it, vi } from 'vitest';
import { KernelSocket } from '../io/netlink-socket.ts';
import type { SpeakerInput } from '../speaker/inputs.ts';
import { KernelShell } from './kernel-shell.ts';

const shells: KernelShell[] = [];
afterEach(() => {
  for (const shell of shells.splice(0)) shell.close();
});

function shellInto(inputs: SpeakerInput[], open = KernelSocket.open): KernelShell {
  const shell = new KernelShell({ submit: (input) => inputs.push(input), tables: [254], open });
  shells.push(shell);
  return shell;
}

describe('KernelShell', () => {
  it('reads links, addresses and routes as one dump', async () => {
    const inputs: SpeakerInput[] = [];
    const shell = shellInto(inputs);
    shell.start();
    shell.dump();
    await vi.waitFor(() => expect(inputs.at(-1)).toEqual({ type: 'kernelDumpDone' }));
    expect(inputs[0]).toEqual({ type: 'kernelDumpStarted' });
    const links = inputs.flatMap((input) =>
      input.type === 'kernelChanged'
        ? input.changes.flatMap((change) => (change.what === 'link' ? [change.link.name] : []))
        : [],
    );
    expect(links).toContain('lo');
  });

  it('reads our routes for a proof, and says when it has read them', async () => {
    const inputs: SpeakerInput[] = [];
    const shell = shellInto(inputs);
    shell.start();
    shell.prove(254);
    await vi.waitFor(() => expect(inputs.at(-1)?.type).toBe('kernelProofRead'));
    expect(inputs.at(-1)).toEqual({ type: 'kernelProofRead', interrupted: false });
  });

  it('says so at once where there is no socket to prove anything through', () => {
    const inputs: SpeakerInput[] = [];
    shellInto(inputs).prove(254);
    expect(inputs).toMatchObject([{ type: 'kernelProofRead', error: { errno: 'EBADF' } }]);
  });

  it('opens its sockets with the next dump where they could not be opened before', async () => {
    const inputs: SpeakerInput[] = [];
    const error = { kind: 'SystemError', call: 'socket', errno: 'EMFILE' } as const;
    let isFull = true;
    const shell = shellInto(inputs, (handlers) => (isFull ? error : KernelSocket.open(handlers)));
    shell.start();
    shell.dump();
    expect(inputs).toEqual([
      { type: 'kernelUnavailable', error },
      { type: 'kernelUnavailable', error },
    ]);
    isFull = false;
    shell.dump();
    await vi.waitFor(() => expect(inputs.at(-1)).toEqual({ type: 'kernelDumpDone' }));
  });
});
