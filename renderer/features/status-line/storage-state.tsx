import type { StorageStatus } from '../../../engine/contract/window.ts';
import { countText } from '../../format/decimal-text.ts';
import { timeText } from '../../format/time-text.ts';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

const POPOVER_ID = 'storage-popover';

/** Whether a restart would find everything again; a click shows where it is kept and what happened to it. */
export function StorageState({ zone }: { readonly zone: string }) {
  const { session } = useWorkstation();
  const storage = useStore(session, (state) => state.storage);
  if (storage === null) return null;
  const { text, tone } = wordsOf(storage);
  return (
    <span className="item">
      <button
        type="button"
        popoverTarget={POPOVER_ID}
        className={tone}
        title="Whether state survives a restart; click for more"
        data-testid="storage"
        data-storage={storage.kind}
      >
        {text}
      </button>
      <div id={POPOVER_ID} popover="auto" className="storage-popover" data-testid="storage-notes">
        <Places storage={storage} />
        <ul>
          {[...storage.notes].reverse().map((note) => (
            <li key={note.number} className={note.severity === 'warning' ? 'tone-warning' : ''} data-note={note.kind}>
              <time>{timeText(note.wallMs, zone)}</time> {note.message}
            </li>
          ))}
        </ul>
      </div>
    </span>
  );
}

function Places({ storage }: { readonly storage: StorageStatus }) {
  switch (storage.kind) {
    case 'opening':
      return <p>What was kept is being opened.</p>;
    case 'not-kept':
      return <p className="tone-bad">State is not kept. {storage.message}</p>;
    case 'kept':
      return (
        <p>
          {countText(storage.values)} values in {storage.where}, each in{' '}
          {storage.copies.map(({ where, serves }) => `${where}${serves ? '' : ' (being rebuilt)'}`).join(' and ')}.
        </p>
      );
    default:
      return storage satisfies never;
  }
}

function wordsOf(storage: StorageStatus): { readonly text: string; readonly tone: string } {
  if (storage.kind === 'not-kept') return { text: 'state NOT kept', tone: 'tone-bad' };
  if (storage.nearlyFull) return { text: 'disk nearly full', tone: 'tone-bad' };
  if (storage.kind === 'opening') return { text: 'opening state\u2026', tone: '' };
  return storage.copies.every(({ serves }) => serves)
    ? { text: 'state kept', tone: '' }
    : { text: 'state kept, one copy', tone: 'tone-warning' };
}
