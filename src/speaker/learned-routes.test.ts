/** Routes that others wrote to the kernel, as peers hear of them (calico model 3.1, 3.4, 3.8). */

import { describe, expect, it } from 'vitest';
import { ip } from '../net/ip-address.ts';
import { prefix } from '../net/prefix.ts';
import { MessageFlag } from '../netlink/codes.ts';
import type { KernelNextHop, KernelRoute } from '../netlink/kernel-route.ts';
import { simLink } from '../sim/kernel.ts';
import { ETH0 } from '../sim/lab.ts';
import { type Document, resource } from '../sim/resources.ts';
import { OWN_BLOCK, peerDocument, type Stage, stage } from './testing/stage.ts';

const CALI = 17;
const M = 2_147_483_647;
const NORMAL = M - 1024;
const BLOCK = { [OWN_BLOCK]: `${NORMAL} via 10.0.0.1` };
/** Inside the pool, in another node's block. */
const BORROWED = '10.244.2.9/32';
/** Inside the own block. */
const OWN_POD = '10.244.0.9/32';

function workload(to: string, more: Partial<KernelRoute> = {}): KernelRoute {
  return {
    family: 4,
    type: 'unicast',
    protocol: 3,
    scope: 253,
    nextHops: [through(CALI)],
    flags: 0,
    table: 254,
    prefix: prefix(to),
    metric: 1024,
    ...more,
  };
}

function through(interfaceIndex: number, gateway?: string): KernelNextHop {
  const hop = { interfaceIndex, weight: 1, onlink: false };
  return gateway === undefined ? hop : { gateway: ip(gateway), ...hop };
}

class Learning {
  readonly stage: Stage = stage().up();

  constructor() {
    this.stage.node.editKernel((kernel) => kernel.setLink(simLink(CALI, 'cali1')));
  }

  write(...routes: readonly KernelRoute[]): this {
    this.stage.node.editKernel((kernel) => {
      for (const route of routes) {
        expect(kernel.write(route, { flags: MessageFlag.CREATE })).toBe(0);
      }
    });
    return this.settle();
  }

  delete(route: KernelRoute): this {
    this.stage.node.editKernel((kernel) => kernel.delete(route));
    return this.settle();
  }

  addInterface(index: number, name: string, address: string, subnet: string): this {
    this.stage.node.editKernel((kernel) => {
      kernel.setLink(simLink(index, name));
      kernel.addAddress(index, ip(address), prefix(subnet));
    });
    return this.settle();
  }

  plan(...more: readonly Document[]): this {
    this.stage.apply([...this.stage.documents, ...more]);
    return this.settle();
  }

  settle(): this {
    this.stage.lab.run(1000);
    return this;
  }

  /** What the iBGP peer has been told. */
  told(): Record<string, string> {
    const { routes } = this.stage.peer.talk.heard;
    return Object.fromEntries(
      [...routes].map(([to, { localPref, nextHop }]) => [to, `${localPref} via ${nextHop}`]),
    );
  }
}

