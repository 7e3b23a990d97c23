/** Message headers as written. */
import { expect, it } from 'vitest';
import { ByteWriter } from '../base/byte-writer.ts';
import { beginMessage, endMessage } from './header.ts';
import { MessageType } from './iana.ts';
import { hex } from './testing/fixtures.ts';

it('several messages in one buffer each have their own length (RFC 4271 §4.1)', () => {
  const out = new ByteWriter(8);
  endMessage(beginMessage(MessageType.Keepalive, out), out);
  const start = beginMessage(MessageType.Update, out);
  out.u32(0);
  endMessage(start, out);
  const marker = 'ff'.repeat(16);
  expect(out.finish()).toEqual(hex(`${marker} 0013 04 ${marker} 0017 02 00000000`));
});
