import { useRef, type KeyboardEvent, type PointerEvent } from 'react';

const KEY_STEP = 0.02;
export const SHARE_MIN = 0.2;
export const SHARE_MAX = 0.8;

/** The bar between two panels: dragged, or moved by arrow keys. `share` is the first panel's part of the two. */
export function Splitter(props: {
  readonly direction: 'columns' | 'rows';
  readonly share: number;
  readonly label: string;
  readonly onShare: (share: number) => void;
}) {
  const isColumns = props.direction === 'columns';
  const dragging = useRef(false);
  const move = (event: PointerEvent<HTMLDivElement>): void => {
    const parent = event.currentTarget.parentElement;
    if (!dragging.current || parent === null) return;
    const box = parent.getBoundingClientRect();
    const share = isColumns ? (event.clientX - box.left) / box.width : (event.clientY - box.top) / box.height;
    props.onShare(Math.min(SHARE_MAX, Math.max(SHARE_MIN, share)));
  };
  const press = (event: KeyboardEvent<HTMLDivElement>): void => {
    const forward = isColumns ? 'ArrowRight' : 'ArrowDown';
    const backward = isColumns ? 'ArrowLeft' : 'ArrowUp';
    if (event.key !== forward && event.key !== backward) return;
    event.preventDefault();
    const step = event.key === forward ? KEY_STEP : -KEY_STEP;
    props.onShare(Math.min(SHARE_MAX, Math.max(SHARE_MIN, props.share + step)));
  };
  return (
    <div
      className={`splitter ${props.direction}`}
      role="separator"
      tabIndex={0}
      aria-label={props.label}
      aria-orientation={isColumns ? 'vertical' : 'horizontal'}
      aria-valuenow={Math.round(props.share * 100)}
      aria-valuemin={SHARE_MIN * 100}
      aria-valuemax={SHARE_MAX * 100}
      onPointerDown={(event) => {
        dragging.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={move}
      onPointerUp={() => (dragging.current = false)}
      onKeyDown={press}
    />
  );
}
