import { useId } from 'react';
import { Icon } from '../../ui/icon.tsx';
import { RuleControl } from './rule-control.tsx';
import { allowedInForm, hintOf, valueText, type FieldModel } from './rules-form-model.ts';

/** One rule: its name, its input, what is inherited, what it means, and what is wrong with it. */
export function RuleRow({
  model,
  onValue,
}: {
  readonly model: FieldModel;
  readonly onValue: (value: unknown) => void;
}) {
  const id = useId();
  const { field, own, problem } = model;
  const isSet = own !== undefined;
  return (
    <div className={isSet ? 'rule is-set' : 'rule'} data-rule={field.name}>
      <label className="rule-label" htmlFor={id} title={hintOf(field)}>
        {field.label}
      </label>
      <div className="rule-control">
        <RuleControl id={id} model={model} onValue={onValue} />
        <span className="rule-inherited">
          {isSet
            ? `${model.inheritedFrom === 'the product' ? 'default' : 'all symbols'}: ${valueText(field, model.inherited)}`
            : ''}
        </span>
      </div>
      {isSet ? (
        <button
          type="button"
          className="button quiet icon"
          aria-label={`Reset ${field.label}`}
          title="Back to the inherited value"
          onClick={() => onValue(undefined)}
        >
          <Icon name="reset" />
        </button>
      ) : (
        <span />
      )}
      {problem === null ? (
        <div className="rule-help">{field.help}</div>
      ) : (
        <div className="rule-problem" role="alert" id={`${id}-problem`}>
          {problem.path}: found {problem.found}; allowed: {allowedInForm(problem.allowed)}.
        </div>
      )}
    </div>
  );
}
