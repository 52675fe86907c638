import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const css = readFileSync(join(import.meta.dirname, '../../renderer/ui/tokens.css'), 'utf8');
/** WCAG 2.2, 1.4.3: text of this size against its surface. */
const CONTRAST_MIN = 4.5;
const TEXTS = [
  'text-1',
  'text-2',
  'text-3',
  'accent-text',
  'green',
  'red',
  'blue',
  'orange',
  'warning',
  'danger-text',
  'good-text',
  'link',
];
const SURFACES = ['surface-1', 'surface-2', 'surface-hover', 'surface-selected'];

function tokensOf(theme: 'dark' | 'light'): Map<string, string> {
  const start = css.indexOf(`:root[data-theme='${theme}'] {`);
  const block = css.slice(start, css.indexOf('}', start));
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', color = '']) => [name, color]));
}

function luminance(color: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(text: string, surface: string): number {
  const [light = 0, dark = 0] = [luminance(text), luminance(surface)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** As `color-mix(in srgb, ...)` does. */
function mixed(from: string, to: string, share: number): string {
  const channel = (color: string, at: number): number => Number.parseInt(color.slice(at, at + 2), 16);
  const parts = [1, 3, 5].map((at) => Math.round(channel(from, at) * (1 - share) + channel(to, at) * share));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

describe.each(['dark', 'light'] as const)('the %s theme', (theme) => {
  const tokens = tokensOf(theme);
  test.each(TEXTS.flatMap((text) => SURFACES.map((surface) => [text, surface] as const)))(
    '%s can be read on %s',
    (text, surface) => {
      expect(contrast(tokens.get(text) ?? '', tokens.get(surface) ?? '')).toBeGreaterThanOrEqual(CONTRAST_MIN);
    },
  );

  test.each([0, 0.25, 0.5, 0.75, 1])(
    'the name of a vertex can be read whatever it is painted with, %s of the way to the next colour',
    (share) => {
      const colors = ['job-idle', 'job-busy', 'job-pressed'].map((name) => tokens.get(name) ?? '');
      for (const [from, to] of [
        [colors[0], colors[1]],
        [colors[1], colors[2]],
        [colors[0], colors[2]],
      ] as const) {
        expect(contrast(tokens.get('job-ink') ?? '', mixed(from, to, share))).toBeGreaterThanOrEqual(CONTRAST_MIN);
      }
    },
  );

  test('the words between vertices can be read', () => {
    expect(contrast(tokens.get('text-3') ?? '', tokens.get('surface-0') ?? '')).toBeGreaterThanOrEqual(CONTRAST_MIN);
  });
});
