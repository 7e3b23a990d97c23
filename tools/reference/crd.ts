/**
 * The CustomResourceDefinition of PeerProfile, made from the tables that its reader uses.
 *
 * It has no `default:`: the API server would write defaults into every object, and what nobody said would then count
 * before what another profile says. They stand in the descriptions. The range of a duration stands there too: a
 * schema can only say its form. The reader has the last word on both.
 */

import { stringify } from 'yaml';
import {
  NODE_FIELDS,
  NODE_PATHS,
  RANGE_PEERS,
  RANGE_RATE,
  RANGES_MAX,
  TTL_SECURITY,
} from '../../src/datastore/node-setting-fields.ts';
import {
  ADD_PATH_SEND_PATTERN,
  type FieldType,
  type SettingField,
} from '../../src/datastore/setting-field.ts';
import { SESSION_KINDS, SETTING_PATHS, settingField } from '../../src/datastore/setting-fields.ts';
import { formatSetting } from '../../src/datastore/setting-values.ts';
import { AFI_SAFIS } from '../../src/net/afi-safi.ts';
import { MADE } from './markdown.ts';
import { allowed } from './peer-profile.ts';

export const CRD_FILE = 'config/crds/godwit.dev_peerprofiles.yaml';

export interface Schema {
  readonly description?: string;
  readonly type?: string;
  readonly properties?: Record<string, Schema>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly Schema[];
  readonly 'x-kubernetes-int-or-string'?: true;
}

export function peerProfileCrd(): string {
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'peerprofiles.godwit.dev' },
    spec: {
      group: 'godwit.dev',
      names: {
        kind: 'PeerProfile',
        listKind: 'PeerProfileList',
        plural: 'peerprofiles',
        singular: 'peerprofile',
      },
      scope: 'Cluster',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: peerProfileSchema() },
          additionalPrinterColumns: [
            { name: 'Order', type: 'integer', jsonPath: '.spec.order' },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
        },
      ],
    },
  };
  return `# ${MADE}\n${stringify(crd, { lineWidth: 110, aliasDuplicateObjects: false })}`;
}

function peerProfileSchema(): Schema {
  return {
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: {
        type: 'object',
        properties: {
          order: integer(0, 1_000_000, 'The lowest counts first. Default: 1000'),
          nodeSelector: text('On the labels of this Node. Default: every node'),
          sessions: selection(),
          settings: settings(),
          node: node(),
          listenRanges: { type: 'array', maxItems: RANGES_MAX, items: range() },
        },
      },
    },
  };
}

function selection(): Schema {
  return {
    type: 'object',
    description: 'Which sessions: all that is written must hold. Default: every session',
    properties: {
      kinds: list({ type: 'string', enum: SESSION_KINDS }),
      peers: list({ type: 'string' }),
      peerSelector: text('On the labels of the BGPPeer'),
      asNumbers: list(AS_NUMBER),
      prefixes: list({ type: 'string' }),
    },
  };
}

const AS_NUMBER: Schema = {
  'x-kubernetes-int-or-string': true,
  anyOf: [
    { type: 'integer', minimum: 1, maximum: 4_294_967_295 },
    { type: 'string', pattern: '^(internal|external|[0-9]{1,10}|[0-9]{1,5}\\.[0-9]{1,5})$' },
  ],
};

function settings(): Schema {
  const root: Schema = { type: 'object', properties: {} };
  for (const path of SETTING_PATHS) put(root, path.split('.'), settingSchema(settingField(path)));
  return root;
}

function put(at: Schema, [name, ...rest]: readonly string[], leaf: Schema): void {
  const properties = at.properties!;
  if (rest.length === 0) {
    properties[name!] = leaf;
    return;
  }
  properties[name!] ??= { type: 'object', properties: {} };
  put(properties[name!]!, rest, leaf);
}

function settingSchema(field: SettingField): Schema {
  const inForce = field.default === undefined ? field.unset : formatSetting(field, field.default);
  const range = field.type === 'duration' ? `; ${allowed(field)}` : '';
  return { description: plain(`${field.help}${range}. Default: ${inForce}`), ...shape(field) };
}

function shape(field: FieldType): Schema {
  switch (field.type) {
    case 'boolean':
      return { type: 'boolean' };
    case 'duration':
      return { type: 'string', pattern: '^([0-9]+(\\.[0-9]*)?(h|ms|m|s|us|ns))+$|^0$' };
    case 'integer':
      return { type: 'integer', minimum: field.min, maximum: field.max };
    case 'one-of':
      return { type: 'string', enum: field.values };
    case 'add-path-send':
      return { type: 'string', pattern: ADD_PATH_SEND_PATTERN };
    case 'families':
      return list({ type: 'string', enum: AFI_SAFIS });
    case 'as-number':
      return AS_NUMBER;
  }
}

function node(): Schema {
  const properties = Object.fromEntries(
    NODE_PATHS.map((path) => {
      const field = NODE_FIELDS[path];
      const description = `${field.help}. Default: ${formatSetting(field, field.default)}`;
      return [path, { description, ...shape(field) }];
    }),
  );
  return { type: 'object', properties };
}

function range(): Schema {
  const { min, max, default: peers } = RANGE_PEERS;
  return {
    type: 'object',
    required: ['prefix', 'asNumber'],
    properties: {
      prefix: text('Where they call from, a CIDR'),
      asNumber: { description: 'internal, external, or an AS number', ...AS_NUMBER },
      families: list({ type: 'string', enum: AFI_SAFIS }),
      peersMax: integer(min, max, `Neighbors at a time. Default: ${peers}`),
      rateMax: integer(
        RANGE_RATE.min,
        RANGE_RATE.max,
        `New neighbors a minute. Default: ${RANGE_RATE.default}`,
      ),
      ttlSecurity: integer(
        TTL_SECURITY.min,
        TTL_SECURITY.max,
        'Hops that their packets may take (RFC 5082); 0, the default: not looked at',
      ),
      maxRestartTime: text('Restart time that is said to them (RFC 4724). Default: 2m'),
      password: {
        type: 'object',
        properties: {
          secretKeyRef: {
            type: 'object',
            required: ['name', 'key'],
            properties: { name: { type: 'string' }, key: { type: 'string' } },
          },
        },
      },
      filters: { type: 'array', items: { type: 'string' } },
    },
  };
}

function list(items: Schema): Schema {
  return { type: 'array', minItems: 1, items };
}

function integer(minimum: number, maximum: number, description: string): Schema {
  return { description, type: 'integer', minimum, maximum };
}

function text(description: string): Schema {
  return { description, type: 'string' };
}

/** Descriptions are no Markdown. */
function plain(markdown: string): string {
  const words = markdown.replaceAll('`', '');
  return `${words[0]!.toUpperCase()}${words.slice(1)}`;
}
