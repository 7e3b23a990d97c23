/**
 * Our own route requests come back to us on the multicast groups, one message each, and reading them costs as much as
 * writing the routes. A classic BPF program on the event socket drops them inside the kernel.
 *
 * Invariant: only RTM_NEWROUTE and RTM_DELROUTE that our own requests caused (`nlmsg_pid` is the writer's port) are
 * dropped. What other programs (another port) and the kernel itself (port 0) do to our routes is told.
 */

import { MESSAGE_TYPE_OFFSET, MessageType, PORT_ID_OFFSET } from './codes.ts';
import { writeU16, writeU32 } from './host-order.ts';

/** `BPF_LD|BPF_ABS` of 4 and 2 octets, which load in network order; `BPF_JMP|BPF_JEQ|BPF_K`; `BPF_RET|BPF_K`. */
const LOAD_U32 = 0x20;
const LOAD_U16 = 0x28;
const JUMP_EQUAL = 0x15;
const RETURN = 0x06;
const WHOLE_MESSAGE = 0xffff_ffff;
const INSTRUCTION_OCTETS = 8;

interface Instruction {
  readonly code: number;
  readonly k: number;
  /** Instructions to skip where the comparison holds, and where it does not. */
  readonly yes?: number;
  readonly no?: number;
}

/** `struct sock_filter`s for SO_ATTACH_FILTER. @param port  Of the socket that sends our requests. */
export function echoFilter(port: number): Uint8Array {
  const program: readonly Instruction[] = [
    { code: LOAD_U32, k: PORT_ID_OFFSET },
    { code: JUMP_EQUAL, k: swapped32(port), yes: 0, no: 3 },
    { code: LOAD_U16, k: MESSAGE_TYPE_OFFSET },
    { code: JUMP_EQUAL, k: swapped16(MessageType.NEWROUTE), yes: 2, no: 0 },
    { code: JUMP_EQUAL, k: swapped16(MessageType.DELROUTE), yes: 1, no: 0 },
    { code: RETURN, k: WHOLE_MESSAGE },
    { code: RETURN, k: 0 },
  ];
  const octets = new Uint8Array(program.length * INSTRUCTION_OCTETS);
  for (const [i, { code, k, yes = 0, no = 0 }] of program.entries()) {
    const at = i * INSTRUCTION_OCTETS;
    writeU16(octets, at, code);
    octets[at + 2] = yes;
    octets[at + 3] = no;
    writeU32(octets, at + 4, k);
  }
  return octets;
}

/** The program loads in network order what the header holds in the host's (little-endian, see `host-order.ts`). */
function swapped16(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}

function swapped32(value: number): number {
  return ((swapped16(value & 0xffff) << 16) | swapped16(value >>> 16)) >>> 0;
}
