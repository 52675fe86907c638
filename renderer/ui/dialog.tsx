import { useEffect, useRef, type ReactNode } from 'react';
import { Icon } from './icon.tsx';

/**
 * A dialog of the platform: it takes the focus, keeps it, gives it back, and closes on Escape. `onClose` is asked for
 * every way out, so that unsaved changes can be guarded in one place.
 */
export function Dialog(props: {
  readonly title: string;
  readonly width: number;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly foot?: ReactNode;
  readonly className?: string;
  readonly headExtra?: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={props.className}
      style={{ width: props.width }}
      aria-label={props.title}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
    >
      <header className="dialog-head">
        <h2>{props.title}</h2>
        {props.headExtra}
        <span className="spacer" />
        <button type="button" className="button quiet icon" aria-label="Close" onClick={props.onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className="dialog-body">{props.children}</div>
      {props.foot === undefined ? null : <footer className="dialog-foot">{props.foot}</footer>}
    </dialog>
  );
}
