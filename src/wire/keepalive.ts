/** KEEPALIVE: a header and nothing else (RFC 4271 §4.4). Its length is checked by `framer.ts`. */
import { ByteWriter } from '../base/byte-writer.ts';
import { beginMessage, endMessage, HEADER_LENGTH } from './header.ts';
import { MessageType } from './iana.ts';

/** The one KEEPALIVE there is, 19 octets. Shared: callers copy it or write it, never change it. */
export const KEEPALIVE: Uint8Array = encodeKeepalive();

function encodeKeepalive(): Uint8Array {
  const out = new ByteWriter(HEADER_LENGTH);
  endMessage(beginMessage(MessageType.Keepalive, out), out);
  return out.finish();
}
