/** What the `kubernetes` datastore has to know of the plan that is made of it: what is read follows from it. */

import { DEFAULT_SECRET_NAMESPACE } from '../datastore/password.ts';
import type { PlanOptions } from '../datastore/plan-options.ts';
import type { KubernetesOptions } from '../io/datastores/kubernetes.ts';
import type { DatastoreSettings } from './datastore-settings.ts';

export function kubernetesOptions(
  { access, apiGroup }: Extract<DatastoreSettings, { type: 'kubernetes' }>,
  node: string,
  { secretNamespace, usePodCidr, advertiseClusterIps }: PlanOptions,
): KubernetesOptions {
  return {
    access,
    apiGroup,
    node,
    secretNamespace: secretNamespace ?? DEFAULT_SECRET_NAMESPACE,
    usePodCidr: usePodCidr === true,
    services: advertiseClusterIps !== undefined,
  };
}
