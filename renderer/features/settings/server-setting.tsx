import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

/** The local query server: whether it is on, where it is, and the token that opens it. */
export function ServerSetting() {
  const workstation = useWorkstation();
  const { session, settings, layout } = workstation;
  const isWanted = useStore(settings, (all) => all.serverOn);
  const server = useStore(session, (all) => all.server);
  const token = useStore(session, (all) => all.serverToken);
  return (
    <>
      <div className="setting">
        <label htmlFor="server">
          Local server{' '}
          <small>
            Programs on this machine may read positions with a token, such as flinktrade query. Nothing can be changed.
          </small>
        </label>
        <input
          id="server"
          type="checkbox"
          data-testid="server-switch"
          checked={isWanted}
          onChange={(event) => workstation.setServer(event.target.checked)}
        />
      </div>
      {server.kind === 'on' ? (
        <div className="setting" data-testid="server-address">
          <span className="selectable">
            {server.url} <small>token in {server.tokenPath}</small>
          </span>
          {token === null ? (
            <button type="button" className="button quiet" onClick={() => workstation.showServerToken()}>
              Show token
            </button>
          ) : (
            <button
              type="button"
              className="button quiet"
              data-testid="server-token"
              data-characters={token.length}
              onClick={() => {
                navigator.clipboard.writeText(token).then(
                  () => layout.say('good', 'The token is in the clipboard.'),
                  () => layout.say('bad', `The clipboard cannot be written. The token is in ${server.tokenPath}.`),
                );
              }}
            >
              Copy token
            </button>
          )}
        </div>
      ) : null}
      {server.kind === 'failed' ? <p className="tone-warning selectable">{server.message}</p> : null}
    </>
  );
}
