import { createStore } from 'zustand/vanilla';

/** What is open on the screen right now; forgotten with the page. */
export type Overlay =
  'rules' | 'settings' | 'about' | 'state' | 'symbol-state' | 'trade' | 'workers' | 'job' | 'rearm' | 'session' | null;

export interface LayoutState {
  readonly overlay: Overlay;
  readonly notice: Notice | null;
  readonly isDropTarget: boolean;
  /** Files that came while a session plays, waiting for a yes. */
  readonly confirm: Confirm | null;
}

export interface Notice {
  readonly number: number;
  readonly tone: 'good' | 'bad' | 'plain';
  readonly text: string;
}

export interface Confirm {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onYes: () => void;
}

export type LayoutStore = ReturnType<typeof makeLayoutStore>;

export function makeLayoutStore() {
  const store = createStore<LayoutState>(() => ({ overlay: null, notice: null, isDropTarget: false, confirm: null }));
  let notices = 0;
  return {
    ...store,
    show: (overlay: Overlay) => store.setState({ overlay }),
    setDropTarget: (isDropTarget: boolean) => {
      if (store.getState().isDropTarget !== isDropTarget) store.setState({ isDropTarget });
    },
    ask: (confirm: Confirm | null) => store.setState({ confirm }),
    say: (tone: Notice['tone'], text: string) => {
      notices += 1;
      const before = store.getState().notice;
      // Bad news that nobody has read yet is not pushed away by more of it.
      const isMore = tone === 'bad' && before?.tone === 'bad' && !before.text.includes(text);
      store.setState({ notice: { number: notices, tone, text: isMore ? `${before.text}\n${text}` : text } });
    },
    dismissNotice: (number: number) => {
      if (store.getState().notice?.number === number) store.setState({ notice: null });
    },
  };
}
