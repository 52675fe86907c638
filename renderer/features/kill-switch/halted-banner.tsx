import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

/** While trading is halted the window says so in a way that cannot be missed or closed. */
export function HaltedBanner() {
  const workstation = useWorkstation();
  const isHalted = useStore(workstation.session, (state) => state.halted);
  if (!isHalted) return null;
  return (
    <div className="halted-banner" role="alert">
      <strong>TRADING HALTED</strong>
      <span>No trade happens until you re-arm. Quotes and the decay of ask prices go on.</span>
      <span className="spacer" />
      <button type="button" className="button" onClick={() => workstation.requestRearm()}>
        Re-arm{'\u2026'}
      </button>
    </div>
  );
}
