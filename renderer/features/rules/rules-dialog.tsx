import './rules.css';
import { useState, type FormEvent } from 'react';
import { preset, type PresetName } from '../../../engine/contract/rules-presets.ts';
import { symbolProblem } from '../../../engine/contract/rules-schema.ts';
import { timeText } from '../../format/time-text.ts';
import type { Scope } from '../../stores/rules-store.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';
import { RuleRow } from './rule-row.tsx';
import { countSet, groupsOf, hasProblem, symbolMeant } from './rules-form-model.ts';

const PRESETS: readonly { readonly name: PresetName; readonly text: string }[] = [
  { name: 'standard', text: 'Default rules' },
  { name: 'original-demo', text: 'Original demo' },
];

/** Every rule, for all symbols, per symbol, and the limits; checked while it is typed, applied at one place in the stream. */
export function RulesDialog() {
  const workstation = useWorkstation();
  const { rules, layout } = workstation;
  const [scope, setScope] = useState<Scope>({ section: 'defaults' });
  const state = useStore(rules, (all) => all);
  const close = (): void => {
    if (!state.isDirty) {
      layout.show(null);
      return;
    }
    layout.ask({
      title: 'Discard the changes?',
      text: 'The rules were changed but not applied. Closing takes them back to the ones in force.',
      action: 'Discard',
      onYes: () => {
        rules.revert();
        layout.show(null);
      },
    });
  };
  return (
    <Dialog
      title="Trading rules"
      width={880}
      className="rules-dialog"
      onClose={close}
      headExtra={<RulesState />}
      foot={<RulesFoot />}
    >
      <Scopes scope={scope} onScope={setScope} />
      <div className="rules-form" key={scope.section === 'symbols' ? `symbol ${scope.symbol}` : scope.section}>
        <RulesNotes />
        {groupsOf(state.draft, scope, state.problems).map((group) => (
          <section key={group.title} aria-label={group.title}>
            <h3>{group.title}</h3>
            {group.fields.map((field) => (
              <RuleRow
                key={field.field.name}
                model={field}
                onValue={(value) => rules.setValue(scope, field.field.name, value)}
              />
            ))}
          </section>
        ))}
      </div>
    </Dialog>
  );
}

/** Which version holds, and since when. */
function RulesState() {
  const { session, settings } = useWorkstation();
  const applied = useStore(session, (state) => state.appliedRules);
  const zone = useStore(settings, (state) => state.zone);
  if (applied === null) return <span className="rules-state">Not in force yet: no session runs</span>;
  const when = applied.eventTimeMs === null ? 'from the start' : `at ${timeText(applied.eventTimeMs, zone)} event time`;
  return (
    <span className="rules-state number" data-testid="rules-version">
      Version {applied.version} in force, applied {when}
    </span>
  );
}

