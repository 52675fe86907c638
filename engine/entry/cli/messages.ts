/** Exit codes that scripts rely on (trading-rules "Command line"). */
export const EXIT_DONE = 0;
export const EXIT_INTERNAL = 1;
export const EXIT_USAGE = 2;
export const EXIT_INPUT = 3;
export type ExitCode = typeof EXIT_DONE | typeof EXIT_INTERNAL | typeof EXIT_USAGE | typeof EXIT_INPUT;

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

export const USAGE = `FlinkTrade command line

  flinktrade replay INPUT... --positions FILE [--rules FILE] [--profile NAME|FILE]
             [--workers N] [--speed max|xN] [--report FILE|-] [--trades FILE|-]
      Trades out of the positions on recorded quotes and prints the position table.
      INPUT        a recording, CSV or JSON lines, also .gz and .zip; several are merged by event time
      --positions  CSV with a header: symbol,shares,buyPrice[,ttlMs][,openedAt]
      --rules      JSON: {"version": 1, "defaults": {...}, "symbols": {...}, "limits": {...}}; or a preset: original-demo
      --profile    how to read the input; without it FlinkTrade looks and says what it chose
      --workers    worker threads, 1 to 32 (results are the same with any number)
      --speed      max, or x1, x60 ...: event seconds per second
      --report     JSON report to a file, or - for standard output
      --trades     trades as CSV to a file, or - for standard output
      more: --max-parallelism N (key groups), --out-of-orderness-ms N, --max-future-ms N

  flinktrade record INPUT... -o FILE [--profile NAME|FILE]   write FlinkTrade's own, fast recording
  flinktrade inspect FILE [--profile NAME|FILE] [--json]     symbols, span, counts and oddities of a session file
  flinktrade sample [--seed N] [--seconds N] [--workers N] [--speed max|xN] [--rules FILE]
                                                             replay the built-in simulated market
  flinktrade profiles                                        the ready profiles

Exit codes: 0 done; 2 wrong usage, rules, positions or profile; 3 an input cannot be read; 1 an internal failure;
130 interrupted.
`;
