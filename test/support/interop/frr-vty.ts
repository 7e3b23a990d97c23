/**
 * FRR's own socket for its shell, without the shell: vtysh wants PAM set up by the package. A command goes out with a
 * NUL behind it; the answer is text, three NULs and the status.
 */
import { connect, type Socket } from 'node:net';

const CMD_SUCCESS = 0;
/** `CMD_WARNING`: said, and done all the same; a `no network` of what is not there. */
const CMD_WARNING = 1;
const ANSWER_MS_MAX = 10_000;

/** Runs `commands` one after the other over one connection; the text of the last is returned. */
export async function vty(path: string, commands: readonly string[]): Promise<string> {
  const socket = connect({ path });
  try {
    let text = '';
    for (const command of ['enable', ...commands]) text = await ask(socket, command);
    return text;
  } finally {
    socket.destroy();
  }
}

function ask(socket: Socket, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = Buffer.alloc(0);
    const fail = (why: string): void => finish(() => reject(new Error(`${command}: ${why}`)));
    const onData = (octets: Buffer): void => {
      said = Buffer.concat([said, octets]);
      const end = said.length - 4;
      if (end < 0 || said[end] !== 0 || said[end + 1] !== 0 || said[end + 2] !== 0) return;
      const status = said[end + 3]!;
      const text = said.subarray(0, end).toString('utf8');
      if (status === CMD_SUCCESS || status === CMD_WARNING) finish(() => resolve(text));
      else fail(`status ${status}: ${text}`);
    };
    const onError = (error: Error): void => fail(error.message);
    const onClose = (): void => fail('the connection ended');
    const timer = setTimeout(() => fail('no answer'), ANSWER_MS_MAX);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('error', onError).off('close', onClose);
      settle();
    };
    socket.on('data', onData).on('error', onError).on('close', onClose);
    socket.write(`${command}\0`);
  });
}
