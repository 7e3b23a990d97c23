/** Texts as BIRD 2.0.12 prints them, cut to what is read. */
import { expect, it } from 'vitest';
import { parseProtocols, parseRoutes } from './birdc.ts';

const PROTOCOLS = `BIRD 2.0.12 ready.
Name       Proto      Table      State  Since         Info
device1    Device     ---        up     02:10:19.375  

node_a_v4  BGP        ---        up     02:10:21.399  Established   
  BGP state:          Established
    Neighbor address: 10.10.1.11
    Neighbor AS:      64512
    Local AS:         64601
  Channel ipv4
    State:          UP
    Routes:         1 imported, 2 filtered, 3 exported, 1 preferred
    Route change stats:     received   rejected   filtered    ignored   accepted
      Import updates:              7          0          2          0          1
      Import withdraws:            4          0        ---          2          0

node_b_v6  BGP        ---        start  2026-11-21 02:10:19  Active        Socket: Connection refused
  BGP state:          Active
    Neighbor address: fe80::1%eth0
    Neighbor AS:      64512
    Last error:       Socket: Connection refused
`;

it('reads state, neighbor, reason and counters of each protocol', () => {
  const [device, up, down] = parseProtocols(PROTOCOLS);
  expect(device).toMatchObject({ name: 'device1', proto: 'Device', state: 'up', channels: {} });
  expect(up).toMatchObject({
    name: 'node_a_v4',
    bgpState: 'Established',
    neighborAddress: '10.10.1.11',
    neighborAs: 64512,
    channels: { ipv4: { imported: 1, exported: 3, updatesReceived: 7, withdrawsReceived: 4 } },
  });
  expect(down).toMatchObject({
    state: 'start',
    info: 'Active        Socket: Connection refused',
    bgpState: 'Active',
    neighborAddress: 'fe80::1',
    lastError: 'Socket: Connection refused',
  });
});

const ROUTES = `BIRD 2.0.12 ready.
Table master4:
10.244.3.0/26        unicast [node_c_v4 02:10:21.399] * (100) [AS64512i]
	via 10.10.2.13 on rack2
	Type: BGP univ
	BGP.origin: IGP
	BGP.as_path: 64512
	BGP.next_hop: 10.10.2.13
	BGP.community: (64512,5) (65535,65281)
                     unicast [node_a_v4 02:10:21.399] (100s) [AS64512i]
	via 10.10.1.11 on rack1
	BGP.as_path: 64512
192.0.2.0/26         blackhole [own_v4 02:10:19.375] * (200)
	Type: static univ
`;

it('reads routes with their attributes, several of one prefix, chosen and stale ones', () => {
  const routes = parseRoutes(ROUTES);
  expect(routes.map((one) => [one.prefix, one.protocol, one.best, one.stale])).toEqual([
    ['10.244.3.0/26', 'node_c_v4', true, false],
    ['10.244.3.0/26', 'node_a_v4', false, true],
    ['192.0.2.0/26', 'own_v4', true, false],
  ]);
  expect(routes[0]).toMatchObject({
    preference: 100,
    via: ['via 10.10.2.13 on rack2'],
    attributes: { as_path: '64512', next_hop: '10.10.2.13', community: '(64512,5) (65535,65281)' },
  });
});
