/** `proto/etcd/rpc.proto`, loaded once, and the shapes of its messages as we read and write them. */

import { join } from 'node:path';
import {
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { packageRoot } from './package-root.ts';

export interface EtcdServices {
  readonly kv: ServiceClientConstructor;
  readonly watch: ServiceClientConstructor;
  readonly auth: ServiceClientConstructor;
}

/** 64-bit numbers come as text: cluster ids do not fit into a double. */
export interface ResponseHeader {
  readonly clusterId: string;
  readonly revision: string;
}

export interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly modRevision: string;
}

export interface RangeResponse {
  readonly header: ResponseHeader;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
}

export interface WatchResponse {
  readonly header: ResponseHeader;
  readonly watchId: string;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: string;
  readonly cancelReason: string;
  readonly events: readonly { readonly type: 'PUT' | 'DELETE'; readonly kv: KeyValue }[];
}

let services: EtcdServices | undefined;

export function etcdServices(): EtcdServices {
  services ??= load();
  return services;
}

function load(): EtcdServices {
  const definition = loadSync('etcd/rpc.proto', {
    includeDirs: [join(packageRoot(), 'proto')],
    longs: String,
    enums: String,
    defaults: true,
    arrays: true,
  });
  const etcd = loadPackageDefinition(definition)['etcdserverpb'] as GrpcObject;
  const service = (name: string): ServiceClientConstructor =>
    etcd[name] as ServiceClientConstructor;
  return { kv: service('KV'), watch: service('Watch'), auth: service('Auth') };
}
