/** What several kinds share: addresses, prefixes, selectors, references, read with their messages. */

import { type IpAddress, ipFamily, parseIpAddress } from '../../net/ip-address.ts';
import { type Prefix, parsePrefix } from '../../net/prefix.ts';
import { asObject, type Fields } from '../fields.ts';
import { TTL_SECURITY } from '../node-setting-fields.ts';
import type { Community, NodeAddress, SecretKeyRef } from '../resources.ts';
import {
  hasHostBits,
  parseAsNumber,
  parseCommunity,
  parseDuration,
  parseNodeAddress,
} from '../scalars.ts';
import { parseSelector, type Selector } from '../selector.ts';

/** Longest time RFC 4724 can carry: 12 bits of seconds. */
const RESTART_TIME_MAX = 4095;

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function readLabels(metadata: Fields): Readonly<Record<string, string>> {
  const written = metadata.parsed('labels', 'an object of texts', asObject) ?? {};
  const labels: Record<string, string> = {};
  for (const [key, value] of Object.entries(written)) {
    if (typeof value === 'string') labels[key] = value;
    else {
      metadata.reportAt([...metadata.path, 'labels', key], {
        code: 'BadValue',
        message: 'Not a text',
        remedy: `Write ${JSON.stringify(String(value))} in quotes`,
        value,
      });
    }
  }
  return labels;
}

/** AS 0 may be named nowhere (RFC 7607 §2). */
export function readAsNumber(fields: Fields, name: string): number | undefined {
  const what = 'an AS number: 1 to 4294967295, or "high.low" in quotes';
  return fields.parsed(name, what, (value) => {
    const asn = parseAsNumber(value);
    return asn === 0 ? undefined : asn;
  });
}

export function readAddress(fields: Fields, name: string): IpAddress | undefined {
  if (fields.raw(name) === '') return undefined;
  return fields.parsed(name, 'an IP address', (value) =>
    typeof value === 'string' ? parseIpAddress(value) : undefined,
  );
}

export function readIpv4(fields: Fields, name: string): IpAddress | undefined {
  if (fields.raw(name) === '') return undefined;
  return fields.parsed(name, 'an IPv4 address such as 244.0.0.1', (value) => {
    const address = typeof value === 'string' ? parseIpAddress(value) : undefined;
    return address !== undefined && ipFamily(address) === 4 ? address : undefined;
  });
}

export function readNodeAddress(
  fields: Fields,
  name: string,
  family: 4 | 6,
): NodeAddress | undefined {
  if (fields.raw(name) === '') return undefined;
  const example = family === 4 ? '10.0.0.1/24' : 'fd00::1/64';
  return fields.parsed(
    name,
    `an IPv${family} address with its subnet length, as ${example}`,
    (value) => {
      const parsed = typeof value === 'string' ? parseNodeAddress(value) : undefined;
      return parsed !== undefined && ipFamily(parsed.address) === family ? parsed : undefined;
    },
  );
}

/** An address, which is a range of one, or a CIDR whose host bits are zero. */
export function parseCidr(value: unknown): Prefix | undefined {
  if (typeof value !== 'string') return undefined;
  return value.includes('/') && hasHostBits(value) ? undefined : parsePrefix(value);
}

/** @param strict  Host bits are an error (Calico refuses such pools), otherwise a warning. */
export function readCidr(fields: Fields, name: string, strict: boolean): Prefix | undefined {
  const cidr = fields.parsed(name, 'a CIDR such as 10.244.0.0/16 or fd00:10:244::/64', (value) =>
    typeof value === 'string' && value.includes('/') ? parsePrefix(value) : undefined,
  );
  const written = fields.raw(name);
  if (cidr !== undefined && typeof written === 'string' && hasHostBits(written)) {
    fields.report(name, {
      code: 'HostBits',
      severity: strict ? 'error' : 'warning',
      message: 'Bits behind the prefix length are set',
      remedy: `Write ${cidr}`,
      value: written,
    });
  }
  return cidr;
}

export function readSelector(fields: Fields, name: string): Selector | undefined {
  const text = fields.text(name);
  if (text === undefined) return undefined;
  const parsed = parseSelector(text);
  if (parsed.ok) return parsed.selector;
  fields.report(name, {
    code: 'BadSelector',
    message: `Not a selector: ${parsed.error.message} (character ${parsed.error.offset + 1})`,
    remedy: "Write e.g. rack == 'a' && has(gpu)",
    value: text,
  });
  return undefined;
}

export function readDuration(fields: Fields, name: string): number | undefined {
  return fields.parsed(name, 'a duration such as 60s or 1m30s', (value) =>
    typeof value === 'string' ? parseDuration(value) : undefined,
  );
}

/** Hops that packets of the peer may take (RFC 5082); 0 = not looked at. */
export function readTtlSecurity(fields: Fields): number {
  return fields.integer('ttlSecurity', TTL_SECURITY) ?? TTL_SECURITY.min;
}

/** RFC 4724 §3: the Restart Time has 12 bits. */
export function readRestartTime(fields: Fields, name: string): number | undefined {
  const seconds = readDuration(fields, name);
  if (seconds === undefined || seconds <= RESTART_TIME_MAX) return seconds;
  fields.report(name, {
    code: 'BadValue',
    message: `Longer than a restart time can be (${RESTART_TIME_MAX} s)`,
    remedy: `Write at most ${RESTART_TIME_MAX}s`,
    value: fields.raw(name),
  });
  return undefined;
}

export function readCommunity(value: unknown): Community | undefined {
  return typeof value === 'string' ? parseCommunity(value) : undefined;
}

/** `{ secretKeyRef: { name, key } }` */
export function readSecretRef(fields: Fields, name: string): SecretKeyRef | undefined {
  const reference = fields.object(name)?.object('secretKeyRef');
  if (reference === undefined) {
    if (fields.has(name)) {
      fields.report(name, {
        code: 'Missing',
        message: 'No secretKeyRef',
        remedy: 'Write secretKeyRef with name and key',
      });
    }
    return undefined;
  }
  const secret = reference.required('name', reference.text('name'), 'Name of a Secret');
  const key = reference.required('key', reference.text('key'), 'Key inside the Secret');
  reference.ignore('optional');
  reference.finish();
  return secret === undefined || key === undefined ? undefined : { name: secret, key };
}
