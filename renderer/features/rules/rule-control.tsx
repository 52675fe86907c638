import type { ValueKind } from '../../../engine/contract/rules-fields.ts';
import { decimalFromText, durationWords, integerFromText, valueText, type FieldModel } from './rules-form-model.ts';

interface ControlProps {
  readonly id: string;
  readonly model: FieldModel;
  readonly onValue: (value: unknown) => void;
}

const CHOICE_TEXTS: Readonly<Record<string, string>> = {
  above: 'above our ask',
  'at-or-above': 'at or above our ask',
  partial: 'partial',
  'all-or-none': 'all or none',
  event: 'event time',
  processing: "the machine's clock",
  drop: 'set aside',
  process: 'treat like any other',
  'trade-price': 'the trade price',
  ask: 'the ask before',
};

/** The input that fits the kind of value. What cannot be read as a value is kept as typed, for the schema to name. */
export function RuleControl({ id, model, onValue }: ControlProps) {
  const { kind } = model.field;
  switch (kind.type) {
    case 'decimal':
      return <TextControl id={id} model={model} onValue={onValue} read={decimalFromText} canBeNone={kind.canBeNone} />;
    case 'integer':
      return <TextControl id={id} model={model} onValue={onValue} read={integerFromText} canBeNone={kind.canBeNone} />;
    case 'time-zone':
      return <TextControl id={id} model={model} onValue={onValue} read={decimalFromText} canBeNone={false} isWord />;
    case 'boolean':
      return <BooleanControl id={id} model={model} onValue={onValue} />;
    case 'choice':
      return <ChoiceControl id={id} model={model} kind={kind} onValue={onValue} />;
    case 'amount':
      return (
        <AmountControl
          id={id}
          value={model.own}
          inherited={model.inherited}
          onValue={onValue}
          isInvalid={model.problem !== null}
        />
      );
    case 'ask-increase':
      return <AskIncreaseControl id={id} model={model} onValue={onValue} />;
    case 'ask-floor':
      return <AskFloorControl id={id} model={model} onValue={onValue} />;
    default:
      return kind satisfies never;
  }
}

function TextControl(
  props: ControlProps & {
    readonly read: (text: string) => unknown;
    readonly canBeNone: boolean;
    readonly isWord?: boolean;
  },
) {
  const { id, model, onValue } = props;
  const { own, inherited, field, problem } = model;
  const isNone = own === null || own === 'none';
  const words = field.unit === 'ms' ? durationWords(own === undefined ? inherited : own) : '';
  return (
    <>
      <input
        id={id}
        className={props.isWord === true ? 'input' : 'input right'}
        style={props.isWord === true ? { width: 180 } : undefined}
        value={own === undefined || isNone ? '' : String(own)}
        placeholder={isNone ? 'none' : valueText(field, inherited)}
        aria-invalid={problem !== null}
        maxLength={80}
        spellCheck={false}
        onChange={(event) => onValue(props.read(event.target.value))}
      />
      <span className="unit">
        {field.unit}
        {words === '' ? '' : ` = ${words}`}
      </span>
      {props.canBeNone ? (
        <label className="check">
          <input
            type="checkbox"
            checked={isNone}
            onChange={(event) => onValue(event.target.checked ? null : undefined)}
          />
          none
        </label>
      ) : null}
    </>
  );
}

function BooleanControl({ id, model, onValue }: ControlProps) {
  const value = model.own === undefined ? model.inherited : model.own;
  return (
    <label className="check">
      <input id={id} type="checkbox" checked={value === true} onChange={(event) => onValue(event.target.checked)} />
      {value === true ? 'on' : 'off'}
    </label>
  );
}

function ChoiceControl({
  id,
  model,
  kind,
  onValue,
}: ControlProps & { readonly kind: Extract<ValueKind, { type: 'choice' }> }) {
  const value = model.own === undefined ? model.inherited : model.own;
  return (
    <select
      id={id}
      className="select"
      value={String(value)}
      aria-invalid={model.problem !== null}
      onChange={(event) => onValue(event.target.value)}
    >
      {kind.values.map((one) => (
        <option key={one} value={one}>
          {CHOICE_TEXTS[one] ?? one}
        </option>
      ))}
      {kind.values.includes(String(value)) ? null : <option value={String(value)}>{String(value)}</option>}
    </select>
  );
}

