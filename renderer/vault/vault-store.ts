import type { VaultPageRequest, VaultPageResult } from '../../electron/contract/vault-port.ts';
import { VAULT_FORMAT, VaultDatabase } from './vault-database.ts';

const UNREADABLE: ReadonlySet<string> = new Set(['NotFoundError', 'NotReadableError', 'DataError']);

type Refusal = Extract<VaultPageResult, { kind: 'refused' }>;
type Call = VaultPageRequest['call'];

/** Ends an attempt whose reason another attempt would not mend. */
class Refused extends Error {
  readonly refusal: Refusal;

  constructor(reason: Refusal['reason'], message: string) {
    super(message);
    this.refusal = { kind: 'refused', reason, message };
  }
}

/**
 * Does what main asks of this copy. Every call can be done twice. A connection that breaks is not made anew from here: a
 * write that failed may have left a torn record, and opening the log again without care would end in its deletion. Main
 * ends this page, makes the log safe, and starts another page, which must find the same store.
 */
export class VaultStore {
  #database: VaultDatabase | null = null;
  /** Random, written when the store was born; another one means another store. */
  #instance: string | null = null;

  async answer(call: Call): Promise<VaultPageResult> {
    try {
      if (call.kind === 'open') {
        this.#instance ??= call.instance;
        this.#database ??= await this.#open();
      }
      if (this.#database === null) throw new Refused('failed', `${call.kind}: the database is not open.`);
      return await perform(this.#database, call, this.#instance ?? '');
    } catch (error) {
      return error instanceof Refused ? error.refusal : refusalOf(error, call);
    }
  }

  async #open(): Promise<VaultDatabase> {
    const database = new VaultDatabase();
    try {
      await database.open();
      const instance = await recognise(database, this.#instance === null);
      if (this.#instance !== null && instance !== this.#instance) {
        throw new Refused(
          'lost',
          'The database was deleted while it was in use; there is another, empty one in its place.',
        );
      }
      this.#instance = instance;
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }
}

/** @returns the instance; a store that was just born gets one, if it may be born */
async function recognise(database: VaultDatabase, mayBeBorn: boolean): Promise<string> {
  const [format, instance] = await database.facts.bulkGet(['format', 'instance']);
  if (format === undefined && instance === undefined) {
    if ((await database.values.count()) > 0) {
      throw new Refused('damaged', 'The database has values, but nothing that says what it is.');
    }
    if (!mayBeBorn) return '';
    const born = crypto.randomUUID();
    await database.facts.bulkPut([
      { name: 'format', value: VAULT_FORMAT },
      { name: 'instance', value: born },
    ]);
    return born;
  }
  if (typeof format?.value === 'number' && format.value > VAULT_FORMAT) {
    throw new Refused(
      'newer',
      `The database was written by a newer FlinkTrade (format ${format.value}; this one knows ${VAULT_FORMAT}). It was left untouched.`,
    );
  }
  if (format?.value !== VAULT_FORMAT || typeof instance?.value !== 'string') {
    throw new Refused('damaged', 'The database does not say properly what it is.');
  }
  return instance.value;
}

async function perform(database: VaultDatabase, call: Call, instance: string): Promise<VaultPageResult> {
  switch (call.kind) {
    case 'open':
      return { kind: 'opened', instance };
    case 'put':
      await database.values.put({ name: call.name, bytes: call.bytes });
      return { kind: 'done' };
    case 'get':
      return { kind: 'value', bytes: (await database.values.get(call.name))?.bytes ?? null };
    case 'list': {
      const { values } = database;
      const found = call.prefix === '' ? values.toCollection() : values.where('name').startsWith(call.prefix);
      return { kind: 'names', names: await found.primaryKeys() };
    }
    case 'remove':
      await database.values.bulkDelete([...call.names]);
      return { kind: 'done' };
    default:
      return call satisfies never;
  }
}

/** In Dexie's words and IndexedDB's: which of our reasons it is. */
function refusalOf(error: unknown, call: Call): Refusal {
  const names = namesOf(error);
  const text = `${call.kind}: ${textOf(error)}`;
  if (names.includes('QuotaExceededError')) return { kind: 'refused', reason: 'full', message: text };
  // The file of a big value is gone, or cannot be read.
  const isUnreadable = call.kind === 'get' && names.some((name) => UNREADABLE.has(name));
  // "Internal error opening backing store": the files are beyond what Chromium can make of them.
  const isBeyondOpening = call.kind === 'open' && names.includes('UnknownError');
  return { kind: 'refused', reason: isUnreadable || isBeyondOpening ? 'damaged' : 'failed', message: text };
}

/** The error's name and those of the errors within. */
function namesOf(error: unknown): readonly string[] {
  const names: string[] = [];
  let inner: unknown = error;
  for (let depth = 0; depth < 5 && typeof inner === 'object' && inner !== null; depth += 1) {
    if ('name' in inner) names.push(String(inner.name));
    inner = 'inner' in inner ? inner.inner : null;
  }
  return names;
}

function textOf(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 2000);
}
