/** What the Kubernetes API refuses, as somebody can mend it: the verb, the resource, where, and the rule that is missing. */

import { ApiError } from '../kubernetes-errors.ts';
import { type FollowedKind, formatRule, ruleFor } from './kubernetes-kinds.ts';

/** @throws what is no `ApiError`, as it is. */
export function explain(error: unknown, kind: FollowedKind, verb: 'list' | 'watch'): ApiError {
  if (!(error instanceof ApiError)) throw error;
  const { plural, namespace } = kind;
  const group = kind.group === '' ? 'v1' : `${kind.group}/${kind.version}`;
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  const what = `${verb} ${plural} of ${group}${where}`;
  if (error.kind === 'unauthorized') return unknownToApi(error);
  // Whatever was asked: it is the same for all kinds, and said once.
  if (error.kind === 'unreachable') return error;
  if (error.kind === 'forbidden') {
    const role = namespace === undefined ? 'its ClusterRole' : `a Role in namespace ${namespace}`;
    const rule = `give ${role} the rule { ${formatRule(ruleFor(kind))} }`;
    return new ApiError(error.kind, `RBAC does not let godwit ${what} (${error.message}): ${rule}`);
  }
  if (error.kind === 'missing') {
    const remedy =
      kind.group === 'godwit.dev'
        ? 'kubectl apply -f config/crds installs it'
        : 'is Calico installed with this group of its CRDs? See datastore.apiGroup';
    return new ApiError(error.kind, `Cannot ${what}: the API has no such kind; ${remedy}`);
  }
  return new ApiError(error.kind, `Cannot ${what}: ${error.message}`, error.retryAfterMs);
}

/** The same of what is asked before any kind. @throws what is no `ApiError`, as it is. */
export function explainAccess(error: unknown): ApiError {
  if (!(error instanceof ApiError)) throw error;
  return error.kind === 'unauthorized' ? unknownToApi(error) : error;
}

function unknownToApi({ kind, message }: ApiError): ApiError {
  const said = `The API does not know who we are (${message}): see the token or certificate`;
  return new ApiError(kind, said);
}
