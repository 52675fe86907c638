const ADDRESS = /^(https?):\/\/(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?(\/[^\s?#@]*)?$/i;
const THIS_MACHINE: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** @returns what is wrong with the address of a gateway, as a sentence; null: nothing */
export function gatewayUrlProblem(text: string): string | null {
  const [, protocol, host] = ADDRESS.exec(text) ?? [];
  if (protocol === undefined)
    return `"${text}" is no address of a gateway; it looks like http://127.0.0.1:8788 or https://host/path.`;
  if (protocol.toLowerCase() === 'http' && !THIS_MACHINE.has(host.toLowerCase()))
    return `Orders leave this machine encrypted only: use https:// for ${host}.`;
  return null;
}
