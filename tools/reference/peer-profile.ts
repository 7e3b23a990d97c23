/** The page of PeerProfile, made from the tables that its reader uses. */

import {
  NODE_FIELDS,
  NODE_PATHS,
  RANGE_PEERS,
  RANGE_RATE,
  TTL_SECURITY,
} from '../../src/datastore/node-setting-fields.ts';
import {
  BEST_PATHS_MAX,
  type ChangeClass,
  type FieldType,
} from '../../src/datastore/setting-field.ts';
import { SESSION_KINDS, SETTING_PATHS, settingField } from '../../src/datastore/setting-fields.ts';
import { formatSetting } from '../../src/datastore/setting-values.ts';
import { AFI_SAFIS } from '../../src/net/afi-safi.ts';
import { fenced, joined, MADE, table } from './markdown.ts';

/** A whole example, which `test/peer-profile-example.test.ts` runs. */
export const EXAMPLE_FILE = 'config/examples/peer-profiles/peer-profiles.yaml';

const CHANGES: Readonly<Record<ChangeClass, string>> = {
  restart: 'restarts the session',
  'next-open': 'with the next session',
  import: 'import anew',
  export: 'export anew',
  'import-and-export': 'import and export anew',
  'at-once': 'at once',
};

export function peerProfilePage(example: string): string {
  return joined([
    '# PeerProfile',
    MADE,
    "What Calico's resources cannot say of sessions, of the node, and of neighbors that nobody names" +
      ' (`apiVersion: godwit.dev/v1`, `kind: PeerProfile`). It works in every datastore: a document among the others' +
      ' with `file`, the key `/calico/resources/v3/godwit.dev/peerprofiles/NAME` with [etcd](../etcd.md), and the CRD in' +
      ' `config/crds/` for Kubernetes. An unknown key is an error, and an error costs this profile alone: its last good' +
      ' version stays. [Why it is as it is](../decisions/0017-peer-profiles.md).',
    '`godwit show neighbors NAME` shows each value in force that somebody has set, and where; with `--all` the defaults too.',
    '## Which sessions',
    'All conditions that are written must hold; a list holds when one of its entries does. Without any, every session.' +
      ' Of several profiles that select a session each setting is that of the first which has it, in order of `order`,' +
      ' then of the name. What a profile says is later than what a BGPPeer says.',
    table(
      ['field of `spec`', ''],
      [
        ['`order`', '0 to 1000000, default 1000; the lowest counts first'],
        ['`nodeSelector`', 'on the labels of this Node; default every node'],
        ['`sessions.kinds`', `any of ${SESSION_KINDS.map((kind) => `\`${kind}\``).join(', ')}`],
        ['`sessions.peers`', 'names of BGPPeers'],
        ['`sessions.peerSelector`', 'on the labels of the BGPPeer'],
        [
          '`sessions.asNumbers`',
          'AS numbers, `internal` (ours), `external` (any other), as the BGPPeer or the Node says it',
        ],
        ['`sessions.prefixes`', "addresses and CIDRs that hold the neighbor's address"],
      ],
    ),
    '## Settings of a session',
    'Durations are texts as `90s` or `1m30s`. The last column says what a change does to a session that stands: what the' +
      ' two sides agree on when a session begins, and on which routes depend, restarts it; the rest does not.',
    table(['field of `spec.settings`', 'allowed', 'default', '', 'a change'], settingRows()),
    '## The node',
    table(
      ['field of `spec.node`', 'allowed', 'default', ''],
      NODE_PATHS.map((path) => {
        const field = NODE_FIELDS[path];
        return [
          `\`${path}\``,
          allowed(field),
          code(formatSetting(field, field.default)),
          field.help,
        ];
      }),
    ),
    '## Neighbors that nobody names',
    'Whoever calls from a range of `spec.listenRanges` becomes a neighbor, with the settings of this profile and of those' +
      ' that select `dynamic` sessions there, until its session has ended and nothing of it is kept. Of ranges that overlap' +
      ' the longest counts; a neighbor that is named is never one of a range.',
    table(['field of a range', 'allowed', 'default', ''], rangeRows()),
    '## An example',
    fenced('yaml', example.trimEnd()),
  ]);
}

function settingRows(): string[][] {
  return SETTING_PATHS.map((path) => {
    const field = settingField(path);
    const inForce =
      field.default === undefined ? (field.unset ?? '') : code(formatSetting(field, field.default));
    return [`\`${path}\``, allowed(field), inForce, field.help, CHANGES[field.onChange]];
  });
}

function rangeRows(): string[][] {
  return [
    ['`prefix`', 'a CIDR', 'must be written', 'where they call from'],
    [
      '`asNumber`',
      '`internal`, `external`, an AS number',
      'must be written',
      'what their OPEN must say',
    ],
    ['`families`', allowed({ type: 'families' }), 'as in `settings`', 'what the sessions carry'],
    [
      '`peersMax`',
      `${RANGE_PEERS.min} to ${RANGE_PEERS.max}`,
      String(RANGE_PEERS.default),
      'neighbors at a time; who comes after is refused and named',
    ],
    [
      '`rateMax`',
      `${RANGE_RATE.min} to ${RANGE_RATE.max}`,
      String(RANGE_RATE.default),
      'new neighbors a minute',
    ],
    [
      '`password`',
      '`{ secretKeyRef: { name, key } }`',
      'none',
      'TCP-MD5 key of all of them; while the Secret is missing nobody is let in',
    ],
    [
      '`ttlSecurity`',
      `${TTL_SECURITY.min} to ${TTL_SECURITY.max}`,
      String(TTL_SECURITY.min),
      'hops that their packets may take (RFC 5082), as of a BGPPeer; 0: not looked at',
    ],
    [
      '`maxRestartTime`',
      '`0s` to `4095s`',
      '`120s`',
      'restart time that is said to them (RFC 4724), as of a BGPPeer',
    ],
    ['`filters`', 'names of BGPFilters', 'none', 'as of a BGPPeer'],
  ];
}

export function allowed(field: FieldType): string {
  switch (field.type) {
    case 'boolean':
      return '`true`, `false`';
    case 'duration':
      return `\`${field.min}s\` to \`${field.max}s\`${field.zero === true ? ', `0s`' : ''}`;
    case 'integer':
      return `${field.min} to ${field.max}`;
    case 'one-of':
      return field.values.map((value) => `\`${value}\``).join(', ');
    case 'add-path-send':
      return `\`none\`, \`all\`, \`ecmp\`, \`best 1\` to \`best ${BEST_PATHS_MAX}\``;
    case 'families':
      return `any of ${AFI_SAFIS.map((family) => `\`${family}\``).join(', ')}`;
    case 'as-number':
      return '`internal`, `external`, an AS number';
  }
}

function code(text: string): string {
  return `\`${text}\``;
}
