import './notice-bar.css';
import { useEffect } from 'react';
import { Icon } from './icon.tsx';
import { useStore, useWorkstation } from './workstation-context.ts';

const GOOD_SHOWN_MS = 5000;

/** One short word from the program. Good news leaves by itself; bad news stays until it was read. */
export function NoticeBar() {
  const { layout } = useWorkstation();
  const notice = useStore(layout, (state) => state.notice);
  useEffect(() => {
    if (notice === null || notice.tone === 'bad') return undefined;
    const timer = setTimeout(() => layout.dismissNotice(notice.number), GOOD_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice, layout]);
  if (notice === null) return null;
  return (
    <div className={`notice ${notice.tone}`} role={notice.tone === 'bad' ? 'alert' : 'status'}>
      <span className="selectable">{notice.text}</span>
      <button
        type="button"
        className="button quiet icon"
        aria-label="Dismiss"
        onClick={() => layout.dismissNotice(notice.number)}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
