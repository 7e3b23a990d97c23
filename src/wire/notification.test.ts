/** NOTIFICATION both ways, the operator's text in it, and Hard Reset. */
import { describe, expect, it } from 'vitest';
import {
  ceaseNotification,
  decodeNotification,
  describeNotification,
  encodeNotification,
  hardReset,
  hardResetCause,
  notification,
  shutdownCommunication,
} from './notification.ts';
import { hex, message } from './testing/fixtures.ts';

describe('NOTIFICATION (RFC 4271 §4.5)', () => {
  it('is what was encoded', () => {
    const value = notification(3, 5, hex('40 01 00'));
    expect(encodeNotification(value)).toEqual(message(3, hex('0305 400100')));
    expect(decodeNotification(encodeNotification(value))).toEqual(value);
  });

  it('never exceeds 4096 octets, whatever data is given', () => {
    expect(encodeNotification(notification(7, 1, new Uint8Array(70_000)))).toHaveLength(4096);
  });

  it('is described by name, and by number where there is no name', () => {
    expect(describeNotification(notification(6, 2))).toBe('Cease (6), Administrative Shutdown (2)');
    expect(describeNotification(notification(4, 0))).toBe('Hold Timer Expired (4)');
    expect(describeNotification(notification(99, 7))).toBe('Error Code 99 (99), Subcode 7 (7)');
    expect(describeNotification(notification(2, 1, hex('0004')))).toContain('supports version 4');
  });
});

describe('shutdown communication (RFC 9003)', () => {
  it('is what was encoded', () => {
    const value = ceaseNotification(2, 'maintenance, back at 14:00 ☕');
    expect(shutdownCommunication(decodeNotification(encodeNotification(value)))).toBe(
      'maintenance, back at 14:00 ☕',
    );
  });

  it('is cut to 255 octets between characters', () => {
    const { data } = ceaseNotification(4, '€'.repeat(100)); // 3 octets each
    expect(data[0]).toBe(255);
    expect(data).toHaveLength(256);
    expect(ceaseNotification(4, `a${'€'.repeat(100)}`).data[0]).toBe(253);
  });

  it('is escaped when it is shown: no line ends, control characters or broken UTF-8', () => {
    const data = hex('09 41 0a 1b 5b ff e2 80 ae 5c 42');
    const text = shutdownCommunication(notification(6, 2, data));
    expect(text).toBe('A\\u{a}\\u{1b}[\\xff\\u{202e}\\\\');
    expect(describeNotification(notification(6, 2, data))).not.toMatch(/\p{C}/u);
  });

  it('shows a length that does not fit as octets', () => {
    expect(shutdownCommunication(notification(6, 2, hex('05 4142')))).toBe('(malformed, 054142)');
    expect(shutdownCommunication(notification(6, 2))).toBeUndefined();
    expect(shutdownCommunication(notification(6, 3, hex('01 41')))).toBeUndefined();
  });
});

describe('Hard Reset (RFC 8538 §3.1)', () => {
  it('wraps the notification that it stands for', () => {
    const cause = ceaseNotification(2, 'bye');
    expect(hardResetCause(hardReset(cause))).toEqual(cause);
    expect(describeNotification(hardReset(cause))).toContain('Administrative Shutdown (2): "bye"');
  });

  it('is no cause by itself: other Ceases, or one that is empty', () => {
    expect(hardResetCause(notification(6, 2, hex('0602')))).toBeUndefined();
    expect(hardResetCause(notification(6, 9, hex('06')))).toBeUndefined();
  });

  it('nested a thousand times is still one line', () => {
    let nested = notification(6, 9);
    for (let i = 0; i < 1000; i++) nested = hardReset(nested);
    expect(describeNotification(nested).length).toBeLessThan(200);
  });
});
