/**
 * `enable`, `disable`, `restart`, `reload`: one command to the core for each session that is named.
 *
 * The protocols that exist only for clients' sake cannot be changed: they say so where they are named, and are passed
 * over by a pattern or `all`.
 */

import type { Command } from '../../speaker/inputs.ts';
import type { BirdCommand, BirdRequest } from './command.ts';
import { chosenProtocols, type Protocol, protocolsOf } from './protocols.ts';
import { BirdError, Code, type Piece, type Reply } from './reply.ts';
import { syntaxError, type Token } from './tokens.ts';

type Change = (protocol: Protocol, request: BirdRequest) => Generator<Piece, void, string>;

export const enable = changing('enable', 'Enable protocol', function* (protocol, request) {
  const { out } = request;
  const disabled = protocol.neighbor?.detail.disabled === true;
  if (!disabled) {
    yield out.row(Code.AlreadyEnabled, `${protocol.name}: already enabled`);
    return;
  }
  yield* give(request, { command: 'enableNeighbor', name: protocol.name });
  // A session that something else holds down is enabled all the same: `show protocols` says what.
  yield out.row(Code.Enabled, `${protocol.name}: enabled`);
});

export const disable = changing('disable', 'Disable protocol', function* (protocol, request) {
  const { out } = request;
  if (protocol.neighbor?.detail.disabled === true) {
    yield alreadyDisabled(protocol, request);
    return;
  }
  yield* give(request, { command: 'disableNeighbor', name: protocol.name });
  yield out.row(Code.Disabled, `${protocol.name}: disabled`);
});

export const restart = changing('restart', 'Restart protocol', function* (protocol, request) {
  const { out } = request;
  if (protocol.neighbor?.detail.disabled === true) {
    yield alreadyDisabled(protocol, request);
    return;
  }
  yield* give(request, { command: 'resetNeighbor', name: protocol.name, soft: false });
  yield out.row(Code.Restarted, `${protocol.name}: restarted`);
});

export const reload: BirdCommand = {
  words: ['reload'],
  usage: '[in | out] (<protocol> | "<pattern>" | all)',
  help: 'Ask for routes again (in), send them again (out), or both',
  changes: true,
  run(request) {
    const [first, ...rest] = request.args;
    const direction = first?.quoted === false ? first.text : '';
    if (direction !== 'in' && direction !== 'out') return changeEach(request, request.args, both);
    return changeEach(request, rest, direction === 'in' ? reloadIn : reloadOut);
  },
};

const both = reloading((name) => ({ command: 'resetNeighbor', name, soft: true }));
const reloadIn = reloading((name) => ({ command: 'refreshRoutes', name }));
const reloadOut = reloading((name) => ({ command: 'resendRoutes', name }));

function reloading(commandFor: (name: string) => Command): Change {
  return function* (protocol, request) {
    const { out } = request;
    const { name, neighbor, state } = protocol;
    if (neighbor?.detail.disabled === true) {
      yield alreadyDisabled(protocol, request);
      return;
    }
    // BIRD says nothing of a session that is not up: there is nothing to reload.
    if (state !== 'up') return;
    const error = yield* give(request, commandFor(name));
    if (error === '') yield out.row(Code.Reloading, `${name}: reloading`);
    else yield out.row(Code.ReloadFailed, `${name}: reload failed: ${error}`);
  };
}

function changing(word: string, help: string, change: Change): BirdCommand {
  return {
    words: [word],
    usage: '(<protocol> | "<pattern>" | all)',
    help,
    changes: true,
    run: (request) => changeEach(request, request.args, change),
  };
}

function* changeEach(request: BirdRequest, args: readonly Token[], change: Change): Reply {
  const [which, extra] = args;
  if (which === undefined || extra !== undefined) throw syntaxError();
  const { port, family, out } = request;
  const isAll = which.text === 'all' && !which.quoted;
  const chosen = yield* isAll ? protocolsOf(port, family) : chosenProtocols(port, family, which);
  if (chosen.length === 1 && chosen[0]!.neighbor === undefined) {
    const text = `Access denied: ${chosen[0]!.name} follows from the resources of the node`;
    throw new BirdError(Code.AccessDenied, text);
  }
  for (const protocol of chosen)
    if (protocol.neighbor !== undefined) yield* change(protocol, request);
  yield out.last(Code.Ok);
}

function alreadyDisabled({ name }: Protocol, { out }: BirdRequest): string {
  return out.row(Code.AlreadyDisabled, `${name}: already disabled`);
}

function* give({ port }: BirdRequest, command: Command): Generator<Piece, string, string> {
  return yield (resume) => port.execute(command, resume);
}
