import { pressAtOnce } from './cli/kill-command.node.ts';

/**
 * `flinktrade`: the command line, by way of the one command that must not wait for the rest of it to be read. What the kill
 * switch needs is small and in this file's bundle; everything else is in the bundle beside it.
 */
if (!(await pressAtOnce(process.argv.slice(2)))) await import(new URL('./command-line.js', import.meta.url).href);
