import { expect, test } from 'vitest';
import { createQuoteBatch } from '../../engine/connectors/sources/quote-batch.ts';
import { RowLedger } from '../../engine/connectors/sources/row-ledger.ts';
import { SessionStamper } from '../../engine/connectors/sources/session-stamper.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import { RecordedOutput } from './session-kit.ts';

/** So many that it is worth saying which come next. */
const SYMBOLS = 40_000;
const BATCH = 4_000;

class CountingOutput extends RecordedOutput {
  announced = 0;

  override announceSymbols(...[, from, to]: [Int32Array, number, number] | []): void {
    this.announced += (to ?? 0) - (from ?? 0);
  }
}

test('of very many symbols each quote is announced once at the most, also where all of them are new', () => {
  const symbols = new SymbolTable();
  const stamper = new SessionStamper(symbols, {
    outOfOrdernessMs: 0,
    maxFutureMs: Infinity,
    positions: [],
    alignFullSeconds: false,
    symbolIdOf: (symbol) => Number(symbol.slice(1)),
    drivesProcessingTime: false,
  });
  const ledger = new RowLedger('memory');
  const output = new CountingOutput();
  const batch = createQuoteBatch(BATCH);
  for (let first = 0; first < SYMBOLS; first += BATCH) {
    for (let index = 0; index < BATCH; index += 1) batch.symbol[index] = symbols.intern(`S${first + index}`);
    batch.time.fill(first);
    batch.to = BATCH;
    for (batch.from = 0; batch.from < BATCH; batch.from += 1) {
      batch.from = stamper.takeUsual(batch, batch.from, BATCH, Infinity, ledger, output);
      if (batch.from < BATCH) stamper.offer(batch, batch.from, ledger, output, Infinity);
    }
  }
  expect(stamper.takenQuotes).toBe(SYMBOLS);
  expect(output.announced).toBeGreaterThan(0);
  expect(output.announced).toBeLessThanOrEqual(SYMBOLS);
});
