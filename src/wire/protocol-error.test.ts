/** The peer's fatal fault. */
import { expect, it } from 'vitest';
import { notification } from './notification.ts';
import { ProtocolError } from './protocol-error.ts';

it('ProtocolError carries the NOTIFICATION to send and says both names and reason', () => {
  const value = notification(3, 1);
  const error = new ProtocolError(value, 'Withdrawn Routes Length exceeds the message');
  expect(error.notification).toBe(value);
  expect(error.message).toBe(
    'UPDATE Message Error (3), Malformed Attribute List (1): Withdrawn Routes Length exceeds the message',
  );
  expect(error).toMatchObject({ name: 'ProtocolError', code: 'ERR_BGP_PROTOCOL' });
});
