import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Workstation } from '../bridge/workstation.ts';

export const WorkstationContext = createContext<Workstation | null>(null);

export function useWorkstation(): Workstation {
  const workstation = useContext(WorkstationContext);
  if (workstation === null) throw new Error('A component was drawn outside of the workstation.');
  return workstation;
}

/** What components need of a store, whatever made it. */
export interface ReadableStore<State> {
  getState(): State;
  subscribe(listener: () => void): () => void;
}

/** Selects from a store; draws again only when the selected value is another one. */
export function useStore<State, Selected>(store: ReadableStore<State>, select: (state: State) => Selected): Selected {
  return useSyncExternalStore(store.subscribe, () => select(store.getState()));
}
