import type { StoreError } from '../../contract/durable-store.ts';

/** Exit codes that scripts rely on (trading-rules "Command line"). */
export const EXIT_DONE = 0;
export const EXIT_INTERNAL = 1;
export const EXIT_USAGE = 2;
export const EXIT_INPUT = 3;
/** What was asked for is not there: a position, a key, a checkpoint. */
export const EXIT_NOT_FOUND = 4;
/** `audit verify` found a bad record. */
export const EXIT_NOT_INTACT = 1;
export type ExitCode =
  typeof EXIT_DONE | typeof EXIT_INTERNAL | typeof EXIT_USAGE | typeof EXIT_INPUT | typeof EXIT_NOT_FOUND;

/** What is there cannot be used, or nothing can be put there. */
export function storeExitCode({ kind }: StoreError): ExitCode {
  return kind === 'damaged' || kind === 'lost' || kind === 'newer' ? EXIT_INPUT : EXIT_USAGE;
}

/** A user's mistake or a failed run: told in full sentences, then the program leaves with the code. Never a stack. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Names and texts out of files must not steer the terminal they are printed on. */
export function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '\u{fffd}');
}

const USAGE = `FlinkTrade command line

  flinktrade replay INPUT... --positions FILE [--rules FILE] [--profile NAME|FILE]
             [--workers N] [--speed max|xN] [--state DIR] [--report FILE|-] [--trades FILE|-]
      Trades out of the positions on recorded quotes and prints the position table.
      INPUT        a recording, CSV or JSON lines, also .gz and .zip; several are merged by event time
      --positions  CSV with a header: symbol,shares,buyPrice[,ttlMs][,openedAt]
      --rules      JSON: {"version": 1, "defaults": {...}, "symbols": {...}, "limits": {...}}; or a preset: original-demo
      --profile    how to read the input; without it FlinkTrade looks and says what it chose
      --workers    worker threads, 1 to 32 (results are the same with any number)
      --autoscale  let their number follow how busy they are, up to the number of processors
      --speed      max, or x1, x60 ...: event seconds per second
      --state      a folder for checkpoints: the same command goes on from the last one after a crash, with any --workers
      --report     JSON report to a file, or - for standard output
      --trades     trades as CSV to a file, or - for standard output
      more: --max-parallelism N (key groups), --out-of-orderness-ms N, --max-future-ms N;
            --serve PORT: its state can be asked on this machine while it runs, and after its end until Ctrl-C (0: a free port);
            with --state: --savepoint FILE (begin there), --checkpoint-interval-ms N (1000), --checkpoints-kept N (2), --checkpoint-timeout-ms N (600000)

  flinktrade bars INPUT... --interval 1s|5s|1m|5m|15m|1h|1d [--price bid|ask|mid] [-o FILE|-] [--profile NAME|FILE]
      The bars of each symbol as CSV: symbol,startMs,open,high,low,close,quotes; days are those of UTC.
      --price      mid (default): the mean of bid and ask, exact
      --open       first (default): a bar opens with its first quote; previous-close: where the one before it closed
      more: --workers N, --out-of-orderness-ms N, --max-future-ms N; --journal DIR instead of INPUT: of a live session

  flinktrade executions INPUT... --positions FILE [--rules FILE] [--interval 1m] [-o FILE|-] [--profile NAME|FILE]
      Each trade beside the market, as CSV: the quote that stood before it, how old it was, and the volume-weighted price
      of the symbol's trades in that interval (id,symbol,shares,price,eventTimeMs,bid,ask,mid,quoteAgeMs,vwap).

  flinktrade record INPUT... -o FILE [--profile NAME|FILE]   write FlinkTrade's own, fast recording
  flinktrade inspect FILE [--profile NAME|FILE] [--json]     symbols, span, counts and oddities of a session file
  flinktrade sample [--seed N] [--seconds N] [--workers N] [--speed max|xN] [--rules FILE]
                                                             replay the built-in simulated market
  flinktrade kill [--user-data-dir DIR]                      press the workstation's kill switch, whatever its window does;
                                                             one that is not running starts halted (making the file
                                                             kill-switch in its data folder does the same)
  flinktrade rescale [DIR] --workers N                       another number of workers for a session that runs with --state DIR
                                                             (without DIR: the workstation's, see --user-data-dir DIR)
  flinktrade profiles                                        the ready profiles

  flinktrade feed [INPUT...] [--profile NAME|FILE] [--speed max|xN] [--port N] [--host ADDRESS] [--format raw|combined]
      Serves a session as a live feed over a local WebSocket, as book tickers in JSON; without INPUT the simulated market.
      --stamp      now (default): each quote is stamped when it is sent; recorded: it keeps its time
      --seed, --symbols, --quotes-per-second   of the simulated market; --positions-out FILE: positions to go with it
      Faults to try a reader with: --drop-after N, --gap N, --repeat N, --garbage N (messages), --silence SECONDS

  flinktrade live URL --positions FILE --state DIR [--rules FILE] [--profile NAME|FILE] [--workers N] [--autoscale]
             [--trades FILE|-] [--report FILE|-] [--for SECONDS]
      Trades on a live feed (ws:// or wss://) until Ctrl-C. Everything that arrives is journaled in DIR; a trade is final,
      and printed with --trades -, when its quote is there for good. Started again with the same DIR it goes on.
      Kill switch: signal SIGUSR2; to clear it, end the session and start it again with --rearm REASON.
      more: --subscribe TEXT (sent on connecting), --stale-ms N (2000; 0: never), --idle-ms N (1000),
            --out-of-orderness-ms N, --max-future-ms N (2000), --serve PORT,
            --checkpoint-interval-ms N (1000), --checkpoints-kept N (2), --checkpoint-timeout-ms N (600000)
  flinktrade replay --journal DIR --positions FILE ...       replay a live session; record --journal DIR -o FILE exports it

  flinktrade gateway [--port N] [--seed N] [--latency-ms N] [--latency fixed|uniform|exponential]
             [--error-rate R] [--partial-rate R] [--reject-rate R] [--hang-rate R] [--ledger FILE]
      A simulated execution gateway with reference data, over HTTP on this machine (127.0.0.1). It executes an order id
      once; asked again it gives the first answer, with --ledger also after it was killed. Rates are from 0 to 1.
  flinktrade replay|live ... --gateway URL
      Each final trade is sent there as an order under its own id; orders without an answer are asked for again at the
      next start. Without --gateway: paper trading. replay needs --state for it.

  flinktrade query list [STATE]             the states that can be asked of a running session, or the rows of one of them
             [--prefix TEXT] [--filter FIELD:OPERATOR:VALUE] [--sort FIELD] [--descending] [--limit N]
  flinktrade query STATE KEY                one value: flinktrade query position AAPL
             [--as-of N] (a kept checkpoint), [--json], [--csv]
  flinktrade positions [--watch] [--symbols GOOG,AAPL,TWTR] [--json]
      The table of positions of a running session; --watch: ten times a second, until Ctrl-C.
  flinktrade explain SYMBOL [--as-of N] [--since N] [--json]
  flinktrade explain --trade ID [--state DIR] [--json]
      Why it did or did not trade on its last quote, with the numbers compared, its pending timer, and what has changed
      since a kept checkpoint. With --state the trade is looked up in the audit trail of that folder; nothing need run.
      query, positions and explain find the workstation with its local server on, or a replay or live started with --serve;
      --url ADDRESS and --token FILE choose one; --user-data-dir DIR is where a workstation keeps its data.

  flinktrade savepoint DIR -o FILE          the newest checkpoint of a --state folder in one file, for --savepoint
  flinktrade audit verify PATH              is the audit trail what was written? PATH: a --state folder, or an export;
                                            names the first bad record and leaves with 1 when it is not
  flinktrade audit export DIR -o FILE|-     the audit trail of a --state folder, as JSON lines

Exit codes: 0 done; 2 wrong usage, rules, positions or profile; 3 an input cannot be read,
or nobody runs who can be asked; 4 what was asked for is not there; 1 an internal failure, or an
audit trail that is not intact; 130 interrupted.
`;

/** @param topic a command: the paragraphs that tell of it; null, or a word that none tells of: all of them */
export function usage(topic: string | null): string {
  const [title, ...paragraphs] = USAGE.trimEnd().split('\n\n');
  const about = paragraphs.filter((paragraph) =>
    [...paragraph.matchAll(/^ {2}flinktrade (\S+)/gm)].some(([, commands]) =>
      commands.split('|').includes(topic ?? ''),
    ),
  );
  if (about.length === 0) return USAGE;
  return `${[title, ...about, paragraphs[paragraphs.length - 1]].join('\n\n')}\n`;
}
