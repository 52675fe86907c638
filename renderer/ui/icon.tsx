/** Line icons on a 16-pixel grid, drawn here: no icon font, no package. Always beside a word or an aria-label. */
const PATHS = {
  play: 'M5 3.2v9.6l7.6-4.8z',
  pause: 'M4.5 3h2.4v10H4.5zM9.1 3h2.4v10H9.1z',
  close: 'M4 4l8 8M12 4l-8 8',
  folder: 'M1.8 4.2c0-.6.4-1 1-1h3l1.4 1.6h6c.6 0 1 .4 1 1v6c0 .6-.4 1-1 1H2.8c-.6 0-1-.4-1-1z',
  sliders: 'M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7M10.5 2.8v3.4M5.5 9.8v3.4',
  display: 'M2 3h12v8H2zM5.5 13.6h5M8 11v2.6',
  power: 'M8 2v6M4.6 4.2a5 5 0 106.8 0',
  graph: 'M1.8 5.6h4v4.8h-4zM10.2 2h4v4.4h-4zM10.2 9.6h4V14h-4zM5.8 8h2.2M8 4.2v7.6M8 4.2h2.2M8 11.8h2.2',
  search: 'M7 2.8a4.2 4.2 0 100 8.4 4.2 4.2 0 000-8.4zM10.2 10.2L13.6 13.6',
  warning: 'M8 2.2l6.2 11H1.8zM8 6.4v3.2M8 11.4v.2',
  export: 'M8 9.6V2.4M5.2 5.2L8 2.4l2.8 2.8M2.6 9.6v3.6h10.8V9.6',
  reset: 'M3.2 8a4.8 4.8 0 101.6-3.6M3 2.6v2.6h2.6',
  plus: 'M8 3v10M3 8h10',
  sun: 'M8 5.2a2.8 2.8 0 100 5.6 2.8 2.8 0 000-5.6zM8 1.4v1.4M8 13.2v1.4M1.4 8h1.4M13.2 8h1.4M3.3 3.3l1 1M11.7 11.7l1 1M12.7 3.3l-1 1M4.3 11.7l-1 1',
  moon: 'M12.8 9.8A5.4 5.4 0 016.2 3.2a5.4 5.4 0 106.6 6.6z',
} as const;
export type IconName = keyof typeof PATHS;
const FILLED: ReadonlySet<IconName> = new Set(['play', 'pause']);

export function Icon({ name }: { readonly name: IconName }) {
  const filled = FILLED.has(name);
  return (
    <svg
      width="14"
      height="14"
      viewBox="0 0 16 16"
      fill={filled ? 'currentColor' : 'none'}
      stroke={filled ? 'none' : 'currentColor'}
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