describe('a route that another program wrote to the kernel', () => {
  it('to a workload inside an own block is not announced: the block stands for it', () => {
    expect(new Learning().write(workload(OWN_POD)).told()).toEqual(BLOCK);
  });

  it('to a workload with a borrowed address is announced, and withdrawn with it', () => {
    const learning = new Learning().write(workload(BORROWED));
    expect(learning.told()).toEqual({ ...BLOCK, [BORROWED]: `${NORMAL} via 10.0.0.1` });
    expect(learning.delete(workload(BORROWED)).told()).toEqual(BLOCK);
  });

  it('to a workload that has just moved here is announced by its metric, also inside an own block', () => {
    const learning = new Learning().write(workload(OWN_POD, { metric: 512 }));
    expect(learning.told()).toEqual({ ...BLOCK, [OWN_POD]: `${M - 512} via 10.0.0.1` });
  });

  it('without a metric counts as one of the normal priority', () => {
    const learning = new Learning().write(workload(BORROWED, { metric: 0 }));
    expect(learning.told()[BORROWED]).toBe(`${NORMAL} via 10.0.0.1`);
  });

  it('by a gateway is announced inside the AS with that gateway as next hop', () => {
    const nextHops = [through(ETH0, '10.0.0.77')];
    const learning = new Learning().write(workload('10.244.8.0/26', { nextHops }));
    expect(learning.told()['10.244.8.0/26']).toBe(`${NORMAL} via 10.0.0.77`);
  });

  it('through a tunnel device of Felix is not announced inside the AS', () => {
    const learning = new Learning();
    learning.stage.node.editKernel((kernel) => kernel.setLink(simLink(19, 'vxlan.calico')));
    learning.write(workload('10.244.8.0/26', { nextHops: [through(19)] }));
    expect(learning.told()).toEqual(BLOCK);
  });

  it('outside all that may be announced is not taken into the tables at all', () => {
    const learning = new Learning().write(workload('192.0.2.0/24'));
    expect(learning.told()).toEqual(BLOCK);
    expect(learning.stage.paths('192.0.2.0/24')).toEqual([]);
    // It is announced as soon as a changed plan allows it.
    learning.plan(resource('IPPool', 'q', { cidr: '192.0.2.0/24' }));
    expect(Object.keys(learning.told())).toContain('192.0.2.0/24');
  });

  it('goes when its interface goes, and is never written back', () => {
    const learning = new Learning().write(workload(BORROWED));
    const { node } = learning.stage;
    expect(learning.stage.kernel(BORROWED)).toEqual([]);
    node.editKernel((kernel) => kernel.setLink(simLink(CALI, 'cali1', false)));
    expect(learning.settle().told()).toEqual(BLOCK);
  });

  it('that was missed is found by the next full reading of the kernel', () => {
    const learning = new Learning();
    const { node } = learning.stage;
    node.kernel.write(workload(BORROWED), { flags: MessageFlag.CREATE, quiet: true });
    node.submit({ type: 'kernelOverrun', reason: 'the event socket overflowed (ENOBUFS)' });
    learning.stage.lab.run(10_000);
    expect(Object.keys(learning.told())).toContain(BORROWED);
  });
});

describe('the subnet of an interface', () => {
  it('inside a pool is announced, unless the interface is ignored', () => {
    const learning = new Learning();
    learning.addInterface(18, 'dummy0', '10.244.9.1', '10.244.9.0/24');
    expect(learning.told()).toEqual({ ...BLOCK, '10.244.9.0/24': `${NORMAL} via 10.0.0.1` });
    const mesh = { nodeToNodeMeshEnabled: false };
    const others = learning.stage.documents.filter(
      (document) => !JSON.stringify(document).includes('"BGPConfiguration"'),
    );
    const ignoring = { ...mesh, ignoredInterfaces: ['dummy*'] };
    learning.stage.apply([...others, resource('BGPConfiguration', 'default', ignoring)]);
    expect(learning.settle().told()).toEqual(BLOCK);
  });

  it('of a workload or of kube-proxy is never announced', () => {
    const learning = new Learning();
    learning.addInterface(18, 'kube-ipvs0', '10.244.9.1', '10.244.9.0/24');
    learning.addInterface(CALI, 'cali1', '10.244.9.2', '10.244.10.0/24');
    expect(learning.told()).toEqual(BLOCK);
  });
});

describe('a peer with reachableBy', () => {
  it('is reached by that gateway, and so is what it announces', () => {
    const peer = peerDocument('far', '192.0.2.9', 65_000, { reachableBy: '10.0.0.77' });
    const learning = new Learning().plan(peer);
    expect(learning.stage.kernel('192.0.2.9/32')).toEqual(['10.0.0.77 dev 2']);
    learning.stage.peer.talk.announce(['203.0.113.0/24'], { nextHop: ip('192.0.2.9') });
    learning.settle();
    expect(learning.stage.kernel('203.0.113.0/24')).toEqual(['10.0.0.77 dev 2']);
  });
});
