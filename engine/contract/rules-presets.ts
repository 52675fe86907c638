import { fail, ok, type Result } from '../core/result.ts';
import type { RulesDocument } from './rules.ts';

/** Rules that are offered by name; the window and the command line load them like a file. */
export const PRESETS = {
  /** The rules of trading-rules "Rules" as they stand. */
  standard: { version: 1 },
  /**
   * The demo this product descends from, shown on stage in 2017, but for its flaws: there a replaced position left its timer
   * running, and a position without a time to live expired at once (engine/trading/README.md, "The original demo").
   */
  'original-demo': {
    version: 1,
    defaults: {
      tradeWhen: 'at-or-above',
      fill: 'all-or-none',
      askIncrease: { from: 'trade-price', amount: '0.10' },
      askFloor: 'none',
      ignoreCrossedQuotes: false,
      time: 'processing',
    },
  },
} as const satisfies Readonly<Record<string, RulesDocument>>;

export type PresetName = keyof typeof PRESETS;

/** @returns the preset, or the names there are */
export function preset(name: string): Result<RulesDocument, readonly PresetName[]> {
  return Object.hasOwn(PRESETS, name) ? ok(PRESETS[name as PresetName]) : fail(Object.keys(PRESETS) as PresetName[]);
}
