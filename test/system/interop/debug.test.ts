import { it } from 'vitest';
import { delay } from '../../../tools/fabric/process.ts';
import { Stage } from './stage.ts';

it('refresh', async () => {
  const stage = await Stage.set('openbgpd', {
    originate: [{ prefix: '203.0.113.0/24' }],
    hands: [{ host: 3, as: 64701, at: 'daemon' }],
  });
  try {
    await stage.up();
    await stage.untilLearned('203.0.113.0/24');
    const h = await stage.hand(3);
    await delay(1000);
    h.send(Uint8Array.of(...Array(16).fill(255), 0, 23, 5, 0, 1, 0, 1));
    await stage.godwit.client.command('resetNeighbor', { name: '10.9.0.2', soft: true });
    await delay(3000);
    try {
      for (;;) console.log('hand got', Buffer.from((await h.update(1500)).octets).toString('hex'));
    } catch (e) {
      console.log(String(e));
    }
    console.log(stage.daemon.log());
  } finally {
    await stage.strike();
  }
});
it('gtsm', async () => {
  const stage = await Stage.set('frr', { peer: { ttlSecurity: 1 } });
  try {
    await Promise.all([stage.daemon.start(stage.daemonConfig), stage.godwit.start()]);
    for (let i = 0; i < 10; i++) {
      await delay(1500);
      const n = await stage.godwit.neighbor('10.9.0.2');
      console.log(
        n.state,
        n.downBecause,
        n.lastError,
        (await stage.daemon.session('10.9.0.1')).established,
        await stage.node.runOk(['ss', '-tnoi', 'dst', '10.9.0.2']),
      );
    }
    console.log(stage.daemon.log().slice(-3000), stage.godwit.log().slice(-3000));
  } finally {
    await stage.strike();
  }
});
