import { Dialog } from '../../ui/dialog.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

/** Asks before something is lost, and says what. */
export function ConfirmDialog() {
  const { layout } = useWorkstation();
  const confirm = useStore(layout, (state) => state.confirm);
  if (confirm === null) return null;
  return (
    <Dialog
      title={confirm.title}
      width={440}
      onClose={() => layout.ask(null)}
      foot={
        <>
          <button type="button" className="button" onClick={() => layout.ask(null)}>
            Cancel
          </button>
          <button
            type="button"
            className="button primary"
            onClick={() => {
              layout.ask(null);
              confirm.onYes();
            }}
          >
            {confirm.action}
          </button>
        </>
      }
    >
      <p>{confirm.text}</p>
    </Dialog>
  );
}
