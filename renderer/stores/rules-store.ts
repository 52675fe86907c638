import { createStore } from 'zustand/vanilla';
import { checkRules, type RulesProblem } from '../../engine/contract/rules-schema.ts';
import type { RulesDocument } from '../../engine/contract/rules.ts';
import type { Problem } from '../../engine/contract/window.ts';

/**
 * The rules as a person edits them, and the rules that hold. The draft is a plain document whose values may be wrong
 * while they are typed; each change is checked by the schema the engine uses, and only a draft without problems can be
 * applied. What is applied takes effect at one place in the stream; the engine answers with the version it became.
 */
export type Section = 'defaults' | 'symbols' | 'limits';
export type DraftRules = Readonly<Record<string, unknown>>;
export interface DraftDocument {
  readonly version: 1;
  readonly defaults: DraftRules;
  readonly symbols: Readonly<Record<string, DraftRules>>;
  readonly limits: DraftRules;
}

/** Where a rule stands: under `defaults`, `limits`, or of one symbol. */
export type Scope =
  | { readonly section: 'defaults' }
  | { readonly section: 'limits' }
  | { readonly section: 'symbols'; readonly symbol: string };

export interface RulesState {
  /** What the running engine was last told, and what the next session starts with. */
  readonly kept: RulesDocument;
  readonly draft: DraftDocument;
  readonly problems: readonly RulesProblem[];
  readonly isDirty: boolean;
  readonly pending: number | null;
  /** Why the engine refused the last document; cleared by the next change. */
  readonly refusal: Problem | null;
  /** Problems of a document that was imported and could not be taken. */
  readonly importProblems: readonly string[];
  readonly saved: readonly { readonly name: string; readonly document: RulesDocument }[];
}

const EMPTY_RULES: RulesDocument = { version: 1 };

export type RulesStore = ReturnType<typeof makeRulesStore>;

export function makeRulesStore() {
  const store = createStore<RulesState>(() => ({
    kept: EMPTY_RULES,
    draft: draftOf(EMPTY_RULES),
    problems: [],
    isDirty: false,
    pending: null,
    refusal: null,
    importProblems: [],
    saved: [],
  }));
  const get = store.getState;
  const setDraft = (draft: DraftDocument): void => {
    const checked = checkRules(compact(draft));
    const problems = checked.ok ? [] : checked.problem;
    store.setState({ draft, problems, isDirty: !isSame(compact(draft), get().kept), refusal: null });
  };
  return {
    ...store,
    /** What was remembered from the last run, or came from the engine. */
    keep: (kept: RulesDocument) => {
      const { isDirty } = get();
      store.setState({ kept });
      if (!isDirty) setDraft(draftOf(kept));
    },
    setSaved: (saved: RulesState['saved']) => store.setState({ saved }),
    setValue: (scope: Scope, name: string, value: unknown) => setDraft(withValue(get().draft, scope, name, value)),
    addSymbol: (symbol: string) => {
      const { draft } = get();
      if (Object.hasOwn(draft.symbols, symbol)) return;
      setDraft({ ...draft, symbols: { ...draft.symbols, [symbol]: {} } });
    },
    removeSymbol: (symbol: string) => {
      const { draft } = get();
      setDraft({ ...draft, symbols: without(draft.symbols, symbol) });
    },
    load: (document: RulesDocument) => {
      store.setState({ importProblems: [] });
      setDraft(draftOf(document));
    },
    setImportProblems: (importProblems: readonly string[]) => store.setState({ importProblems }),
    revert: () => setDraft(draftOf(get().kept)),
    /** @returns the checked draft, or null while it has problems */
    checkedDraft: (): RulesDocument | null => {
      const checked = checkRules(compact(get().draft));
      return checked.ok ? checked.value : null;
    },
    sent: (requestId: number) => store.setState({ pending: requestId, refusal: null }),
    applied: (requestId: number | null, kept: RulesDocument, _version: number) => {
      const isOurs = requestId !== null && requestId === get().pending;
      const wasDirty = get().isDirty;
      store.setState({ kept, ...(isOurs ? { pending: null, refusal: null } : {}) });
      if (isOurs || !wasDirty) setDraft(draftOf(kept));
    },
    /** @returns false when it was not about these rules */
    refused: (requestId: number, problem: Problem): boolean => {
      if (requestId !== get().pending) return false;
      store.setState({ pending: null, refusal: problem });
      return true;
    },
  };
}

export function draftOf(document: RulesDocument): DraftDocument {
  return {
    version: 1,
    defaults: { ...document.defaults },
    symbols: Object.fromEntries(
      Object.entries(document.symbols ?? {}).map(([symbol, rules]) => [symbol, { ...rules }]),
    ),
    limits: { ...document.limits },
  };
}

/** The document that the draft stands for: what is empty is left out. */
export function compact(draft: DraftDocument): object {
  const symbols = Object.entries(draft.symbols).filter(([, rules]) => Object.keys(rules).length > 0);
  return {
    version: 1,
    ...(Object.keys(draft.defaults).length > 0 ? { defaults: draft.defaults } : {}),
    ...(symbols.length > 0 ? { symbols: Object.fromEntries(symbols) } : {}),
    ...(Object.keys(draft.limits).length > 0 ? { limits: draft.limits } : {}),
  };
}

export function valueAt(draft: DraftDocument, scope: Scope, name: string): unknown {
  return rulesAt(draft, scope)[name];
}

function rulesAt(draft: DraftDocument, scope: Scope): DraftRules {
  return scope.section === 'symbols' ? (draft.symbols[scope.symbol] ?? {}) : draft[scope.section];
}

/** @param value undefined takes the rule away, so that the inherited one holds */
function withValue(draft: DraftDocument, scope: Scope, name: string, value: unknown): DraftDocument {
  const rules = rulesAt(draft, scope);
  const changed = value === undefined ? without(rules, name) : { ...rules, [name]: value };
  if (scope.section === 'symbols') return { ...draft, symbols: { ...draft.symbols, [scope.symbol]: changed } };
  return { ...draft, [scope.section]: changed };
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}

/** Equal whatever the order of keys. */
export function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, part]) => !isEmptyObject(part));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sorted(part)]));
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
