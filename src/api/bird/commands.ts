/** Every command of the sockets. `help` and the documents are made from this list. */

import { disable, enable, reload, restart } from './change-protocols.ts';
import type { BirdCommand } from './command.ts';
import { configure } from './configure.ts';
import { down } from './down.ts';
import { echo } from './echo.ts';
import { help } from './help.ts';
import { restrict } from './restrict.ts';
import { showAbsent } from './show-absent.ts';
import { showInterfaces } from './show-interfaces.ts';
import { showMemory } from './show-memory.ts';
import { showProtocols } from './show-protocols.ts';
import { showRoute } from './show-route.ts';
import { showStatic } from './show-static.ts';
import { showStatus } from './show-status.ts';
import { showSymbols } from './show-symbols.ts';
import type { Token } from './tokens.ts';

export const BIRD_COMMANDS: readonly BirdCommand[] = [
  showStatus,
  showProtocols,
  showRoute,
  showInterfaces,
  showStatic,
  showSymbols,
  showMemory,
  ...showAbsent,
  configure,
  enable,
  disable,
  restart,
  reload,
  down,
  restrict,
  echo,
  help(() => BIRD_COMMANDS),
];

export function findCommand(tokens: readonly Token[]): BirdCommand | undefined {
  return BIRD_COMMANDS.find(({ words }) =>
    words.every((word, i) => tokens[i]?.text === word && !tokens[i].quoted),
  );
}
