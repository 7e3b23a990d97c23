import { describe, expect, it } from 'vitest';
import { nodeSettingsOf, settingsOf } from './peer-settings.ts';

describe('settings of a peer', () => {
  it('has the defaults where no profile speaks', () => {
    expect(settingsOf({})).toMatchObject({ asSets: 'reject', addPath: { send: 'all' } });
    expect(settingsOf({}).role).toBeUndefined();
  });

  it('is what the profile says where it speaks', () => {
    const settings = { asSets: 'accept', role: 'customer' } as const;
    expect(settingsOf({ settings })).toMatchObject({ ...settings, privateAs: 'keep' });
  });

  it('has defaults for the node as a whole', () => {
    expect(nodeSettingsOf({ settings: { maximumPaths: 4 } })).toMatchObject({
      maximumPaths: 4,
      advertiseAfterInstall: false,
    });
  });
});
