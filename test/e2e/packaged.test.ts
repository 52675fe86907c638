import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { describe, expect, inject, test } from 'vitest';
import { packedProgram } from '../support/packaged-app.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openWorkstation, writeSession } from './workstation-page.ts';

/** `@electron/fuses` reads a fuse as the character `0` or `1`. */
const isOn = (state: number | undefined): boolean => state === '1'.charCodeAt(0);

describe('the packaged application', () => {
  test('opens its window from the archive, and replays a session in it', async () => {
    const packagedExecutable = await packedProgram('test-build');
    const files = writeSession(temporaryFolder('packed'));

    const desk = await openWorkstation({
      packagedExecutable,
      args: ['--session', files.session, '--positions', files.positions],
    });
    await using app = desk.app;
    await desk.waitForRows();
    await desk.button('max').click();
    await desk.waitForState('Finished');

    await expect.poll(() => desk.number('rows-in')).toBe(files.quotes + 2);
    await desk.waitForNumber('total-trades', 1);
    const facts = await app.application.evaluate(({ app: electron }) => [electron.isPackaged, electron.getAppPath()]);
    expect(facts).toEqual([true, expect.stringMatching(/app\.asar$/)]);
  });

  test('takes no flag, variable or loose file that would run other code in its name', async () => {
    const program = await packedProgram('release');

    const wire = await getCurrentFuseWire(program);

    expect(isOn(wire[FuseV1Options.RunAsNode])).toBe(false);
    expect(isOn(wire[FuseV1Options.EnableNodeOptionsEnvironmentVariable])).toBe(false);
    expect(isOn(wire[FuseV1Options.EnableNodeCliInspectArguments])).toBe(false);
    expect(isOn(wire[FuseV1Options.OnlyLoadAppFromAsar])).toBe(true);
    expect(isOn(wire[FuseV1Options.GrantFileProtocolExtraPrivileges])).toBe(false);
  });

  test('does not become a plain Node when told to', async () => {
    const program = await packedProgram('release');
    const env = {
      ...process.env,
      ELECTRON_RUN_AS_NODE: '1',
      DISPLAY: inject('desktop').display || process.env['DISPLAY'],
    };

    // Whatever it does instead, opening a window or refusing to start, it must not print 42.
    const run = promisify(execFile)(program, [`--user-data-dir=${temporaryFolder('packed')}`, '-p', '6*7'], {
      env,
      timeout: 5_000,
    });
    const outcome = await run.catch((error: { stdout: string }) => error);

    expect(outcome.stdout).not.toContain('42');
  });
});
