/** Our own OPEN: what it promises, and that the wire carries all of it. */

import { describe, expect, it } from 'vitest';
import { decodeOpen, encodeOpen } from '../wire/open.ts';
import { negotiate } from './negotiate.ts';
import { buildOpen } from './offer.ts';
import type { Offer, SessionConfig } from './session-config.ts';

const V4 = { afi: 1, safi: 1 } as const;
const V6 = { afi: 2, safi: 1 } as const;

const config = (change: Partial<SessionConfig> = {}): SessionConfig => ({
  localAs: 64512,
  remoteAs: 64513,
  routerId: 0x0a000001,
  families: ['ipv4-unicast', 'ipv6-unicast'],
  ...change,
});
const offering = (offer: Partial<Offer>): SessionConfig => config({ offer });

describe('our own OPEN', () => {
  it('promises nothing but families, route refresh and 4-octet AS unless told to', () => {
    expect(buildOpen(config()).capabilities).toEqual([
      { kind: 'multiprotocol', ...V4 },
      { kind: 'multiprotocol', ...V6 },
      { kind: 'routeRefresh' },
      { kind: 'fourOctetAs', asn: 64512 },
    ]);
    expect(buildOpen(config())).toMatchObject({ version: 4, holdTime: 90, myAs: 64512 });
  });

  it('comes back from the wire as it was made, with every capability on', () => {
    const full = offering({
      enhancedRouteRefresh: true,
      extendedMessage: true,
      addPath: { 'ipv4-unicast': 'both', 'ipv6-unicast': 'receive' },
      extendedNextHop: ['ipv4-unicast'],
      gracefulRestart: { restartTime: 120, restarting: true, forwarding: ['ipv4-unicast'] },
      hostname: { host: 'node-a', domain: 'example.org' },
      softwareVersion: 'godwit/0.1.0',
    });
    const message = buildOpen(full);
    expect(decodeOpen(encodeOpen(message))).toEqual(message);
    expect(message.capabilities).toHaveLength(11); // two families, one each of nine others
  });

  it('sets the F bit of those families only whose kernel routes survived (RFC 4724 §3)', () => {
    const gracefulRestart = { restartTime: 9, restarting: true, forwarding: ['ipv6-unicast'] };
    const ours = offering({ gracefulRestart } as Partial<Offer>);
    const [sent] = buildOpen(ours).capabilities.filter(({ kind }) => kind === 'gracefulRestart');
    expect(sent).toMatchObject({
      restarting: true,
      families: [
        { ...V4, forwarding: false },
        { ...V6, forwarding: true },
      ],
    });
  });

  it('is acceptable to a peer configured as its counterpart', () => {
    const counterpart = config({ localAs: 64513, remoteAs: 64512, routerId: 5 });
    expect(negotiate(counterpart, buildOpen(config())).ok).toBe(true);
  });
});
