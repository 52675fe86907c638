// Refuses text that belongs to one machine or one network: it helps no reader and leaks where the work was done.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The patterns are put together from parts so that this file does not match itself.
 * @type {readonly { pattern: RegExp, what: string }[]}
 */
const privateText = [
  {
    pattern: new RegExp(`(?<![\\w.:/-])/${'(?:work|home|root|Users)'}/[\\w.-]+`),
    what: 'an absolute path of one machine',
  },
  { pattern: new RegExp(`\\b[A-Z]:\\\\+${'Users'}\\b`), what: 'an absolute path of one machine' },
  {
    pattern: new RegExp(
      `\\bregistry\\.${'(?:npmjs\\.org|yarnpkg\\.com)'}|npm\\.pkg\\.${'github'}|\\b(?:deb|security|ftp)\\.${'debian'}\\.org`,
    ),
    what: 'the name of a registry host',
  },
  {
    pattern: /"resolved":\s*"https?:/,
    what: 'a registry address in a lockfile (omit-lockfile-registry-resolved is off)',
  },
];

const binary = /\.(png|jpe?g|ico|icns|gif|woff2?|gz|zip|bin|pdf)$/;
// The standard text of a licence may name hosts of its own.
const exempt = /^(LICENSE|NOTICE)/;

/**
 * @param {string} root
 * @param {string} file
 * @returns {string[]}
 */
export function privateTextIn(root, file) {
  if (binary.test(file) || exempt.test(file)) return [];
  const text = readFileSync(join(root, file), 'utf8');
  /** @type {string[]} */
  const messages = [];
  for (const { pattern, what } of privateText) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const line = text.slice(0, match.index).split('\n').length;
    messages.push(
      `${file}:${line}: holds ${what}: ${JSON.stringify(match[0])}. Use a relative path, a variable or a name.`,
    );
  }
  return messages;
}
