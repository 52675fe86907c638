export function looksLikeRecording(_b: Uint8Array): boolean {
  return false;
}
