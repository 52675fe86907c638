// Imported first by every script that a person starts: an old Node gets a sentence instead of a syntax error later on.
import { exit, versions } from 'node:process';

const [major = 0, minor = 0] = versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `FlinkTrade needs Node 20.19 or newer; this is Node ${versions.node}. Install a newer one and run again.`,
  );
  exit(1);
}
