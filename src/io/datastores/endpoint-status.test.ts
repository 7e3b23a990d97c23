/** A real directory, written as Felix writes it. */

import { mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { plainDocument, type RawSnapshot } from '../../datastore/documents.ts';
import { EndpointStatus } from './endpoint-status.ts';

const OF_DATASTORE: RawSnapshot = {
  documents: [plainDocument('a.yaml', { kind: 'Node' })],
  broken: [],
};

let folder: string;
let told: RawSnapshot[];
let lost: string[];
let status: EndpointStatus;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'godwit-endpoints-'));
  told = [];
  lost = [];
  status = new EndpointStatus(folder, {
    onSnapshot: (snapshot) => told.push(snapshot),
    onLost: (reason) => lost.push(reason),
  });
});

afterEach(() => {
  status.stop();
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, peer: string): void {
  const endpoint = { ifaceName: 'cali1', ipv4Nets: ['10.65.0.2/32'], bgpPeerName: peer };
  writeFileSync(join(folder, name), JSON.stringify(endpoint));
}

function names(): string[] {
  return (told.at(-1)?.documents ?? []).map(
    ({ value }) => (value as { metadata?: { name: string } }).metadata?.name ?? '',
  );
}

async function until(right: () => boolean): Promise<void> {
  const begin = performance.now();
  while (!right()) {
    if (performance.now() - begin > 4000) throw new Error(`Still ${JSON.stringify(told.at(-1))}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('the directory of endpoints', () => {
  it('adds a document an endpoint to each snapshot of the datastore, and says nothing before it', async () => {
    write('pod-1', 'tor');
    await status.start();
    expect(told).toEqual([]);
    status.around().onSnapshot(OF_DATASTORE);
    expect(names()).toEqual(['', 'pod-1']);
    expect(told[0]!.documents[1]!.value).toMatchObject({
      kind: 'LocalWorkload',
      spec: { bgpPeerName: 'tor', ipv4Nets: ['10.65.0.2/32'] },
    });
  });

  it('follows endpoints that come and go', async () => {
    await status.start();
    status.around().onSnapshot(OF_DATASTORE);
    write('pod-1', 'tor');
    await until(() => names().length === 2);
    unlinkSync(join(folder, 'pod-1'));
    await until(() => names().length === 1);
  });

  it('names a file that is half written, and reads it again', async () => {
    await status.start();
    status.around().onSnapshot(OF_DATASTORE);
    writeFileSync(join(folder, 'pod-1'), '{"bgpPeer');
    await until(() => told.at(-1)!.broken.length === 1);
    write('pod-1', 'tor');
    await until(() => names().length === 2);
  });

  it('that is not there holds nothing, and the loss of the datastore is passed on', async () => {
    rmSync(folder, { recursive: true });
    await status.start();
    const around = status.around();
    around.onSnapshot(OF_DATASTORE);
    expect(told).toEqual([OF_DATASTORE]);
    around.onLost('away');
    expect(lost).toEqual(['away']);
    mkdirSync(folder);
  });
});
