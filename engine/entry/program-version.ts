/** Replaced by the bundler with the version in package.json. */
declare const FLINKTRADE_VERSION: string;

export function programVersion(): string {
  return typeof FLINKTRADE_VERSION === 'string' ? FLINKTRADE_VERSION : 'development';
}
