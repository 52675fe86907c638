import { openSession, type OpenSession } from '../../connectors/files/open-session.node.ts';
import { FeedPlayer } from '../../connectors/live/feed-player.ts';
import { FeedServer } from '../../connectors/live/feed-server.node.ts';
import { MarketSimulator } from '../../connectors/simulator/market-simulator.ts';
import { createRandom } from '../../connectors/simulator/prng.ts';
import { SymbolTable } from '../../connectors/sources/symbol-table.ts';
import { formatPrice, formatShares } from '../../core/decimal.ts';
import { machineClock } from '../../core/machine.node.ts';
import { onInterrupt } from './interrupt.node.ts';
import type { FeedCommand } from './live-arguments.ts';
import { CliError, EXIT_USAGE } from './messages.ts';
import { checkOutputs, writeText } from './output-files.node.ts';
import { tell } from './tell.node.ts';

const MS_PER_SECOND = 1000;
/** A simulated market that is served goes on for longer than anybody watches. */
const SIMULATED_DAYS = 366;
const DAY_MS = 86_400_000;

/** Serves a session over a local WebSocket until it ends or Ctrl-C. */
export async function runFeed(command: FeedCommand): Promise<void> {
  const session =
    command.inputs.length > 0 ? await openSession(command.inputs, command.profile) : await openMarket(command);
  try {
    for (const { input, profile, why } of session.chosen) tell(`${input}: read as ${profile} (${why})`);
    const server = await listen(command, session);
    const takeBack = onInterrupt(() => void server.close());
    try {
      // Scripts wait for this line, and read the port from it.
      process.stdout.write(`${server.url}\n`);
      tell(
        `Serving ${command.inputs.length > 0 ? command.inputs.join(', ') : 'the simulated market'} at ${server.url} (Ctrl-C ends it). It begins with the first connection.`,
      );
      await server.run();
    } finally {
      takeBack();
      await server.close();
    }
  } finally {
    await session.close();
  }
}

async function listen(command: FeedCommand, session: OpenSession): Promise<FeedServer> {
  const { host, port, speed, dropAfter, gapEvery, repeatEvery, garbageEvery, silenceSeconds } = command;
  const player = new FeedPlayer({
    inputs: session.inputs,
    nameOf: (symbol) => session.symbols.name(symbol),
    combined: command.format === 'combined',
    clock: machineClock,
    speed: speed === null ? { kind: 'max' } : { kind: 'times', factor: speed },
    stamp: command.stamp,
    faults: {
      dropAfter,
      gapEvery,
      repeatEvery,
      garbageEvery,
      silenceMs: silenceSeconds === null ? null : silenceSeconds * MS_PER_SECOND,
    },
  });
  const isTty = process.stderr.isTTY;
  try {
    return await FeedServer.listen({
      host,
      port,
      player,
      waitsForReaders: speed === null,
      ...(isTty && { onClient: (count: number) => tell(`${count} connected`) }),
    });
  } catch (error) {
    throw new CliError(
      EXIT_USAGE,
      `The feed cannot be served at ${host}:${port}: ${(error as Error).message}. Choose another --port (0: any that is free) or --host.`,
    );
  }
}

async function openMarket(command: FeedCommand): Promise<OpenSession> {
  const symbols = new SymbolTable();
  const market = new MarketSimulator(createRandom(command.seed), symbols, {
    durationMs: SIMULATED_DAYS * DAY_MS,
    ...(command.symbols !== null && { symbolCount: command.symbols }),
    ...(command.quotesPerSecond !== null && { quotesPerSecond: command.quotesPerSecond }),
  });
  if (command.positionsOut !== null) {
    await checkOutputs([{ what: '--positions-out', path: command.positionsOut }], []);
    // Their times are of the market as it was made up; on a live feed they open with the first quote.
    const lines = market
      .positions()
      .map(({ symbol, shares, buyPrice }) => `${symbol},${formatShares(shares)},${formatPrice(buyPrice)}\n`);
    await writeText(command.positionsOut, ['symbol,shares,buyPrice\n', ...lines]);
  }
  return {
    inputs: [market],
    symbols,
    chosen: [
      {
        input: `simulated market, seed ${command.seed}`,
        profile: 'simulator',
        why: 'no session file was named',
        description: 'Made up, not recorded.',
      },
    ],
    outOfOrdernessMs: undefined,
    maxFutureMs: undefined,
    close: () => market.close(),
  };
}
