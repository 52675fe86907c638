import { describe, expect, test } from 'vitest';
import { LIMIT_FIELDS, SESSION_FIELDS, SYMBOL_FIELDS } from '../../engine/contract/rules-fields.ts';
import { PRESETS } from '../../engine/contract/rules-presets.ts';
import {
  countSet,
  durationWords,
  groupsOf,
  hasProblem,
  integerFromText,
  valueText,
} from '../../renderer/features/rules/rules-form-model.ts';
import { compact, makeRulesStore } from '../../renderer/stores/rules-store.ts';

const ALL = { section: 'defaults' } as const;

describe('the rules form', () => {
  test('shows every rule exactly once in each scope', () => {
    const { draft } = makeRulesStore().getState();
    const names = (scope: Parameters<typeof groupsOf>[1]): string[] =>
      groupsOf(draft, scope, [])
        .flatMap((group) => group.fields.map((model) => model.field.name))
        .sort();

    expect(names(ALL)).toEqual([...SYMBOL_FIELDS, ...SESSION_FIELDS].map((field) => field.name).sort());
    expect(names({ section: 'symbols', symbol: 'AAPL' })).toEqual(SYMBOL_FIELDS.map((field) => field.name).sort());
    expect(names({ section: 'limits' })).toEqual(LIMIT_FIELDS.map((field) => field.name).sort());
  });

  test('what is typed is judged by the schema of the engine, and the field is named', () => {
    const rules = makeRulesStore();

    rules.setValue(ALL, 'askOffset', 'abc');

    const { problems, isDirty } = rules.getState();
    expect(isDirty).toBe(true);
    expect(problems.map((problem) => problem.path)).toEqual(['defaults.askOffset']);
    expect(hasProblem(problems, ALL)).toBe(true);
    expect(rules.checkedDraft()).toBeNull();
  });

  test('a symbol inherits from all symbols, and those from the product', () => {
    const rules = makeRulesStore();
    rules.setValue(ALL, 'ttlMs', 5000);
    rules.addSymbol('AAPL');

    const models = groupsOf(rules.getState().draft, { section: 'symbols', symbol: 'AAPL' }, []).flatMap(
      (group) => group.fields,
    );
    const ttl = models.find((model) => model.field.name === 'ttlMs');
    const offset = models.find((model) => model.field.name === 'askOffset');

    expect(ttl).toMatchObject({ own: undefined, inherited: 5000, inheritedFrom: 'all symbols' });
    expect(offset).toMatchObject({ inherited: '0.10', inheritedFrom: 'the product' });
  });

  test('taking a rule away leaves nothing of it behind', () => {
    const rules = makeRulesStore();
    rules.setValue(ALL, 'ttlMs', 5000);
    expect(countSet(rules.getState().draft, ALL)).toBe(1);

    rules.setValue(ALL, 'ttlMs', undefined);

    expect(compact(rules.getState().draft)).toEqual({ version: 1 });
    expect(rules.getState().isDirty).toBe(false);
  });

  test('a whole number is a number, anything else is left for the schema to refuse', () => {
    expect(integerFromText(' 60000 ')).toBe(60_000);
    expect(integerFromText('')).toBeUndefined();
    expect(integerFromText('6e4')).toBe('6e4');
  });

  test('a duration is told in words beside its milliseconds', () => {
    expect([60_000, 3_000, 3_600_000, 90_000, 1, 0, 'x'].map(durationWords)).toEqual([
      '1 minute',
      '3 seconds',
      '1 hour',
      '90 seconds',
      '',
      '',
      '',
    ]);
  });

  test('an applied document becomes the one in force, with the version the engine gave it', () => {
    const rules = makeRulesStore();
    rules.setValue(ALL, 'fill', 'all-or-none');
    const document = rules.checkedDraft();
    rules.sent(7);

    rules.applied(7, document ?? { version: 1 }, 2);

    expect(rules.getState()).toMatchObject({
      pending: null,
      isDirty: false,
      kept: { defaults: { fill: 'all-or-none' } },
    });
  });

  test('a refused document stays in the form with the reason, and the old one stays in force', () => {
    const rules = makeRulesStore();
    rules.setValue(ALL, 'fill', 'all-or-none');
    rules.sent(7);

    rules.refused(7, { code: 'rules-invalid', message: 'no', where: 'defaults.fill' });

    expect(rules.getState()).toMatchObject({ pending: null, isDirty: true, kept: { version: 1 } });
    expect(rules.getState().refusal?.where).toBe('defaults.fill');
  });

  test('rules that come from the engine do not overwrite what is being typed', () => {
    const rules = makeRulesStore();
    rules.setValue(ALL, 'fill', 'all-or-none');

    rules.applied(null, { version: 1, defaults: { ttlMs: 1 } }, 2);

    expect(compact(rules.getState().draft)).toEqual({ version: 1, defaults: { fill: 'all-or-none' } });
    expect(rules.getState().isDirty).toBe(true);
  });

  test('each preset loads without a problem', () => {
    for (const document of Object.values(PRESETS)) {
      const rules = makeRulesStore();
      rules.load(document);
      expect(rules.getState().problems).toEqual([]);
    }
  });

  test('every default of the product can be told in words', () => {
    for (const field of [...SYMBOL_FIELDS, ...SESSION_FIELDS, ...LIMIT_FIELDS]) {
      expect(valueText(field, field.defaultValue)).not.toMatch(/[{}[\]]|undefined|object/);
    }
  });
});
