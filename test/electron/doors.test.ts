import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { whyNotGranted } from '../../electron/main/command-paths.ts';
import {
  engineCommandSchema,
  isModestJson,
  portMessageSchema,
  requestSchemas,
} from '../../electron/contract/request-schema.ts';
import type { EngineCommand } from '../../engine/contract/window.ts';

const open: EngineCommand = {
  kind: 'open',
  requestId: 1,
  session: {
    inputs: { kind: 'files', paths: ['/data/a.csv'] },
    profile: null,
    positionsPath: '/data/positions.csv',
    rules: { version: 1, symbols: { AAPL: { ttlMs: 1 } } },
    workers: 2,
    speed: { kind: 'times', factor: 60 },
    startPaused: false,
  },
};

describe('the shape of a command', () => {
  test('every command of the contract passes as it is', () => {
    const commands: readonly EngineCommand[] = [
      open,
      { kind: 'close-session' },
      { kind: 'play' },
      { kind: 'pause' },
      { kind: 'set-speed', speed: { kind: 'max' } },
      { kind: 'apply-rules', requestId: 2, rules: { version: 1 } },
      { kind: 'halt', by: 'window' },
      { kind: 'rearm-request' },
      { kind: 'rearm-confirm', token: 't', by: 'window' },
      { kind: 'select-symbol', symbol: null },
      { kind: 'rows-in-sight', symbols: [0, 17] },
      { kind: 'hello', contractVersion: 1 },
    ];
    for (const command of commands) expect(engineCommandSchema.parse(command)).toEqual(command);
  });

  test.each([
    ['an unknown kind', { kind: 'eval', code: '1' }],
    ['an extra key', { kind: 'play', now: true }],
    ['a speed that is no number', { kind: 'set-speed', speed: { kind: 'times', factor: NaN } }],
    ['too many workers', { ...open, session: { ...open.session, workers: 33 } }],
    ['a path of any length', { ...open, session: { ...open.session, positionsPath: 'x'.repeat(5000) } }],
    ['rules that are no object', { kind: 'apply-rules', requestId: 1, rules: 'x' }],
    [
      'rules with a prototype',
      { kind: 'apply-rules', requestId: 1, rules: JSON.parse('{"__proto__": {}}') as unknown },
    ],
  ])('refuses %s', (_what, command) => {
    expect(engineCommandSchema.safeParse(command).success).toBe(false);
  });

  test('whatever else a page sends is refused, never passed on', () => {
    fc.assert(
      fc.property(fc.anything(), (anything) => {
        expect(engineCommandSchema.safeParse(anything).success).toBe(false);
        expect(portMessageSchema.safeParse(anything).success).toBe(false);
        if (anything !== null) expect(requestSchemas.ready.safeParse(anything).success).toBe(false);
      }),
    );
  });

  test('JSON beyond reason is refused before it reaches the engine', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 40; level += 1) deep = { deep };

    expect(isModestJson(deep)).toBe(false);
    expect(isModestJson({ a: [1, 'x', null, { b: Infinity }] })).toBe(false);
    expect(isModestJson({ a: [1, 'x', null, { b: true }] })).toBe(true);
  });

  test('a file name for an export cannot lead out of the folder', () => {
    const request = { kind: 'rules', text: '{}' } as const;

    expect(requestSchemas.exportText.safeParse({ ...request, suggestedName: '../x' }).success).toBe(false);
    expect(requestSchemas.exportText.safeParse({ ...request, suggestedName: 'rules.json' }).success).toBe(true);
  });
});

describe('paths in a command', () => {
  const chosen = (...paths: readonly string[]) => ({ has: (path: string) => paths.includes(path) });

  test('are taken only when a person chose them', () => {
    expect(whyNotGranted(open, chosen('/data/a.csv', '/data/positions.csv'))).toBeNull();
    expect(whyNotGranted(open, chosen('/data/a.csv'))).toMatch(/positions\.csv was not chosen by you/);
    expect(whyNotGranted(open, chosen())).toMatch(/a\.csv/);
  });

  test('a profile named by a word needs no file, a profile file does', () => {
    const withProfile = (profile: string): EngineCommand => ({ ...open, session: { ...open.session, profile } });
    const grants = chosen('/data/a.csv', '/data/positions.csv');

    expect(whyNotGranted(withProfile('lean-nbbo'), grants)).toBeNull();
    expect(whyNotGranted(withProfile('../../etc/passwd'), grants)).not.toBeNull();
  });
});
