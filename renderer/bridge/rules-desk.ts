import type { FlinkTradeApi } from '../../electron/contract/preload-api.ts';
import { checkRules, readRules } from '../../engine/contract/rules-schema.ts';
import type { EngineCommand } from '../../engine/contract/window.ts';
import type { MemoryKeeper } from '../persistence/memory-keeper.ts';
import type { LayoutStore } from '../stores/layout-store.ts';
import { baseName } from '../stores/open-draft-store.ts';
import type { RulesStore } from '../stores/rules-store.ts';
import { isActive, type SessionStore } from '../stores/session-store.ts';

/** What rules are applied and kept with: the household. */
export interface RulesDeskHost {
  readonly session: SessionStore;
  readonly rules: RulesStore;
  readonly layout: LayoutStore;
  readonly memory: MemoryKeeper;
  readonly importRules: FlinkTradeApi['importRules'];
  /** Into a file that a person chooses. */
  readonly save: (kind: 'rules', suggestedName: string, text: string) => Promise<void>;
  readonly send: (command: EngineCommand) => void;
  readonly nextRequest: () => number;
}

/** What a person does with rules: applies those that were edited, reads them from a file, writes them to one. */
export class RulesDesk {
  readonly #host: RulesDeskHost;

  constructor(host: RulesDeskHost) {
    this.#host = host;
  }

  apply(): void {
    const document = this.#host.rules.checkedDraft();
    if (document === null) return;
    this.#host.memory.keepRules(document);
    if (!isActive(this.#host.session.getState().status)) {
      // Nothing runs: the next session starts with them.
      this.#host.rules.applied(null, document, 0);
      this.#host.rules.revert();
      this.#host.layout.say('good', 'Rules saved. The next session starts with them.');
      return;
    }
    const requestId = this.#host.nextRequest();
    this.#host.rules.sent(requestId);
    this.#host.send({ kind: 'apply-rules', requestId, rules: document });
  }

  async import(): Promise<void> {
    const answer = await this.#host.importRules();
    if (answer.kind === 'cancelled') return;
    if (answer.kind === 'failed') {
      this.#host.rules.setImportProblems([answer.reason]);
      return;
    }
    const read = readRules(answer.text);
    if (read.ok) {
      this.#host.rules.load(read.value);
      this.#host.layout.say('good', `${baseName(answer.path)} is loaded. Apply it to make it hold.`);
    } else {
      this.#host.rules.setImportProblems(read.problem.map((problem) => `${baseName(answer.path)}: ${problem.message}`));
    }
  }

  async export(): Promise<void> {
    const document = this.#host.rules.checkedDraft();
    if (document !== null) await this.#host.save('rules', 'rules.json', `${JSON.stringify(document, null, 2)}\n`);
  }

  /** What was kept from the last time, as far as it still holds. */
  remember(current: unknown, saved: readonly { readonly name: string; readonly document: unknown }[]): void {
    const checked = current === null ? null : checkRules(current);
    if (checked?.ok === true) this.#host.rules.keep(checked.value);
    if (checked?.ok === false) {
      this.#host.layout.say(
        'bad',
        'The remembered rules do not hold with this version; the defaults are used instead.',
      );
    }
    this.#host.rules.setSaved(
      saved.flatMap(({ name, document }) => {
        const read = checkRules(document);
        return read.ok ? [{ name, document: read.value }] : [];
      }),
    );
  }
}
