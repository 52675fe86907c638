/** UTF-8 codecs are in every host; the engine's library types have neither DOM nor Node to declare them. */
const host = globalThis as unknown as {
  readonly TextEncoder: new () => { encode(text: string): Uint8Array };
  readonly TextDecoder: new (
    label?: 'utf-8',
    options?: { readonly fatal: boolean },
  ) => { decode(bytes: Uint8Array): string };
};

export const toUtf8 = new host.TextEncoder();
/** Bytes that are no UTF-8 come out as U+FFFD. */
export const fromUtf8 = new host.TextDecoder();
/** Throws a TypeError for bytes that are no UTF-8. */
export const fromStrictUtf8 = new host.TextDecoder('utf-8', { fatal: true });
