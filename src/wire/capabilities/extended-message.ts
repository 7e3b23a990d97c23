/** BGP Extended Message, code 6: messages up to 65,535 octets (RFC 8654 §3). */
import { CapabilityCode } from '../iana.ts';
import { defineBareCapability } from './define.ts';

export const extendedMessageCapability = defineBareCapability({
  kind: 'extendedMessage',
  code: CapabilityCode.ExtendedMessage,
  name: 'extended-message',
});
