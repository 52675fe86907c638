import { useState, type DragEvent, type ReactNode } from 'react';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

type Zone = 'session' | 'positions';

/** Takes files dragged over the window: quotes on the left, starting positions on the right. */
export function DropZones({ children }: { readonly children: ReactNode }) {
  const workstation = useWorkstation();
  const isDropTarget = useStore(workstation.layout, (state) => state.isDropTarget);
  const [over, setOver] = useState<Zone | null>(null);
  const zone = (name: Zone) => ({
    className: over === name ? 'drop-zone over' : 'drop-zone',
    'data-testid': `drop-${name}`,
    onDragOver: (event: DragEvent) => {
      event.preventDefault();
      setOver(name);
    },
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      event.stopPropagation();
      setOver(null);
      workstation.layout.setDropTarget(false);
      void workstation.opening.drop(name, [...event.dataTransfer.files]);
    },
  });
  return (
    <div
      style={{ height: '100%' }}
      onDragEnter={(event) => {
        if (event.dataTransfer.types.includes('Files')) workstation.layout.setDropTarget(true);
      }}
      onDragOver={(event) => event.preventDefault()}
      onDragLeave={(event) => {
        // Left the window itself, not one element for another.
        if (event.relatedTarget === null) workstation.layout.setDropTarget(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        workstation.layout.setDropTarget(false);
      }}
    >
      {children}
      {isDropTarget ? (
        <div className="drop-zones">
          <div {...zone('session')}>
            <div>
              Quotes of a session
              <span>Recording, CSV or JSON lines, also gzip and zip</span>
            </div>
          </div>
          <div {...zone('positions')}>
            <div>
              Starting positions
              <span>CSV: symbol, shares, buyPrice</span>
            </div>
          </div>
        </div>
      ) : null}
    </div>
  );
}
