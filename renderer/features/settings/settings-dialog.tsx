import './settings.css';
import { ZONES } from '../../format/time-text.ts';
import type { Density, Palette, Theme } from '../../stores/settings-store.ts';
import { ServerSetting } from './server-setting.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

const THEMES: readonly { readonly value: Theme; readonly text: string }[] = [
  { value: 'dark', text: 'Dark' },
  { value: 'light', text: 'Light' },
];
const PALETTES: readonly { readonly value: Palette; readonly text: string; readonly title: string }[] = [
  { value: 'green-red', text: 'Green up', title: 'Up is green, down is red' },
  { value: 'red-green', text: 'Red up', title: 'Up is red, down is green, as in China and Japan' },
  { value: 'blue-orange', text: 'Blue up', title: 'Up is blue, down is orange: told apart with any colour vision' },
];
const DENSITIES: readonly { readonly value: Density; readonly text: string }[] = [
  { value: 'high', text: 'High, 22 px' },
  { value: 'medium', text: 'Medium, 28 px' },
];

/** How the workstation looks, and where trades are sent; kept for the next start. */
export function SettingsDialog() {
  const workstation = useWorkstation();
  const { settings, layout } = workstation;
  const state = useStore(settings, (all) => all);
  return (
    <Dialog
      title="Display"
      width={520}
      onClose={() => layout.show(null)}
      foot={
        <button type="button" className="button" onClick={() => workstation.resetSettings()}>
          Reset all
        </button>
      }
    >
      <div className="setting">
        <span>Theme</span>
        <Segmented
          label="Theme"
          value={state.theme}
          options={THEMES}
          onChange={(theme) => workstation.setTheme(theme)}
        />
      </div>
      <div className="setting">
        <span>
          Colours of up and down <span className="number tone-up">+1.25</span>{' '}
          <span className="number tone-down">{'\u2212'}0.75</span>
        </span>
        <Segmented
          label="Colours of up and down"
          value={state.palette}
          options={PALETTES}
          onChange={(palette) => settings.set({ palette })}
        />
      </div>
      <div className="setting">
        <label htmlFor="flash">Light up cells that change</label>
        <input
          id="flash"
          type="checkbox"
          checked={state.flash}
          onChange={(event) => settings.set({ flash: event.target.checked })}
        />
      </div>
      <div className="setting">
        <span>
          Row height <small>High density is below the pointer size that WCAG 2.2 asks for.</small>
        </span>
        <Segmented
          label="Row height"
          value={state.density}
          options={DENSITIES}
          onChange={(density) => settings.set({ density })}
        />
      </div>
      <ZoneSetting />
      <GatewaySetting />
      <ServerSetting />
      {workstation.memory.isKept ? null : (
        <p className="tone-warning">These settings are not kept: the window has no memory in this run.</p>
      )}
    </Dialog>
  );
}

function ZoneSetting() {
  const { settings } = useWorkstation();
  const chosen = useStore(settings, (state) => state.zone);
  const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [...new Set([...ZONES, ownZone, chosen])];
  return (
    <div className="setting">
      <label htmlFor="zone">
        Time zone <small>of every time shown; limits have their own, in the rules.</small>
      </label>
      <select
        id="zone"
        className="select"
        value={chosen}
        onChange={(event) => settings.set({ zone: event.target.value })}
      >
        {zones.map((zone) => (
          <option key={zone} value={zone}>
            {zone === ownZone && zone !== 'UTC' ? `${zone} (this machine)` : zone}
          </option>
        ))}
      </select>
    </div>
  );
}

function GatewaySetting() {
  const { settings } = useWorkstation();
  const gatewayUrl = useStore(settings, (state) => state.gatewayUrl);
  return (
    <div className="setting">
      <label htmlFor="gateway">
        Execution gateway <small>for the next session; empty: paper trading. Every final trade is sent there.</small>
      </label>
      <input
        id="gateway"
        className="input"
        type="text"
        spellCheck={false}
        placeholder="http://127.0.0.1:8788"
        value={gatewayUrl}
        onChange={(event) => settings.set({ gatewayUrl: event.target.value })}
      />
    </div>
  );
}