function RulesFoot() {
  const workstation = useWorkstation();
  const { rules } = workstation;
  const { isDirty, problems, pending } = useStore(rules, (state) => state);
  const isRunning = useStore(
    workstation.session,
    (state) => state.status.kind === 'playing' || state.status.kind === 'paused',
  );
  const [first] = problems;
  return (
    <>
      <select
        className="select"
        aria-label="Load a preset"
        value=""
        onChange={(event) => {
          const found = preset(event.target.value);
          if (found.ok) rules.load(found.value);
        }}
      >
        <option value="" disabled>
          Preset{'\u2026'}
        </option>
        {PRESETS.map(({ name, text }) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
      <button type="button" className="button" onClick={() => void workstation.rulesDesk.import()}>
        Import{'\u2026'}
      </button>
      <button
        type="button"
        className="button"
        disabled={problems.length > 0}
        onClick={() => void workstation.rulesDesk.export()}
      >
        Export{'\u2026'}
      </button>
      <span className="spacer" />
      {first === undefined ? (
        <span className="rules-state">{isDirty ? 'Unsaved changes' : ''}</span>
      ) : (
        <span className="tone-bad" data-testid="rules-problems">
          {problems.length === 1 ? '1 problem' : `${problems.length} problems`}: {first.path}
        </span>
      )}
      <button type="button" className="button" disabled={!isDirty} onClick={() => rules.revert()}>
        Revert
      </button>
      <button
        type="button"
        className="button primary"
        disabled={!isDirty || problems.length > 0 || pending !== null}
        onClick={() => workstation.rulesDesk.apply()}
      >
        {pending === null ? (isRunning ? 'Apply to the session' : 'Save') : 'Applying\u2026'}
      </button>
    </>
  );
}

/** What the engine or an imported file had to say. */
function RulesNotes() {
  const { rules } = useWorkstation();
  const refusal = useStore(rules, (state) => state.refusal);
  const importProblems = useStore(rules, (state) => state.importProblems);
  return (
    <>
      {refusal === null ? null : (
        <div className="rules-notes" role="alert">
          The engine refused these rules; the ones before hold on.{'\n'}
          {refusal.message}
          {refusal.where === null ? '' : ` (${refusal.where})`}
        </div>
      )}
      {importProblems.length === 0 ? null : (
        <div className="rules-notes" role="alert">
          The file was not taken.{'\n'}
          {importProblems.join('\n')}
        </div>
      )}
    </>
  );
}

function Scopes({ scope, onScope }: { readonly scope: Scope; readonly onScope: (scope: Scope) => void }) {
  const { rules } = useWorkstation();
  const { draft, problems } = useStore(rules, (state) => state);
  const item = (text: string, target: Scope, isCurrent: boolean) => (
    <button
      key={text}
      type="button"
      className={hasProblem(problems, target) ? 'rules-scope has-problem' : 'rules-scope'}
      aria-current={isCurrent}
      title={text}
      onClick={() => onScope(target)}
    >
      <span>{text}</span>
      <span className="number tone-quiet">{countSet(draft, target) || ''}</span>
    </button>
  );
  return (
    <nav className="rules-scopes" aria-label="What the rules are for">
      {item('All symbols', { section: 'defaults' }, scope.section === 'defaults')}
      {item('Limits', { section: 'limits' }, scope.section === 'limits')}
      <h3 className="section-label" style={{ margin: '14px 8px 4px' }}>
        Symbols with own rules
      </h3>
      {Object.keys(draft.symbols)
        .sort()
        .map((symbol) => (
          <div key={symbol} style={{ display: 'flex' }}>
            <div style={{ flex: 1, minWidth: 0, display: 'grid' }}>
              {item(symbol, { section: 'symbols', symbol }, scope.section === 'symbols' && scope.symbol === symbol)}
            </div>
            <button
              type="button"
              className="button quiet icon"
              aria-label={`Remove the rules of ${symbol}`}
              onClick={() => {
                rules.removeSymbol(symbol);
                onScope({ section: 'defaults' });
              }}
            >
              <Icon name="close" />
            </button>
          </div>
        ))}
      <NewSymbol onAdded={(symbol) => onScope({ section: 'symbols', symbol })} />
    </nav>
  );
}

/** Gives a symbol rules of its own. */
function NewSymbol({ onAdded }: { readonly onAdded: (symbol: string) => void }) {
  const { rules, chart, rows } = useWorkstation();
  const [name, setName] = useState('');
  const [complaint, setComplaint] = useState<string | null>(null);
  const add = (event: FormEvent): void => {
    event.preventDefault();
    const symbol = symbolMeant(name.trim(), rows);
    const problem = symbolProblem(symbol);
    if (problem !== null) return setComplaint(`Allowed: ${problem}.`);
    // Not refused: it may be quoted later, or in the next session.
    const isMissing = rows.symbols.length > 0 && rows.find(symbol) === null;
    setComplaint(isMissing ? `${symbol} is not in this session.` : null);
    rules.addSymbol(symbol);
    setName('');
    onAdded(symbol);
  };
  return (
    <>
      <form onSubmit={add}>
        <input
          className="input"
          aria-label="Symbol to set own rules for"
          placeholder={chart.symbol ?? 'Symbol'}
          value={name}
          maxLength={64}
          onChange={(event) => setName(event.target.value)}
        />
        <button type="submit" className="button icon" aria-label="Add the symbol">
          <Icon name="plus" />
        </button>
      </form>
      {complaint === null ? null : (
        <span className="rules-complaint tone-warning" role="status">
          {complaint}
        </span>
      )}
    </>
  );
}
