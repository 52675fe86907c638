import { machineClock, startMachineTimer } from '../../core/machine.node.ts';
import type { QueryableJobs } from '../../runtime/query/queryable-job.ts';
import { QueryableStateClient } from '../../runtime/query/queryable-state-client.ts';
import { announceInstance } from './instance-file.node.ts';
import { QueryServer } from './query-server.node.ts';
import { openTokenFile } from './query-token.node.ts';
import type { ProgramInfo } from './route.ts';

/** A program that can be asked, from outside and inside. */
export interface Serving {
  readonly url: string;
  readonly tokenPath: string;
  readonly token: string;
  close(): Promise<void>;
}

export function queryClient(jobs: QueryableJobs): QueryableStateClient {
  return new QueryableStateClient(jobs, { clock: machineClock, startTimer: startMachineTimer });
}

/**
 * Opens the query server and says where it is, for `flinktrade query`.
 * @param folder of the token and of the note; @throws the system's error: the port is taken, the folder cannot be written
 */
export async function serveQueries(
  client: QueryableStateClient,
  options: {
    readonly port: number;
    readonly folder: string;
    readonly kind: ProgramInfo['kind'];
    readonly version: string;
  },
): Promise<Serving> {
  const { port, folder, kind, version } = options;
  const { path, token } = openTokenFile(folder);
  const startedAtMs = machineClock.wallMs();
  const server = await QueryServer.listen({ port, token, client, program: { kind, version, startedAtMs } });
  const takeBack = announceInstance(folder, { pid: process.pid, kind, url: server.url, tokenPath: path, startedAtMs });
  return {
    url: server.url,
    tokenPath: path,
    token,
    close: async () => {
      takeBack();
      await server.close();
    },
  };
}
