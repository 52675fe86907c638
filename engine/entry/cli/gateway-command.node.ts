import { GatewayServer } from '../../connectors/gateway/gateway-server.node.ts';
import type { GatewayCommand } from './gateway-arguments.ts';
import { onInterrupt } from './interrupt.node.ts';
import { CliError, EXIT_USAGE } from './messages.ts';
import { tell } from './tell.node.ts';

/** Executes orders, as simulated, until Ctrl-C. */
export async function runGateway({ port, behaviour, ledger }: GatewayCommand): Promise<void> {
  let server: GatewayServer;
  try {
    server = await GatewayServer.listen({ port, behaviour, ledger });
  } catch (error) {
    throw new CliError(
      EXIT_USAGE,
      `The gateway cannot be opened at 127.0.0.1:${port}${ledger === null ? '' : ` with the ledger ${ledger}`}: ${(error as Error).message}. Choose another --port (0: any that is free) or --ledger.`,
    );
  }
  // Scripts wait for this line, and read the port from it.
  process.stdout.write(`${server.url}\n`);
  tell(`A simulated gateway at ${server.url}: ${server.counts.orders} orders in its ledger (Ctrl-C ends it).`);
  await new Promise<void>((resolve) => {
    onInterrupt(() => resolve());
  });
  await server.close();
  const { requests, orders, repeats } = server.counts;
  tell(`${requests} requests, ${orders} orders, ${repeats} of them asked for again.`);
}
