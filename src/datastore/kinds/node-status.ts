/** CalicoNodeStatus: who wants to know how this node is, and how often. @see calico model 1.8 */

import type { Fields } from '../fields.ts';
import type { NodeStatusResource, StatusClass } from '../resources.ts';

const STATUS_CLASSES: readonly StatusClass[] = ['Agent', 'BGP', 'Routes'];

/** Calico's default, in seconds. */
const PERIOD_DEFAULT = 10;
const PERIOD_MAX = 86_400;

export function readNodeStatus(name: string, spec: Fields): NodeStatusResource | undefined {
  const node = spec.required(
    'node',
    spec.text('node'),
    'Name of the node that is to say how it is',
  );
  const classes = spec.list('classes', STATUS_CLASSES.join(', '), (value) =>
    STATUS_CLASSES.find((one) => one === value),
  );
  const period = spec.integer('updatePeriodSeconds', { min: 0, max: PERIOD_MAX });
  if (node === undefined) return undefined;
  return { name, node, classes, periodSeconds: period ?? PERIOD_DEFAULT };
}