/** Money or percent: the same text under another unit. */
function AmountControl(props: {
  readonly id: string;
  readonly value: unknown;
  readonly inherited: unknown;
  readonly isInvalid: boolean;
  readonly onValue: (value: unknown) => void;
}) {
  const shown = props.value === undefined ? props.inherited : props.value;
  const isPercent = typeof shown === 'object' && shown !== null && 'percent' in shown;
  const textOf = (amount: unknown): string => {
    if (typeof amount === 'object' && amount !== null) return String((amount as { percent?: unknown }).percent ?? '');
    return amount === undefined || amount === null ? '' : String(amount);
  };
  const make = (text: string, percent: boolean): unknown => {
    const value = decimalFromText(text);
    if (value === undefined) return undefined;
    return percent ? { percent: value } : value;
  };
  return (
    <>
      <input
        id={props.id}
        className="input right"
        style={{ width: 90 }}
        value={textOf(props.value)}
        placeholder={textOf(props.inherited)}
        aria-invalid={props.isInvalid}
        maxLength={40}
        onChange={(event) => props.onValue(make(event.target.value, isPercent))}
      />
      <select
        className="select"
        aria-label="Amount of money or percent"
        value={isPercent ? '%' : '$'}
        onChange={(event) => props.onValue(make(textOf(shown), event.target.value === '%'))}
      >
        <option value="$">$</option>
        <option value="%">%</option>
      </select>
    </>
  );
}

function AskIncreaseControl({ id, model, onValue }: ControlProps) {
  const own = recordOf(model.own);
  const inherited = recordOf(model.inherited);
  const from = own?.['from'] ?? inherited?.['from'];
  return (
    <>
      <span className="unit">to</span>
      <select
        className="select"
        aria-label="What the amount is added to"
        value={String(from)}
        onChange={(event) => onValue({ from: event.target.value, amount: own?.['amount'] ?? inherited?.['amount'] })}
      >
        <option value="trade-price">the trade price</option>
        <option value="ask">the ask before</option>
      </select>
      <span className="unit">plus</span>
      <AmountControl
        id={id}
        value={own?.['amount']}
        inherited={inherited?.['amount']}
        isInvalid={model.problem !== null}
        onValue={(amount) => onValue(amount === undefined ? undefined : { from, amount })}
      />
    </>
  );
}

type FloorMode = 'percentOfBuy' | 'price' | 'none';

function AskFloorControl({ id, model, onValue }: ControlProps) {
  const shown = model.own === undefined ? model.inherited : model.own;
  const mode = floorModeOf(shown);
  const textOf = (value: unknown): string => (mode === 'none' ? '' : String(recordOf(value)?.[mode] ?? ''));
  const change = (next: FloorMode): void => {
    if (next === 'none') onValue('none');
    else onValue({ [next]: next === 'percentOfBuy' ? '95' : '' });
  };
  return (
    <>
      <select
        className="select"
        aria-label="Kind of floor"
        value={mode}
        onChange={(event) => change(event.target.value as FloorMode)}
      >
        <option value="percentOfBuy">% of the buying price</option>
        <option value="price">a price</option>
        <option value="none">none</option>
      </select>
      {mode === 'none' ? null : (
        <>
          <input
            id={id}
            className="input right"
            style={{ width: 90 }}
            value={model.own === undefined ? '' : textOf(model.own)}
            placeholder={floorModeOf(model.inherited) === mode ? textOf(model.inherited) : ''}
            aria-invalid={model.problem !== null}
            maxLength={40}
            onChange={(event) => onValue({ [mode]: event.target.value.trim() })}
          />
          <span className="unit">{mode === 'price' ? '$' : '%'}</span>
        </>
      )}
    </>
  );
}

function floorModeOf(value: unknown): FloorMode {
  const record = recordOf(value);
  if (record === null) return 'none';
  return 'price' in record ? 'price' : 'percentOfBuy';
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
}
