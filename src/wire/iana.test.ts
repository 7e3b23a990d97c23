/** Names of code points. */
import { describe, expect, it } from 'vitest';
import {
  CeaseSubcode,
  ErrorCode,
  errorCodeName,
  FsmSubcode,
  MessageHeaderSubcode,
  MessageType,
  messageTypeName,
  OpenSubcode,
  RouteRefreshSubcode,
  subcodeName,
  UpdateSubcode,
  WellKnownCommunity,
  wellKnownCommunityName,
} from './iana.ts';

const TABLES = [
  [ErrorCode.MessageHeader, MessageHeaderSubcode],
  [ErrorCode.Open, OpenSubcode],
  [ErrorCode.Update, UpdateSubcode],
  [ErrorCode.Fsm, FsmSubcode],
  [ErrorCode.Cease, CeaseSubcode],
  [ErrorCode.RouteRefresh, RouteRefreshSubcode],
] as const;

describe('names', () => {
  it('exist for every code point that godwit knows, in the words of its constant', () => {
    const words = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
    for (const code of Object.values(ErrorCode)) expect(errorCodeName(code)).not.toMatch(/\d/);
    for (const [code, table] of TABLES) {
      for (const [name, subcode] of Object.entries(table)) {
        if (subcode === 0) expect(subcodeName(code, 0)).toBeUndefined();
        else expect(words(subcodeName(code, subcode) ?? '')).toContain(words(name));
      }
    }
    for (const [name, type] of Object.entries(MessageType))
      expect(words(messageTypeName(type))).toBe(words(name));
    for (const [name, value] of Object.entries(WellKnownCommunity)) {
      expect(words(wellKnownCommunityName(value) ?? '')).toBe(words(name));
    }
  });

  it('are numbers for the others', () => {
    expect([
      errorCodeName(200),
      subcodeName(6, 99),
      messageTypeName(9),
      wellKnownCommunityName(5),
    ]).toEqual(['Error Code 200', 'Subcode 99', 'TYPE-9', undefined]);
  });
});
