/** How Kubernetes' Service and EndpointSlice are read. */

import { describe, expect, it } from 'vitest';
import { documents, problemsOf } from '../../../test/support/resources.ts';
import { endpointSlice, service } from '../../../test/support/services.ts';
import { checkDocument } from '../validate.ts';

function read(value: unknown): unknown {
  return checkDocument(documents([value])[0]!)[0]!.entry?.value;
}

describe('a Service', () => {
  it('has its namespace in its name, and nothing is said of fields that do not concern routing', () => {
    const [checked] = checkDocument(documents([service('web', { sessionAffinity: 'None' })])[0]!);
    expect(checked).toMatchObject({ key: 'Service/default/web', problems: [] });
  });

  it('written with its one address alone has that', () => {
    const spec = { clusterIP: 'fd00:96::1', clusterIPs: undefined, ipFamilies: undefined };
    expect(read(service('web', spec))).toMatchObject({
      clusterIps: ['fd00:96::1'],
      families: [6],
      headless: false,
    });
  });

  it('without a type is of the type ClusterIP', () => {
    expect(read(service('web', {}))).toMatchObject({ type: 'ClusterIP' });
  });

  it('with a mistake is named by its place', () => {
    const [problem] = problemsOf(service('web', { externalIPs: ['192.0.2'] }));
    expect(problem).toMatchObject({
      resource: 'Service/default/web',
      path: 'spec.externalIPs[0]',
      value: '192.0.2',
    });
    const wrong = { ...(service('web', {}) as object), apiVersion: 'v2' };
    expect(problemsOf(wrong)[0]).toMatchObject({ path: 'apiVersion', remedy: expect.any(String) });
  });
});

describe('an EndpointSlice', () => {
  it('has no spec, and names its Service by a label', () => {
    expect(problemsOf(endpointSlice('web'))).toEqual([]);
    expect(read(endpointSlice('web'))).toMatchObject({ service: 'web', family: 4, ready: true });
  });

  it('of host names belongs to no family', () => {
    expect(read(endpointSlice('web', { addressType: 'FQDN' }))).toMatchObject({
      family: undefined,
    });
  });
});
