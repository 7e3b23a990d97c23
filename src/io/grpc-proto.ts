/** `proto/godwit/v1/godwit.proto`, loaded once: for the server and the client alike. */

import { join } from 'node:path';
import {
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { packageRoot } from './package-root.ts';

/** The service's definition and client constructor. */
export function godwitService(): ServiceClientConstructor {
  const definition = loadSync('godwit/v1/godwit.proto', {
    includeDirs: [join(packageRoot(), 'proto')],
    longs: Number,
    defaults: true,
    arrays: true,
  });
  const godwit = loadPackageDefinition(definition)['godwit'] as GrpcObject;
  const v1 = godwit['v1'] as GrpcObject;
  return v1['Godwit'] as ServiceClientConstructor;
}
