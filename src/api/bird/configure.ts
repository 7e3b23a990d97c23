/**
 * `configure [soft | check | undo | confirm | timeout N] ["FILE"]`: reads the datastore now, as it is read after every
 * change anyway. There is one configuration and no file of BIRD's: a name that is given is refused.
 */

import type { BirdCommand, BirdRequest } from './command.ts';
import { BirdError, Code, type Reply } from './reply.ts';
import { syntaxError } from './tokens.ts';

export const configure: BirdCommand = {
  words: ['configure'],
  usage: '[soft | check | undo | confirm]',
  help: 'Read the datastore now, or check what is in it',
  changes: true,
  run(request) {
    const [first, ...rest] = request.args;
    if (first === undefined) return read(request, 'apply');
    if (first.quoted) throw otherFile();
    if (first.text === 'timeout') {
      const text = 'A datastore is not rolled back by a timer: undo the edit there';
      throw new BirdError(Code.ConfigurationError, text);
    }
    if (rest[0]?.quoted === true) throw otherFile();
    if (rest.length > 0) throw syntaxError();
    if (first.text === 'soft') return read(request, 'apply');
    if (first.text === 'check') return read(request, 'check');
    if (first.text === 'undo' || first.text === 'confirm') return nothingToDo(request);
    throw syntaxError();
  },
};

function otherFile(): BirdError {
  const text = 'The configuration is what the datastore holds: no other file is read';
  return new BirdError(Code.ConfigurationError, text);
}

function* nothingToDo({ out }: BirdRequest): Reply {
  yield out.last(Code.NothingToDo, 'Nothing to do');
}

function* read({ port, out }: BirdRequest, how: 'apply' | 'check'): Reply {
  yield out.row(
    Code.ReadingConfiguration,
    `Reading configuration from ${port.configurationSource}`,
  );
  const error = yield (resume) => port.reread(how, resume);
  if (error !== '') yield out.last(Code.ConfigurationError, error);
  else if (how === 'check') yield out.last(Code.ConfigurationOk, 'Configuration OK');
  else {
    const { heldChange } = port.facts();
    yield heldChange === undefined
      ? out.last(Code.Reconfigured, 'Reconfigured')
      : out.last(Code.ReconfigurationInProgress, `Reconfiguration in progress: ${heldChange}`);
  }
}
