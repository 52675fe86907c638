import {
  inspectOpened,
  inspectSession,
  type SessionInspection,
} from '../../connectors/recording/inspect-session.node.ts';
import { openJournal } from '../session/open-journal.node.ts';
import type { CliCommand } from './arguments.ts';

const SYMBOLS_SHOWN = 20;

export async function runInspect(command: Extract<CliCommand, { kind: 'inspect' }>): Promise<void> {
  const { journal, input, profile } = command;
  const inspection =
    journal === null ? await inspectSession([input], profile) : await inspectOpened(await openJournal(journal), []);
  process.stdout.write(command.json ? `${JSON.stringify(inspection, null, 2)}\n` : `${inspectionText(inspection)}\n`);
}

function timeText(ms: number | null): string {
  return ms === null ? '-' : new Date(ms).toISOString();
}

function liveLines({ live }: SessionInspection): (readonly [string, string | number])[] {
  if (live === null) return [];
  const { facts, missed, staleQuotes, clockSteps, idleSteps, controls } = live;
  return [
    ['stale when they came', staleQuotes],
    ['steps without quotes', `${clockSteps}, event time went on in ${idleSteps}`],
    ['controls', controls],
    ...Object.entries(facts).map(
      ([what, count]) => [`feed: ${what}`, what === 'gap' ? `${count}, ${missed} messages` : count] as const,
    ),
  ];
}

export function inspectionText(inspection: SessionInspection): string {
  const { oddities } = inspection;
  const busiest = [...oddities.symbols].sort(
    (left, right) => right.quotes - left.quotes || (left.symbol < right.symbol ? -1 : 1),
  );
  const hidden = busiest.length - SYMBOLS_SHOWN;
  const lines: (readonly [string, string | number])[] = [
    ...inspection.chosen.map(({ input, profile, why }) => ['input', `${input}, read as ${profile} (${why})`] as const),
    ...(inspection.bytes === null ? [] : [['bytes', inspection.bytes] as const]),
    ['rows', inspection.rows],
    ['  quarantined', inspection.quarantined],
    ['  ignored', inspection.ignored],
    ['quotes', oddities.quotes],
    ['symbols', oddities.symbols.length],
    ['first', timeText(oddities.firstEventTimeMs)],
    ['last', timeText(oddities.lastEventTimeMs)],
    ['locked', oddities.locked],
    ['crossed', oddities.crossed],
    ['no bid', oddities.noBid],
    ['no ask', oddities.noAsk],
    ['neither side', oddities.noSides],
    ['unknown sizes', oddities.unknownSizes],
    ['unchanged repeats', oddities.unchangedRepeats],
    [
      'out of order',
      oddities.outOfOrder === 0 ? 0 : `${oddities.outOfOrder}, by ${oddities.outOfOrderMsMax} ms at most`,
    ],
    ['most in one ms', oddities.quotesPerMsMax],
    ...oddities.gaps.map(
      ({ fromMs, toMs }) =>
        ['gap', `${timeText(fromMs)} to ${timeText(toMs)}, ${((toMs - fromMs) / 1000).toFixed(1)} s`] as const,
    ),
    ...liveLines(inspection),
    ...Object.entries(inspection.quarantinedByReason).map(
      ([reason, count]) => [`quarantined: ${reason}`, count] as const,
    ),
    ...inspection.quarantinedRows.map(
      ({ input, line, reason, text }) => [`  ${input}:${line}`, `${reason}: ${JSON.stringify(text)}`] as const,
    ),
    ...busiest.slice(0, SYMBOLS_SHOWN).map(({ symbol, quotes }) => [`  ${symbol}`, quotes] as const),
    ...(hidden > 0 ? [['  and', `${hidden} more symbols`] as const] : []),
  ];
  const width = Math.max(...lines.map(([label]) => label.length));
  return lines.map(([label, value]) => `${label.padEnd(width)}  ${value}`).join('\n');
}
