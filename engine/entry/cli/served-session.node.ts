import { workstationFolder } from './workstation-folder.node.ts';
import { programVersion } from '../program-version.ts';
import { queryClient, serveQueries } from '../serve/serving.node.ts';
import { sessionJobs, type ServedSession } from '../serve/trading-queries.ts';
import { onInterrupt } from './interrupt.node.ts';
import { CliError, EXIT_USAGE } from './messages.ts';
import { tell } from './tell.node.ts';

/** `--serve PORT`: what a command plays can be asked while it runs. */
export interface SessionServer {
  /** What is asked from now on; null: there is no session at the moment. */
  show(session: ServedSession | null): void;
  /** Resolves with Ctrl-C: until then the session that is over can be asked. */
  linger(): Promise<void>;
  close(): Promise<void>;
}

/** @param port null: nothing is served. @throws CliError when the port cannot be had */
export async function openServedSession(port: number | null, kind: 'replay' | 'live'): Promise<SessionServer | null> {
  if (port === null) return null;
  let current: ServedSession | null = null;
  const client = queryClient(sessionJobs(() => current));
  try {
    const serving = await serveQueries(client, { port, folder: workstationFolder(), kind, version: programVersion() });
    tell(`State can be asked at ${serving.url} (token in ${serving.tokenPath}): flinktrade query list`);
    return {
      show: (session) => {
        current = session;
      },
      linger: () =>
        new Promise((resolve) => {
          tell('The session is over. It can still be asked; Ctrl-C ends the program.');
          onInterrupt(() => resolve());
        }),
      close: () => serving.close(),
    };
  } catch (error) {
    throw new CliError(EXIT_USAGE, `State cannot be served on port ${port}: ${(error as Error).message}`);
  }
}
