import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorkstation, type WorkstationPage } from './workstation-page.ts';

describe('the page is locked in', () => {
  let desk: WorkstationPage;
  beforeAll(async () => {
    desk = await openWorkstation({ args: ['--sample'] });
    await desk.waitForRows();
  });
  afterAll(() => desk.app.close());

  test('its renderer is sandboxed and isolated, without Node', async () => {
    const window = await desk.app.application.browserWindow(desk.page);
    const preferences = await window.evaluate((browserWindow) => {
      const contents = browserWindow.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> };
      const { sandbox, contextIsolation, nodeIntegration, webSecurity, webviewTag } = contents.getLastWebPreferences();
      return { sandbox, contextIsolation, nodeIntegration, webSecurity, webviewTag };
    });
    expect(preferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
    });
    expect(preferences.webviewTag ?? false).toBe(false);

    const globals = await desk.page.evaluate(() =>
      ['process', 'require', 'module', 'Buffer', 'ipcRenderer', 'electron', 'global'].filter(
        (name) => name in globalThis,
      ),
    );
    expect(globals).toEqual([]);
  });

  test('it is bundled as it is shipped, whatever the environment of who bundled it', () => {
    const folder = join(import.meta.dirname, '..', '..', 'dist', 'renderer', 'assets');
    const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'));
    const text = scripts.map((name) => readFileSync(join(folder, name), 'utf8')).join('');
    expect(text).toContain('createRoot');
    // Only React's build for its developers has it.
    expect(text).not.toContain('jsxDEV');
  });

  test('it is given named functions only, frozen', async () => {
    const api = await desk.page.evaluate(() => {
      const given = (window as unknown as { flinktrade: Record<string, unknown> }).flinktrade;
      const before = given['command'];
      try {
        given['command'] = () => undefined;
      } catch {
        // Frozen objects throw in strict code.
      }
      return {
        kinds: Object.entries(given).map(([name, value]) => `${name}: ${typeof value}`),
        isSame: given['command'] === before,
      };
    });
    expect(api.isSame).toBe(true);
    expect(api.kinds.every((entry) => entry.endsWith(': function'))).toBe(true);
    expect(api.kinds.join()).not.toMatch(/\b(on|send|invoke|postMessage)\b/);
  });

  test('the content policy is strict, and blocks what it must', async () => {
    const policy = await desk.page.evaluate(
      async () => (await fetch('index.html')).headers.get('content-security-policy') ?? '',
    );
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);

    const blocked = await desk.page.evaluate(async () => {
      const violated: string[] = [];
      document.addEventListener('securitypolicyviolation', (event) => violated.push(event.effectiveDirective));
      const image = document.createElement('img');
      try {
        image.setAttribute('onerror', 'window.ran = true');
      } catch {
        // Refused as early as here, where trusted types are required.
      }
      image.src = 'data:,';
      document.body.append(image);
      await fetch('https://example.com/').catch(() => undefined);
      // Not by `eval` here: what a test driver evaluates may evaluate.
      try {
        setTimeout('window.evaluated = true', 0);
      } catch {
        // Refused as early as here, where trusted types are required.
      }
      await new Promise((done) => setTimeout(done, 200));
      return { violated, evaluated: 'evaluated' in window, ran: 'ran' in window };
    });
    expect(blocked.evaluated).toBe(false);
    expect(blocked.ran).toBe(false);
    expect(blocked.violated.some((directive) => directive.startsWith('connect-src'))).toBe(true);
  });

  test('a whole session breaks the policy nowhere', async () => {
    const violations: string[] = [];
    desk.page.on('console', (message) => {
      if (/Content Security Policy|Trusted/.test(message.text())) violations.push(message.text());
    });

    await desk.page.reload();
    await desk.waitForRows();
    await desk.row((await desk.listed())[0] ?? '').click();
    await desk.button('Rules').click();
    await desk.page.locator('[data-rule=askOffset] input').fill('x');
    await desk.page.locator('[data-rule=askOffset] input').fill('');
    await desk.page.keyboard.press('Escape');

    expect(violations).toEqual([]);
  });

  test('it cannot leave, open windows, or read files', async () => {
    const url = desk.page.url();
    const result = await desk.page.evaluate(async () => {
      const opened = window.open('https://example.com/');
      const file = await fetch('file:///etc/passwd').then(
        () => 'read',
        () => 'refused',
      );
      const escape = await fetch('app://workstation/..%2f..%2fpackage.json').then(
        (answer) => answer.status,
        () => 0,
      );
      const other = await fetch('app://elsewhere/index.html').then(
        (answer) => answer.status,
        () => 0,
      );
      const link = document.createElement('a');
      link.href = 'https://example.com/';
      document.body.append(link);
      link.click();
      return { opened: opened === null, file, escape, other };
    });
    expect(result.opened).toBe(true);
    expect(result.file).toBe('refused');
    expect(result.escape).toBe(404);
    expect(result.other).not.toBe(200);

    await desk.page.evaluate(() => (window.location.href = 'https://example.com/'));
    await desk.page.waitForTimeout(300);
    expect(desk.page.url()).toBe(url);
    const pages = desk.app.application
      .windows()
      .map((window) => window.url())
      .sort();
    expect(pages).toEqual(['app://vault/vault.html', 'app://vault/vault.html', 'app://workstation/index.html']);
  });

  test('no permission is granted', async () => {
    const states = await desk.page.evaluate(async () => {
      const names = ['geolocation', 'notifications', 'camera', 'microphone', 'clipboard-read', 'midi'] as const;
      const found = await Promise.all(
        names.map((name) =>
          navigator.permissions.query({ name: name as PermissionName }).then(
            (status) => status.state,
            () => 'unknown',
          ),
        ),
      );
      return [...found, await Notification.requestPermission()];
    });
    expect(states.filter((state) => state === 'granted')).toEqual([]);
  });

  test('a command that does not fit the table is refused by main, and so is a path nobody chose', async () => {
    const answers = await desk.page.evaluate(async () => {
      const { command } = (
        window as unknown as { flinktrade: { command(value: unknown): Promise<{ kind: string; reason?: string }> } }
      ).flinktrade;
      const told = (value: unknown) =>
        command(value).then(
          (answer) => answer.reason ?? answer.kind,
          (error: unknown) => String(error),
        );
      return {
        unknown: await told({ kind: 'eval', code: '1' }),
        extra: await told({ kind: 'play', now: true }),
        path: await told({
          kind: 'open',
          requestId: 1,
          session: {
            inputs: { kind: 'files', paths: ['/etc/passwd'] },
            profile: null,
            positionsPath: null,
            rules: { version: 1 },
            workers: 1,
            speed: { kind: 'max' },
            startPaused: false,
          },
        }),
      };
    });
    expect(answers.unknown).toContain('was refused');
    expect(answers.extra).toContain('was refused');
    expect(answers.path).toContain('was not chosen by you');
  });

  test('a message from another page than ours is refused by its sender', async () => {
    const refused = await desk.app.application.evaluate(async ({ BrowserWindow, app }) => {
      const stranger = new BrowserWindow({
        show: false,
        webPreferences: { preload: `${app.getAppPath()}/dist/electron/preload.cjs`, sandbox: true },
      });
      await stranger.loadURL('data:text/html,stranger');
      const answer = (await stranger.webContents.executeJavaScript(
        `flinktrade.command({ kind: 'halt', by: 'stranger' }).then(() => 'sent', (error) => String(error))`,
      )) as string;
      stranger.destroy();
      return answer;
    });
    expect(refused).toContain('was refused');
    expect(await desk.page.getByText('TRADING HALTED').count()).toBe(0);
  });

  test('a flood of requests is refused, the kill switch never', async () => {
    const told = await desk.page.evaluate(async () => {
      const { command } = (window as unknown as { flinktrade: { command(value: unknown): Promise<{ kind: string }> } })
        .flinktrade;
      const ask = (value: unknown) =>
        command(value).then(
          (answer) => answer.kind,
          () => 'thrown back',
        );
      const flood = await Promise.all(
        Array.from({ length: 600 }, () => ask({ kind: 'select-symbol', symbol: 'NONE' })),
      );
      return {
        thrownBack: flood.filter((kind) => kind === 'thrown back').length,
        halt: await ask({ kind: 'halt', by: 'test' }),
      };
    });
    expect(told.thrownBack).toBeGreaterThan(200);
    expect(told.halt).toBe('sent');
    // Asked anew each time: to Playwright the navigation that was refused above is still under way, and it would wait.
    await expect.poll(() => desk.page.getByText('TRADING HALTED').count()).toBe(1);
  });
});
