/** `show interfaces [summary]`: links and addresses of this family. Neither is known where the kernel is not followed. */

import type { InterfaceAddress } from '../../netlink/address.ts';
import { RouteScope } from '../../netlink/codes.ts';
import type { InterfaceView } from '../../speaker/snapshot.ts';
import type { BirdCommand } from './command.ts';
import type { BirdFamily } from './port.ts';
import { Code } from './reply.ts';
import { syntaxError } from './tokens.ts';

export const showInterfaces: BirdCommand = {
  words: ['show', 'interfaces'],
  usage: '[summary]',
  help: 'Show network interfaces',
  *run({ port, family, args, out }) {
    const summary = args[0]?.text === 'summary';
    if (args.length > (summary ? 1 : 0)) throw syntaxError();
    const interfaces = port.view.interfaces();
    if (summary) {
      yield out.row(Code.InterfaceHeading, 'interface state address');
      for (const one of interfaces) {
        yield out.row(Code.InterfaceSummary, summaryText(one, addressesOf(one, family)));
      }
    } else {
      const names = new Map(interfaces.map(({ index, name }) => [index, name]));
      for (const one of interfaces) {
        const addresses = addressesOf(one, family);
        const master = one.master === undefined ? undefined : names.get(one.master);
        const place = master === undefined ? '' : ` master=${master}`;
        const head = `${one.name} ${stateOf(one, addresses)} (index=${one.index}${place})`;
        yield out.row(Code.Interface, head);
        yield out.row(Code.InterfaceFlags, `\t${flagsText(one)} MTU=${one.mtu}`);
        for (const [at, address] of addresses.entries()) {
          yield out.row(Code.InterfaceAddress, `\t${addressText(address, at === 0)}`);
        }
      }
    }
    yield out.last(Code.Ok);
  },
};

/** To BIRD an interface without an address of its family is not there. */
function stateOf({ up }: InterfaceView, addresses: readonly InterfaceAddress[]): string {
  return up && addresses.length > 0 ? 'up' : 'DOWN';
}

function summaryText(one: InterfaceView, addresses: readonly InterfaceAddress[]): string {
  const [primary] = addresses;
  const text = primary === undefined ? '' : lengthText(primary);
  return `${one.name.padEnd(9)} ${stateOf(one, addresses).padEnd(5)} ${text}`;
}

function flagsText({ up, carrier, loopback, pointToPoint }: InterfaceView): string {
  return [
    ...(pointToPoint ? ['PtP', 'Multicast'] : ['MultiAccess']),
    ...(loopback || pointToPoint ? [] : ['Broadcast', 'Multicast']),
    ...(up ? ['AdminUp'] : ['AdminDown']),
    ...(carrier ? ['LinkUp'] : ['LinkDown']),
    ...(loopback ? ['Loopback', 'Ignored'] : []),
  ].join(' ');
}

/** The primary one first: the widest scope, then the kernel's order. */
function addressesOf({ addresses }: InterfaceView, family: BirdFamily): InterfaceAddress[] {
  const own = addresses.filter((address) => address.family === (family === 'ipv4' ? 4 : 6));
  const rank = ({ secondary, scope }: InterfaceAddress): number =>
    (secondary ? 2 : 0) + (scope === RouteScope.LINK ? 1 : 0);
  return own.sort((a, b) => rank(a) - rank(b));
}

function addressText(address: InterfaceAddress, primary: boolean): string {
  const other = address.secondary ? 'Secondary' : 'Unselected';
  const opposite = address.peer === undefined ? '' : `, opposite ${address.peer}`;
  const kind = primary ? 'Primary' : other;
  return `${lengthText(address)} (${kind}, scope ${scopeText(address)}${opposite})`;
}

function lengthText({ address, prefixLength }: InterfaceAddress): string {
  return `${address}/${prefixLength}`;
}

/** BIRD goes by the address, not by the kernel's scope: private ones are of the site. */
function scopeText({ address, scope }: InterfaceAddress): string {
  if (scope === RouteScope.HOST) return 'host';
  if (scope === RouteScope.LINK) return 'link';
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|f[cd])/.test(address) ? 'site' : 'univ';
}
