import { useEffect, useId, useRef, type ReactNode } from 'react';
import { Icon } from './icon.tsx';

/**
 * A dialog over the desk. It leaves the session bar free, so that kill switch, play and pause stay in reach while it is
 * open; the desk below it is inert. `onClose` is asked for every way out, so that unsaved changes can be guarded in one
 * place.
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
  const overlay = useRef<HTMLDivElement>(null);
  const title = useId();
  const { onClose } = props;
  useEffect(() => keepFocus(overlay.current), []);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || !isOnTop(overlay.current)) return;
      event.preventDefault();
      onClose();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [onClose]);
  return (
    <div ref={overlay} className="overlay">
      <div
        className={props.className === undefined ? 'dialog' : `dialog ${props.className}`}
        role="dialog"
        aria-modal="true"
        aria-labelledby={title}
        tabIndex={-1}
        style={{ width: props.width }}
      >
        <header className="dialog-head">
          <h2 id={title}>{props.title}</h2>
          {props.headExtra}
          <span className="spacer" />
          <button type="button" className="button quiet icon" aria-label="Close" onClick={props.onClose}>
            <Icon name="close" />
          </button>
        </header>
        <div className="dialog-body">{props.children}</div>
        {props.foot === undefined ? null : <footer className="dialog-foot">{props.foot}</footer>}
      </div>
    </div>
  );
}

/** Only the topmost of several dialogs hears Escape. */
function isOnTop(overlay: HTMLElement | null): boolean {
  return [...document.querySelectorAll('.overlay')].at(-1) === overlay;
}

/** Takes the focus when the dialog opens, unless an input of it has it already, and gives it back when it closes. */
function keepFocus(overlay: HTMLElement | null): () => void {
  const before = document.activeElement;
  if (overlay !== null && !overlay.contains(before)) overlay.querySelector<HTMLElement>('.dialog')?.focus();
  return () => {
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  };
}
