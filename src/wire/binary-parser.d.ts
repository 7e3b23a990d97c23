/**
 * The part of binary-parser that `layouts.ts` uses: the package's own types are not reachable through its `exports`.
 */
declare module 'binary-parser' {
  export class Parser {
    endianness(order: 'big' | 'little'): this;
    uint8(name: string): this;
    uint16(name: string): this;
    uint32(name: string): this;
    bit24(name: string): this;
    buffer(name: string, options: { length: number | string | ((item: never) => number) }): this;
    array(name: string, options: { type: Parser; lengthInBytes?: string; readUntil?: 'eof' }): this;
    parse(octets: Uint8Array): unknown;
  }
}
